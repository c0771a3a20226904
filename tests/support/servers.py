"""Servers of the outside world that tests run for real: an S3-compatible store, ClamAV's daemon, a pooler."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import httpx

from sojourn.platform.processes import find_free_port

START_SECONDS = 30
CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/usr/bin:/usr/local/bin")
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin:/usr/bin:/usr/local/bin")
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


@contextmanager
def run_pooler(dsn: str) -> Iterator[str]:
    """`dsn` through PgBouncer in transaction mode, with as few connections behind it as show what is left on them."""
    assert PGBOUNCER is not None
    port = find_free_port()
    parts = urlsplit(dsn)
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "users.txt").write_text(f'"{parts.username}" "{parts.password}"\n')
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={parts.hostname} port={parts.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\n"
            f"auth_file = {folder}/users.txt\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200\n"
        )
        command = [PGBOUNCER, str(settings)]
        if os.geteuid() == 0:  # which it refuses
            nobody = pwd.getpwnam("nobody")
            for path in (folder, *folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            command = [PGBOUNCER, "--user", "nobody", str(settings)]

        def answers() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return True

        with _running(command):
            _until_it_answers(answers)
            yield urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
