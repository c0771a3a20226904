"""Programs that run for as long as we do: started, watched, started again, ended."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from sojourn.platform.launching import tied_to_us

# Every program of ours carries it, and so do its own children: that is how leftovers are known from strangers.
MARK: Final = "SOJOURN_UP_OF"

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0
_READY_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.05
_LAST_LINES: Final = 15
_ALARMING = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")

Say = Callable[[str], None]


class ProgramFailed(RuntimeError):
    """A program ended, or said nothing, before it was ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. Ready when `ready_url` answers 200, or at once when there is none."""

    name: str
    command: tuple[str, ...]
    ready_url: str | None = None


@dataclass(slots=True)
class Child:
    """One program and its present process. Not thread-safe."""

    program: Program
    log: Path
    environment: Mapping[str, str]
    say: Say
    process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _failures: int = 0
    _next_start: float = 0.0
    _log_began: int = 0
    _read_up_to: int = 0

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._log_began = self._read_up_to = output.tell()
            self.process = subprocess.Popen(
                tied_to_us(self.program.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.environment),
                # A group of its own: Ctrl-C comes to us alone, and we can end it with everything it started.
                start_new_session=True,
            )
        self._started = time.monotonic()

    def watch(self) -> None:
        """Pass on what it complained about, and start it again after a pause when it has ended."""
        self._pass_on_errors()
        now = time.monotonic()
        if self.process is None:
            if now >= self._next_start:
                self.start()
                self.say(f"{self.program.name} runs again")
            return
        if self.process.poll() is None:
            if now - self._started > _STEADY_SECONDS:
                self._failures = 0
            return
        pause = min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS)
        self.say(f"{self.program.name} {self._how_it_ended()}; starting it again in {pause:g} s (see {self.log})")
        self._end_group()
        self.process = None
        self._failures += 1
        self._next_start = now + pause

    def is_ready(self) -> bool:
        """Raises ProgramFailed, with the last lines of its log, when it has ended."""
        if self.process is None or self.process.poll() is not None:
            raise ProgramFailed(f"{self.program.name} {self._how_it_ended()}. Its last words:\n{self.last_words()}")
        if self.program.ready_url is None:
            return True
        try:
            answer = httpx.get(self.program.ready_url, timeout=2, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def last_words(self) -> str:
        """The end of what it has printed since its present start."""
        with self.log.open("rb") as output:
            output.seek(self._log_began)
            lines = output.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait_until_stopped(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say(f"{self.program.name} does not stop, ending it")
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        """What it had started itself must not stay behind, holding its port."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _how_it_ended(self) -> str:
        status = self.process.poll() if self.process is not None else None
        if status is not None and status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def _pass_on_errors(self) -> None:
        with self.log.open("rb") as output:
            output.seek(self._read_up_to)
            fresh = output.read()
        whole_lines, newline, _rest = fresh.rpartition(b"\n")
        self._read_up_to += len(whole_lines) + len(newline)
        for line in whole_lines.decode(errors="replace").splitlines():
            if _is_alarming(line):
                self.say(f"{self.program.name}: {line[:400]}")


def _is_alarming(line: str) -> bool:
    if line.startswith("{"):
        try:
            return json.loads(line).get("level") in {"error", "critical"}
        except ValueError:
            return True
    return _ALARMING.search(line) is not None


def wait_until_ready(children: Iterable[Child]) -> None:
    """Raises ProgramFailed when one has ended or takes longer than two minutes."""
    deadline = time.monotonic() + _READY_SECONDS
    for child in children:
        while not child.is_ready():
            if time.monotonic() > deadline:
                raise ProgramFailed(
                    f"{child.program.name} was not ready after {_READY_SECONDS:.0f} s "
                    f"({child.program.ready_url}). Its last words:\n{child.last_words()}"
                )
            time.sleep(_POLL_SECONDS)


def stop_all(children: Iterable[Child]) -> None:
    """SIGTERM to all at once; SIGKILL to whoever is there 5 seconds later."""
    everyone = list(children)
    deadline = time.monotonic() + _STOP_SECONDS
    for child in everyone:
        child.ask_to_stop()
    for child in everyone:
        child.wait_until_stopped(deadline)


def end_leftovers(mark: str) -> int:
    """End what an earlier run with the same mark left behind, and nothing else. How many there were."""
    leftovers = [process for process in psutil.process_iter() if _carries(process, mark)]
    for process in leftovers:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _gone, alive = psutil.wait_procs(leftovers, timeout=_STOP_SECONDS)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=_STOP_SECONDS)
    return len(leftovers)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False
