"""Servers of the outside world that tests run for real: an S3-compatible store, and ClamAV's daemon."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sojourn.platform.processes import find_free_port

START_SECONDS = 30
CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/usr/bin:/usr/local/bin")
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@contextmanager
def run_s3(bucket: str) -> Iterator[str]:
    """The address of an S3 server with one empty bucket."""
    port = find_free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command):
        origin = f"http://127.0.0.1:{port}"
        with httpx.Client(trust_env=False, timeout=5) as client:
            _until_it_answers(lambda: client.get(f"{origin}/moto-api/").is_success)
            client.put(f"{origin}/{bucket}").raise_for_status()
        yield origin


@contextmanager
def run_clamd(folder: Path) -> Iterator[str]:
    """The address of a clamd that knows one thing: the test file that every scanner knows."""
    assert CLAMD is not None
    port = find_free_port()
    (folder / "local.ndb").write_text(f"Local.Eicar.Body:0:*:{EICAR.hex()}\n")
    settings = folder / "clamd.conf"
    settings.write_text(
        f"Foreground yes\nTCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {folder}\n"
        f"TemporaryDirectory {folder}\nStreamMaxLength 20M\n"
    )

    def answers() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"nPING\n")
            return line.recv(16) == b"PONG\n"

    with _running([CLAMD, "-c", str(settings)]):
        _until_it_answers(answers)
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def _until_it_answers(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if answers():
                return
        except (OSError, httpx.TransportError):
            pass
        time.sleep(0.05)
    raise TimeoutError("the server did not start")
