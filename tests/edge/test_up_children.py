"""The programs of `sojourn up` as real processes: watched, started again, ended with all that is theirs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.waiting import until

from sojourn.platform.launching import LAUNCHER
from sojourn.platform.processes import find_free_port
from sojourn.up.children import MARK, Child, Program, ProgramFailed, end_leftovers, stop_all, wait_until_ready

SLEEPER = (sys.executable, "-c", "import signal; print('awake', flush=True); signal.pause()")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); signal.pause()",
)
_PARENT_SCRIPT = """
import signal, subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(inner.pid, flush=True)
signal.pause()
"""
PARENT = (sys.executable, "-c", _PARENT_SCRIPT)
# Starts a program as the supervisor does, and tells its own child's number.
_STARTER_SCRIPT = f"""
import os, subprocess, sys
launcher = [sys.executable, "-I", "-S", {str(LAUNCHER)!r}, str(os.getpid()), "{int(signal.SIGTERM)}", "-"]
child = subprocess.Popen([*launcher, sys.executable, "-c", "import signal; print('awake', flush=True); signal.pause()"])
print(child.pid, flush=True)
child.wait()
"""


def watch_until(child: Child, condition: Callable[[], object]) -> None:
    def watched() -> object:
        child.watch()
        return condition()

    until(watched)


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make_child(tmp_path: Path, said: list[str]) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def make(*command: str, ready_url: str | None = None) -> Child:
        program = Program(name=f"Program {len(children)}", command=command, ready_url=ready_url)
        environment = {**os.environ, MARK: str(tmp_path)}
        child = Child(program, tmp_path / f"{len(children)}.log", environment, said.append)
        children.append(child)
        child.start()
        return child

    yield make
    stop_all(children)


def process_of(child: Child) -> psutil.Process:
    assert child.process is not None
    return psutil.Process(child.process.pid)


def has_printed(child: Child, text: str = "awake") -> bool:
    return text in child.log.read_text()


def test_starts_again_what_was_killed(make_child: Callable[..., Child], said: list[str]) -> None:
    child = make_child(*SLEEPER)
    until(lambda: has_printed(child))
    first = process_of(child)
    first.kill()
    watch_until(child, lambda: said[-1:] == ["Program 0 runs again"])
    assert said[0].startswith("Program 0 was ended by SIGKILL; starting it again in 0.5 s")
    assert process_of(child) != first


def test_waits_longer_each_time(make_child: Callable[..., Child], said: list[str]) -> None:
    child = make_child(sys.executable, "-c", "raise SystemExit(3)")
    watch_until(child, lambda: sum("ended with status 3" in line for line in said) == 2)
    assert [line.partition(" in ")[2][:5] for line in said if "ended" in line] == ["0.5 s", "1 s ("]


def test_a_death_takes_along_what_it_had_started(make_child: Callable[..., Child]) -> None:
    child = make_child(*PARENT)
    until(lambda: has_printed(child, "\n"))
    inner = psutil.Process(int(child.log.read_text()))
    process_of(child).kill()
    watch_until(child, lambda: child.process is None)
    inner.wait(timeout=60)
    assert is_gone(inner)


def test_passes_on_errors_and_nothing_else(make_child: Callable[..., Child], said: list[str]) -> None:
    script = """
print('{"level": "info", "event": "no ERROR here"}')
print('{"level": "error", "event": "disk full"}')
print('a quiet line')
print('ERROR in plain words', flush=True)
import signal; signal.pause()
"""
    child = make_child(sys.executable, "-c", script)
    watch_until(child, lambda: len(said) == 2)
    assert said == ['Program 0: {"level": "error", "event": "disk full"}', "Program 0: ERROR in plain words"]


def test_ready_when_it_answers(make_child: Callable[..., Child], tmp_path: Path) -> None:
    port = find_free_port()
    server = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path))
    child = make_child(*server, ready_url=f"http://127.0.0.1:{port}/")
    wait_until_ready([child])
    assert child.is_ready()


def test_an_end_before_it_is_ready_is_told_with_its_last_words(make_child: Callable[..., Child]) -> None:
    child = make_child(sys.executable, "-c", "raise SystemExit('no such table')", ready_url="http://127.0.0.1:9/")
    with pytest.raises(ProgramFailed, match=r"(?s)ended with status 1\..*no such table") as refusal:
        wait_until_ready([child])
    assert "Program 0" in str(refusal.value)


def test_ends_the_stubborn_and_their_family(
    make_child: Callable[..., Child], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sojourn.up.children._STOP_SECONDS", 0.3)
    stubborn, obedient = make_child(*STUBBORN), make_child(*SLEEPER)
    until(lambda: has_printed(stubborn) and has_printed(obedient))
    processes = [process_of(stubborn), process_of(obedient)]
    stop_all([stubborn, obedient])
    assert all(is_gone(process) for process in processes)
    assert said == ["Program 0 does not stop, ending it"]


def test_leftovers_are_known_by_their_mark(make_child: Callable[..., Child], tmp_path: Path) -> None:
    child = make_child(*PARENT)
    until(lambda: has_printed(child, "\n"))
    inner = psutil.Process(int(child.log.read_text()))
    stranger = subprocess.Popen(SLEEPER, env={**os.environ, MARK: f"{tmp_path}-other"}, stdout=subprocess.DEVNULL)
    try:
        ours = process_of(child)
        assert end_leftovers(str(tmp_path)) == 2
        assert is_gone(ours)
        assert is_gone(inner)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell a child of its parent's end")
def test_goes_when_its_starter_is_killed(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    with printed.open("w") as output:
        starter = subprocess.Popen([sys.executable, "-c", _STARTER_SCRIPT], stdout=output)
    until(lambda: printed.read_text().count("\n") == 2)
    child = psutil.Process(next(int(line) for line in printed.read_text().split() if line.isdigit()))
    starter.kill()
    starter.wait()
    child.wait(timeout=60)
    assert is_gone(child)
