"""A PostgreSQL server of our own, for development and tests, when no DATABASE_URL is given.

It listens on 127.0.0.1 only, asks for a generated password, and ends with the process that started it (see
`platform/launch.py`). Everything is blocking: call it before the event loop, or from the main thread.
"""

import errno
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psutil

from sojourn.platform.db.binaries import PostgresBinaries, Report, find_or_fetch_binaries, others_can_enter
from sojourn.platform.launching import tied_to_us
from sojourn.platform.processes import find_free_port, find_port_holder, is_port_free, stop_process

_ROLE: Final = "sojourn"
_PASSWORD_FILE: Final = "sojourn.password"
_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 120.0
_BASE_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
# A test's database need not outlive a power cut.
_EPHEMERAL_SETTINGS: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


class EmbeddedPostgresError(RuntimeError):
    """The server of our own could not be started or spoken to. The message is for the person at the keyboard."""


class PortTaken(EmbeddedPostgresError):
    """The port that was asked for is in use by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    binaries: PostgresBinaries
    data_dir: Path
    port: int
    password: str = field(repr=False)
    # Present when this very process started it; a server found running has none.
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def dsn(self, database: str) -> str:
        return f"postgresql://{_ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Idempotent. Raises ValueError for a name that would need quoting."""
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
            raise ValueError(f"{name!r} is no plain database name")
        if name not in self._ask("SELECT datname FROM pg_database").splitlines():
            self._ask(f"CREATE DATABASE {name}")

    def is_alive(self) -> bool:
        return _find_postmaster(self.data_dir) is not None

    def stop(self) -> None:
        """Roll back what is open and stop; a server that does not listen is ended. Safe to call twice."""
        stop_found(self.data_dir)
        if self.child is not None:
            self.child.wait()

    def _ask(self, statement: str) -> str:
        """One statement on the maintenance database, through psql: no event loop is needed for it."""
        command = [self.binaries.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
        environment = _environment() | {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10"}
        arguments = ["-h", "127.0.0.1", "-p", str(self.port), "-U", _ROLE, "-d", "postgres"]
        ran = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            words = ran.stderr.strip()
            raise EmbeddedPostgresError(f"PostgreSQL on port {self.port} refused: {words}{_if_full(words)}")
        return ran.stdout.strip()


@contextmanager
def ephemeral_postgres(*, settings: Mapping[str, str] = _NO_SETTINGS) -> Iterator[RunningServer]:
    """A throw-away server on a free port, without fsync, gone with its data at the end. For tests."""
    folder = Path(tempfile.mkdtemp(prefix="sojourn-postgres-"))
    folder.chmod(0o755)
    data_dir = choose_data_dir(folder / "data")
    try:
        server = start(data_dir, settings={**_EPHEMERAL_SETTINGS, **settings})
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def choose_data_dir(preferred: Path) -> Path:
    """`preferred`, or a folder below /var/lib when root starts the server and its user cannot get there.

    PostgreSQL refuses to run as root, so it runs as `nobody`, who cannot enter a home of mode 0700. Data that is there
    stays the data, also when somebody has opened or closed a folder above it since.
    """
    preferred = preferred.resolve()
    if os.geteuid() != 0:
        return preferred
    elsewhere = Path(f"/var/lib/sojourn-{hashlib.sha256(str(preferred).encode()).hexdigest()[:12]}") / preferred.name
    for folder in (preferred, elsewhere):
        if (folder / "PG_VERSION").exists():
            return folder
    return preferred if others_can_enter(preferred) else elsewhere


def start(
    data_dir: Path,
    *,
    port: int | None = None,
    settings: Mapping[str, str] = _NO_SETTINGS,
    log: Path | None = None,
    report: Report = lambda _line: None,
) -> RunningServer:
    """Start the server that lives in `data_dir`, creating it first when it is new; use it when it runs already.

    Without `port` any free one is taken. `settings` go on top of ours, `log` gets what the server prints.
    Raises PortTaken, EmbeddedPostgresError, or PostgresUnavailable when there are no programs to run.
    """
    binaries = find_or_fetch_binaries(report=report)
    data_dir = data_dir.resolve()
    owner = _server_user(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        report("creating the database files")
        _initialise(binaries, data_dir, owner)
    _check_major(binaries, data_dir)
    password = (data_dir / _PASSWORD_FILE).read_text(encoding="utf-8")
    starter = _Starter(binaries, data_dir, password, owner, log or data_dir.with_suffix(".log"), settings)
    return starter.run(port)


def stop_found(data_dir: Path) -> None:
    """Stop the server of this very folder, if one runs: first politely, then at once."""
    postmaster = _find_postmaster(data_dir.resolve())
    if postmaster is not None:
        stop_process(postmaster, (signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))


@dataclass(frozen=True, slots=True)
class _Starter:
    binaries: PostgresBinaries
    data_dir: Path
    password: str
    owner: tuple[int, int] | None
    log: Path
    settings: Mapping[str, str]

    def run(self, demanded: int | None) -> RunningServer:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if (running := self._find_running(demanded)) is not None:
                return running
            port = _choose_port(demanded)
            printed_before = self.log.stat().st_size if self.log.exists() else 0
            child = self._spawn(port)
            if self._wait_until_ready(child, deadline):
                return self._describe(port, child)
            self._refuse_or_retry(printed_before, deadline, demanded)

    def _describe(self, port: int, child: subprocess.Popen[bytes] | None) -> RunningServer:
        return RunningServer(
            binaries=self.binaries, data_dir=self.data_dir, port=port, password=self.password, child=child
        )

    def _find_running(self, demanded: int | None) -> RunningServer | None:
        """What an earlier run left in this very folder: used when it answers where we want it, else stopped."""
        postmaster = _find_postmaster(self.data_dir)
        if postmaster is None:
            # A number given to somebody else since: PostgreSQL would take that one for a living server.
            (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
            return None
        lines = _pid_file_lines(self.data_dir)
        if _is_ready(lines) and demanded in {None, int(lines[3])}:
            return self._describe(int(lines[3]), None)
        stop_found(self.data_dir)
        return None

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        chosen = {**_BASE_SETTINGS, **self.settings, "port": str(port)}
        server = [self.binaries.program("postgres"), "-D", str(self.data_dir)]
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                # SIGINT is PostgreSQL's fast shutdown.
                tied_to_us([*server, *options], ended_by=signal.SIGINT, owner=self.owner),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(),
                # Ctrl-C is for the one who started us: he stops the server when its clients are done.
                start_new_session=True,
            )

    def _wait_until_ready(self, child: subprocess.Popen[bytes], deadline: float) -> bool:
        """False when the server ended instead."""
        while child.poll() is None:
            lines = _pid_file_lines(self.data_dir)
            if lines[:1] == [str(child.pid)] and _is_ready(lines):
                return True
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise EmbeddedPostgresError(f"PostgreSQL was not ready after {_START_SECONDS:.0f} s, see {self.log}")
            time.sleep(_POLL_SECONDS)
        return False

    def _refuse_or_retry(self, printed_before: int, deadline: float, demanded: int | None) -> None:
        """Returns when trying again may help: an earlier server is still going down, or a free port was snatched."""
        with self.log.open("rb") as output:
            output.seek(printed_before)
            words = output.read().decode(errors="replace").strip()
        orphaned = "shared memory block" in words
        if orphaned:
            _end_orphans(self.data_dir)
        going_down = orphaned or "lock file" in words
        snatched = "could not create any TCP/IP sockets" in words and demanded is None
        if not (going_down or snatched) or time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL did not start: {words[-2000:] or 'it printed nothing'}{_if_full(words)}"
            )
        time.sleep(_POLL_SECONDS * 5)


def _choose_port(demanded: int | None) -> int:
    if demanded is None:
        return find_free_port()
    if not is_port_free(demanded):
        holder = find_port_holder(demanded) or "another process"
        raise PortTaken(f"port {demanded} is taken by {holder}")
    return demanded


def _server_user(data_dir: Path) -> tuple[int, int] | None:
    """Whom the server runs as when we are root: the owner of its files, else nobody. None: ourselves."""
    if os.geteuid() != 0:
        return None
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        return data_dir.stat().st_uid, data_dir.stat().st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _initialise(binaries: PostgresBinaries, data_dir: Path, owner: tuple[int, int] | None) -> None:
    """Made beside its place and moved there whole, so that an interrupted first start leaves nothing half."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    fresh = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    uid, gid = owner or (os.geteuid(), os.getegid())
    os.chown(fresh, uid, gid)
    character_type = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password_file:
        password = secrets.token_urlsafe(24)
        password_file.write(password)
        password_file.flush()
        os.chown(password_file.name, uid, gid)
        command = [binaries.program("initdb"), "-D", str(fresh), "-U", _ROLE, "--encoding=UTF8", "--no-sync"]
        command += ["--locale=C", f"--lc-ctype={character_type}"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file.name}"]
        ran = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            user=None if owner is None else uid,
            group=None if owner is None else gid,
            extra_groups=None if owner is None else [],
        )
    if ran.returncode != 0:
        words = (ran.stderr or ran.stdout).strip()[-2000:]
        raise EmbeddedPostgresError(f"initdb in {fresh} failed: {words}{_if_full(words)}")
    kept = fresh / _PASSWORD_FILE
    kept.touch(mode=0o600)
    kept.write_text(password, encoding="utf-8")
    os.chown(kept, uid, gid)
    fresh.rename(data_dir)


def _if_full(words: str) -> str:
    return "\nMake room on that disk, and start again." if os.strerror(errno.ENOSPC) in words else ""


def _check_major(binaries: PostgresBinaries, data_dir: Path) -> None:
    kept = (data_dir / "PG_VERSION").read_text(encoding="utf-8").strip()
    if kept != str(binaries.major):
        raise EmbeddedPostgresError(
            f"{data_dir} was made by PostgreSQL {kept}, but the programs found are {binaries.major} "
            f"({binaries.folder}). Name the old ones in SOJOURN_PG_BIN, or remove that folder to start afresh."
        )


def _find_postmaster(data_dir: Path) -> psutil.Process | None:
    """The living server of this very folder; a process that merely got its number is none."""
    lines = _pid_file_lines(data_dir)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
        is_ours = str(data_dir) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if is_ours else None


def _end_orphans(data_dir: Path) -> None:
    """End what works on for a server that is dead already, and keeps the next one from starting.

    PostgreSQL's processes live in their data folder. Only called when it has told us that its head is gone.
    """
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(data_dir):
                stop_process(process, (signal.SIGKILL, 5))
        except psutil.Error:
            continue


def _pid_file_lines(data_dir: Path) -> list[str]:
    """postmaster.pid: process, folder, start, port, socket folder, address, shared memory, status."""
    try:
        return (data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _is_ready(lines: list[str]) -> bool:
    return len(lines) > 7 and lines[7].strip() == "ready"


def _environment() -> dict[str, str]:
    """Ours, without the PG* variables that would point PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
