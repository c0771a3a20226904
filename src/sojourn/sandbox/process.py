"""The sandbox as a process of its own on a free port, for tests and for `sojourn up`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class SandboxNotStarted(Exception):
    """The process ended or stayed silent; carries what it wrote."""


@dataclass(frozen=True, slots=True)
class SandboxProcess:
    base_url: str
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]

    def stop(self) -> None:
        """End it in good order, or after some seconds in any order."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.output.close()

    def kill(self) -> None:
        """End it as a power cut would: `kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def log(self) -> str:
        """What it has written so far."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_sandbox(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    webhooks: Sequence[str] = (),
    settle_seconds: float = 0.2,
    first_retry_seconds: float = 0.2,
) -> SandboxProcess:
    """Start a sandbox and wait until it answers.

    Args:
        port: a free one when None.
        data_dir: where its state is kept; in memory when None.
        webhooks: `sk_test_KEY=URL=whsec_SECRET`, as on the command line.
        settle_seconds: how long a failing refund or a dispute takes.
        first_retry_seconds: pause after the first failed webhook.

    Raises:
        SandboxNotStarted: it ended, or did not answer in time.
    """
    port = free_port() if port is None else port
    command = [sys.executable, "-m", "sojourn.sandbox", "--port", str(port)]
    command += ["--settle-seconds", str(settle_seconds), "--first-retry-seconds", str(first_retry_seconds)]
    command += [] if data_dir is None else ["--data-dir", str(data_dir)]
    for webhook in webhooks:
        command += ["--webhook", webhook]
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ)
    started = SandboxProcess(base_url=f"http://127.0.0.1:{port}", process=process, output=output)
    try:
        _wait_until_ready(started)
    except BaseException:
        started.stop()
        raise
    return started


@contextlib.contextmanager
def run_sandbox(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    webhooks: Sequence[str] = (),
    settle_seconds: float = 0.2,
    first_retry_seconds: float = 0.2,
) -> Iterator[str]:
    """A running sandbox for the length of the block; yields its base URL. Arguments as `start_sandbox`."""
    running = start_sandbox(
        port=port,
        data_dir=data_dir,
        webhooks=webhooks,
        settle_seconds=settle_seconds,
        first_retry_seconds=first_retry_seconds,
    )
    try:
        yield running.base_url
    finally:
        running.stop()


def _wait_until_ready(started: SandboxProcess) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while time.monotonic() < deadline:
            if started.process.poll() is not None:
                raise SandboxNotStarted(f"The sandbox ended at once: {started.log()}")
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{started.base_url}/_sandbox/health").is_success:
                    return
            time.sleep(0.05)
    raise SandboxNotStarted(f"The sandbox did not answer within {START_SECONDS:.0f} s: {started.log()}")
