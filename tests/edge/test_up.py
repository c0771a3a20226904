"""`sojourn up` as a person runs it: started, stopped, killed, started again, and refused in plain words."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from tests.support.waiting import until

from sojourn.platform.processes import find_free_port
from sojourn.up.children import MARK

pytestmark = pytest.mark.slow

LAST_LINE = "Ctrl-C here"
SECONDS = 180.0


@dataclass
class Up:
    """One `sojourn up` with its own state and ports."""

    process: subprocess.Popen[bytes]
    printed: Path
    api: str
    sandbox: str

    def output(self) -> str:
        return self.printed.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self) -> None:
        until(lambda: LAST_LINE in self.output() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=SECONDS)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's own folder: root's is closed to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="sojourn-up-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def given(home: Path) -> dict[str, str]:
    """The environment of a developer who has set nothing but where and on which ports."""
    inherited = {name: value for name, value in os.environ.items() if "DATABASE" not in name and "REDIS" not in name}
    ports = {"PORT": str(find_free_port()), "SANDBOX_PORT": str(find_free_port())}
    return {**inherited, **ports, "SOJOURN_STATE": str(home / ".sojourn")}


@pytest.fixture
def run_up(home: Path, given: Mapping[str, str]) -> Iterator[Callable[[], Up]]:
    started: list[Up] = []

    def run() -> Up:
        printed = home / f"printed-{len(started)}"
        with printed.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "sojourn.cli", "up"], env=given, cwd=home, stdout=output, stderr=output
            )
        api, sandbox = (f"http://127.0.0.1:{given[name]}" for name in ("PORT", "SANDBOX_PORT"))
        started.append(Up(process, printed, api, sandbox))
        return started[-1]

    yield run
    for up in started:
        if up.process.poll() is None:
            up.end(signal.SIGTERM)


def sojourn(command: str, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Another command, given in the same place."""
    return subprocess.run(
        [sys.executable, "-m", "sojourn.cli", command], env=given, capture_output=True, text=True, check=False
    )


def processes_of(home: Path) -> list[psutil.Process]:
    """All that carries the mark, and the server in that folder."""
    state = home / ".sojourn"
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get(MARK) == str(state) or str(state / "postgres") in process.cmdline()
        except psutil.Error:
            continue
        if is_ours and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def process_named(home: Path, word: str) -> psutil.Process:
    return next(process for process in processes_of(home) if word in process.cmdline())


def test_runs_once_and_stops_without_a_trace(run_up: Callable[[], Up], given: Mapping[str, str], home: Path) -> None:
    up = run_up()
    up.wait_until_ready()
    assert answers(f"{up.api}/ready")
    assert answers(f"{up.api}/api/docs")
    assert answers(f"{up.api}/api-docs")
    assert answers(f"{up.sandbox}/_sandbox/health")

    customer = {"email": "customer@derlg.example", "password": "sojourn-demo-2026"}
    assert f"{customer['email']}  {customer['password']}" in up.output()
    assert httpx.post(f"{up.api}/v1/auth/login", json=customer, trust_env=False).status_code == httpx.codes.OK
    assert httpx.get(f"{up.api}/v1/trips", trust_env=False).json()["data"]

    second = run_up()
    assert second.process.wait(timeout=SECONDS) == 1
    assert f"Sojourn already runs from {home} (process {up.process.pid})" in second.output()
    refused = sojourn("reset", given)
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert answers(f"{up.api}/ready")

    migrated = sojourn("migrate", given)
    assert migrated.stdout.splitlines() == ["holyone: up to date", "derlg: up to date"]

    refreshed = sojourn("catalogue", given).stdout.splitlines()
    assert [line.partition(",")[0] for line in refreshed] == ["holyone: 0 added", "derlg: 0 added"]

    assert up.end(signal.SIGINT) == 0
    assert processes_of(home) == []
    assert not answers(f"{up.api}/health")
    assert sojourn("migrate", given).returncode == 1

    assert sojourn("reset", given).returncode == 0
    assert not (home / ".sojourn").exists()


def test_kill_9_of_any_part_stops_nothing(run_up: Callable[[], Up], home: Path) -> None:
    first = run_up()
    first.wait_until_ready()
    first.process.kill()
    first.process.wait()

    again = run_up()
    again.wait_until_ready()
    for word in ("sojourn.serve", "sojourn.sandbox", str(home / ".sojourn" / "postgres")):
        process_named(home, word).kill()
    until(lambda: again.output().count("runs again") == 3)
    until(lambda: answers(f"{again.api}/ready") and answers(f"{again.sandbox}/_sandbox/health"))
    assert again.end(signal.SIGTERM) == 0
    assert processes_of(home) == []


def test_says_who_holds_a_port_and_what_to_set(run_up: Callable[[], Up], given: Mapping[str, str], home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(given["SANDBOX_PORT"])))
        taken.listen()
        up = run_up()
        assert up.process.wait(timeout=SECONDS) == 1
    assert f"Port {given['SANDBOX_PORT']} is taken by" in up.output()
    assert f"process {os.getpid()}" in up.output()
    assert "SANDBOX_PORT=" in up.output()
    assert processes_of(home) == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SOJOURN_ENVIRONMENT", "production", "It is for development"),
        ("STRIPE_SECRET_KEY", "sk_live_0123456789", "STRIPE_SECRET_KEY holds a live key"),
        ("PORT", "eighty", "PORT must be a port from 1 to 65535"),
        ("SOJOURN_STOREFRONTS", "derlg,atlantis", "atlantis"),
        ("DERLG_DATABASE_URL", "postgresql://127.0.0.1:9/x", "HOLYONE_DATABASE_URL is missing"),
        ("DATABASE_URL", "postgresql://127.0.0.1:9/x", "The server of DATABASE_URL cannot be used"),
        ("SOJOURN_STATE", "/dev/null/state", "SOJOURN_STATE names another place"),
    ],
)
def test_refuses_in_plain_words(
    run_up: Callable[[], Up], given: dict[str, str], home: Path, name: str, value: str, sentence: str
) -> None:
    given[name] = value
    up = run_up()
    assert up.process.wait(timeout=SECONDS) == 1
    assert sentence in up.output()
    assert "Traceback" not in up.output()
    assert processes_of(home) == []
