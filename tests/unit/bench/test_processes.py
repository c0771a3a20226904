"""Whatever a run started ends with it, children included."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from bench.processes import ProgramError, clean_environment, cpu_of, memory_of, run, running

_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
child.wait()
"""


def _wait_for_line(log: Path) -> str:
    deadline = time.monotonic() + 10
    while not (log.exists() and log.read_text().endswith("\n")):
        assert time.monotonic() < deadline, "the program printed nothing"
    return log.read_text()


def test_a_child_of_the_program_ends_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", _PARENT]
    with (
        suppress(KeyboardInterrupt),
        running(command, cwd=tmp_path, environment=clean_environment(), log=log) as parent,
    ):
        child = psutil.Process(int(_wait_for_line(log)))
        memory = memory_of(parent)
        used = cpu_of(parent.pid)
        raise KeyboardInterrupt
    assert parent.poll() is not None
    child.wait(timeout=5)  # raises while it lives
    assert memory.total_mib > memory.process_mib > 1
    assert {parent.pid, child.pid} <= set(used)
    assert sum(used.values()) > 0


def test_a_failed_program_is_told_with_its_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('no such table'); sys.exit(3)"]
    with pytest.raises(ProgramError, match=r"(?s)status 3.*no such table"):
        run(command, cwd=tmp_path, environment=clean_environment(), log=tmp_path / "log", timeout=10)


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(ProgramError, match="longer than 0 s"):
        run(command, cwd=tmp_path, environment=clean_environment(), log=tmp_path / "log", timeout=0.2)


def test_servers_do_not_see_our_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/production")
    assert "DATABASE_URL" not in clean_environment()
    assert clean_environment()["PATH"] == os.environ["PATH"]
