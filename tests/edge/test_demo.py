"""`sojourn demo` as a person runs it: beside a running system, beside a broken one, beside none, and interrupted."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from tests.support.waiting import until

from sojourn.platform.processes import find_free_port
from sojourn.up.children import MARK
from sojourn.up.state import State

pytestmark = pytest.mark.slow

CHAPTERS = ("1. DerLg", "2. Holyone", "3. 20 travellers", "4. The payment provider", "5. DerLg", "6. Holyone")
SECONDS = 180.0


@dataclass(frozen=True)
class Running:
    """A `sojourn up` of this module's own."""

    given: Mapping[str, str]
    state: State

    @property
    def sandbox(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.given['SANDBOX_PORT']}", trust_env=False)

    def faults(self) -> object:
        with self.sandbox as sandbox:
            return sandbox.get("/_sandbox/faults", params={"account": self.account("DERLG")}).json()

    def account(self, storefront: str) -> str:
        return self.state.published()[f"{storefront}_STRIPE_SECRET_KEY"]

    def start_demo(self, output: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sojourn.cli", "demo"],
            env=dict(self.given),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def demo(self) -> tuple[int, str]:
        with self.start_demo(subprocess.PIPE) as process:
            printed, _ = process.communicate(timeout=SECONDS)
            return process.returncode, printed

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self.state.folder):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def worker(self) -> psutil.Process:
        return next(process for process in self.processes() if "sojourn.worker" in process.cmdline())


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    # Not pytest's own folder: root's is closed to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="sojourn-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    inherited = {name: value for name, value in os.environ.items() if "DATABASE" not in name and "REDIS" not in name}
    ports = {"PORT": str(find_free_port()), "SANDBOX_PORT": str(find_free_port())}
    given = {**inherited, **ports, "SOJOURN_STATE": str(home / ".sojourn")}
    printed = home / "printed"
    with printed.open("wb") as output:
        command = [sys.executable, "-m", "sojourn.cli", "up"]
        process = subprocess.Popen(command, env=given, cwd=home, stdout=output, stderr=output)
    running = Running(given, State(home / ".sojourn"))
    try:
        until(lambda: running.state.published() or process.poll() is not None)
        assert process.poll() is None, printed.read_text()
        yield running
    finally:
        process.terminate()
        process.wait(SECONDS)


def crosses(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.lstrip().startswith("✗")]


def test_tells_every_chapter(running: Running) -> None:
    before = running.faults()

    status, printed = running.demo()

    assert (status, crosses(printed)) == (0, []), printed
    assert all(f"\n{chapter}" in printed for chapter in CHAPTERS)
    assert "all as it should be" in printed.splitlines()[-1]
    assert "\x1b" not in printed
    assert running.faults() == before
    assert running.worker().status() != psutil.STATUS_STOPPED


def test_one_thing_broken_is_told_and_the_rest_goes_on(running: Running) -> None:
    account = {"account": running.account("HOLYONE")}
    with running.sandbox as sandbox:
        sandbox.put("/_sandbox/faults", params=account, json={"webhooks": {"drop": True}}).raise_for_status()
        try:
            status, printed = running.demo()
        finally:
            sandbox.delete("/_sandbox/faults", params=account).raise_for_status()

    assert status == 1
    assert len(crosses(printed)) == 1, printed
    assert "The first card is declined" in crosses(printed)[0]
    assert "'payment_failed'" in crosses(printed)[0]
    assert all(f"\n{chapter}" in printed for chapter in CHAPTERS)
    assert "1 not as it should be" in printed.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_puts_everything_back(running: Running, home: Path, number: signal.Signals) -> None:
    ours = {process.pid for process in running.processes()}
    worker, before = running.worker(), running.faults()
    log = home / f"interrupted-{number.name}"
    with log.open("w") as output, running.start_demo(output.fileno()) as process:
        until(lambda: worker.status() == psutil.STATUS_STOPPED or process.poll() is not None)
        process.send_signal(number)
        assert process.wait(SECONDS) == 130, log.read_text()

    assert "Traceback" not in log.read_text()
    until(lambda: worker.status() != psutil.STATUS_STOPPED)
    until(lambda: {process.pid for process in running.processes()} <= ours)
    assert running.faults() == before


def test_killed_it_leaves_the_worker_at_work_and_nothing_behind(running: Running, home: Path) -> None:
    ours = {process.pid for process in running.processes()}
    worker = running.worker()
    with (home / "killed").open("w") as output, running.start_demo(output.fileno()) as process:
        until(lambda: worker.status() == psutil.STATUS_STOPPED or process.poll() is not None)
        process.kill()

    until(lambda: worker.status() != psutil.STATUS_STOPPED)
    until(lambda: {process.pid for process in running.processes()} <= ours)


def test_says_how_to_start_what_it_drives(tmp_path: Path) -> None:
    given = {**os.environ, "SOJOURN_STATE": str(tmp_path)}
    command = [sys.executable, "-m", "sojourn.cli", "demo"]
    refused = subprocess.run(command, env=given, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "Start it with `make up`" in refused.stderr
    assert "Traceback" not in refused.stderr
