"""The folder `.sojourn` of a clone: everything that running on a laptop leaves behind, and nothing else does.

postgres/         the embedded server's data (root may have to keep it elsewhere, see embedded.choose_data_dir)
logs/             one file per program
secrets.json      development secrets, made at the first start
environment.json  what the running programs were told, for commands given beside them; only there while they run
lock              held by the one who runs
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LONG_LOG_BYTES: Final = 20_000_000
_STORAGE_FAULTS: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.ENAMETOOLONG}
)


class AlreadyRunning(RuntimeError):
    """Another process runs this clone."""


@dataclass(frozen=True, slots=True)
class State:
    folder: Path

    def why_not_kept(self, fault: OSError) -> str | None:
        """What to tell the person whose disk is full, or whose folder is closed; None when it is neither."""
        if fault.errno not in _STORAGE_FAULTS or fault.filename is None:
            return None
        return (
            f"{fault.filename} cannot be written: {fault.strerror}. What running leaves behind is kept in "
            f"{self.folder}; SOJOURN_STATE names another place."
        )

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        """Appended to run after run; a long one makes way, and the one before it is forgotten."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > _LONG_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one who runs this clone. The kernel lets go when the process ends, however it ends.

        Raises AlreadyRunning, which says where to look.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(
                    f"Sojourn already runs from {self.folder.parent} (process {lock.read().strip() or 'unknown'}). "
                    f"Stop it there with Ctrl-C, or use another clone with other ports."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def secrets(self, make: Callable[[], dict[str, str]]) -> dict[str, str]:
        """The secrets of this clone: made once, and names that a later version adds are added."""
        kept = _read(self.folder / "secrets.json")
        complete = make() | kept
        if complete != kept:
            _write(self.folder / "secrets.json", complete)
        return complete

    def publish(self, environment: Mapping[str, str]) -> None:
        _write(self.folder / "environment.json", environment)

    def withdraw(self) -> None:
        (self.folder / "environment.json").unlink(missing_ok=True)

    def published(self) -> dict[str, str]:
        """What the programs running now were told; empty when none run."""
        return _read(self.folder / "environment.json")


def _read(path: Path) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def _write(path: Path, content: Mapping[str, str]) -> None:
    """Whole or not at all, and for its owner's eyes only."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    try:
        fresh.write_text(json.dumps(dict(content), indent=2) + "\n", encoding="utf-8")
    except OSError as fault:  # a full disk does not say which file it was
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
    fresh.rename(path)
