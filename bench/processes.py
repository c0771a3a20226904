"""Programs started for a run: each in a process group of its own, and every one of them ended, whatever happens."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from sojourn.platform.launching import tied_to_us

_STOP_SECONDS = 5
_LOG_TAIL = 2_000


class ProgramError(Exception):
    """A program of the run ended badly; the message carries the end of what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Resident memory in MiB: of the largest process of a server, and of all its processes."""

    process_mib: float
    total_mib: float


@contextmanager
def running(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a program running inside the block; its output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            tied_to_us(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end_group(process)


def run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path, timeout: float) -> None:
    """Run a program to its end.

    Raises:
        ProgramError: it failed, or took longer than `timeout` seconds.

    """
    with running(command, cwd=cwd, environment=environment, log=log) as process:
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{Path(command[0]).name} took longer than {timeout:.0f} s\n{tail(log)}") from None
    if status != 0:
        raise ProgramError(f"{Path(command[0]).name} ended with status {status}\n{tail(log)}")


def tail(log: Path) -> str:
    """Return the last lines of a program's output."""
    return log.read_text(errors="replace")[-_LOG_TAIL:]


def clean_environment() -> dict[str, str]:
    """Return what a server of the run may see of our environment: nothing that could set it up differently."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def memory_of(process: subprocess.Popen[bytes]) -> Memory:
    """Measure a running server with its child processes."""
    leader = psutil.Process(process.pid)
    sizes = [each.memory_info().rss / 2**20 for each in (leader, *leader.children(recursive=True))]
    return Memory(process_mib=max(sizes), total_mib=sum(sizes))


def cpu_of(leader: int) -> dict[int, float]:
    """Return the CPU seconds that each living process of a server has used, by process id."""
    process = psutil.Process(leader)
    used = {}
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            used[each.pid] = times.user + times.system
    return used


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for stop_signal in (signal.SIGTERM, signal.SIGKILL):
        # The leader may be gone and a child of its group not, so the group is asked, not the leader.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
