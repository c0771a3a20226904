"""Faults of PostgreSQL and of the file system, in words for the person at the keyboard."""

import errno
import os
from collections.abc import Iterator
from typing import Final

import asyncpg

# What may come out of a conversation with a database, beside our own mistakes.
DATABASE_FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

_MAKE_ROOM: Final = "Make room on the disk that PostgreSQL keeps its data on"
_SEE_SERVER: Final = "See that PostgreSQL runs where DATABASE_URL says, and what its log ends with"
# By SQLSTATE, or by the class of it (its first two characters): https://www.postgresql.org/docs/current/errcodes-appendix.html
_NEXT_STEPS: Final = {
    "08": _SEE_SERVER,
    "25006": "Name a server that takes writes, not a copy of one that can only be read",
    "28": "See to the user and the password in DATABASE_URL",
    "3D": "Make that database, or name another in DATABASE_URL",
    "42501": "Let a role do it that may, or give this one the right to",
    "53": "Give PostgreSQL more of what it lacks",
    "53100": _MAKE_ROOM,
    "53300": "Let PostgreSQL take more connections, or let fewer programs hold some",
    "55P03": "End, or wait for, what holds a lock there",
    "57": _SEE_SERVER,
    "58": "See to the disk that PostgreSQL keeps its data on",
}  # fmt: skip


def explain(fault: BaseException) -> str | None:
    """What happened, and what to do about it; None when it is no matter of the server, its disk or its network."""
    step = next_step(fault)
    return None if step is None else f"{words_of(fault).rstrip('.')}. {step}, and start again."


def words_of(fault: BaseException) -> str:
    """What the server (or the system) itself said, in one line, without the layers that passed it on."""
    root = _root(fault)
    if isinstance(root, asyncpg.PostgresError):
        said = [part for part in (root.args[0] if root.args else "", root.detail) if part]
        return " ".join(": ".join(said).split()) or type(root).__name__
    return " ".join(str(root).split()) or type(root).__name__


def next_step(fault: BaseException) -> str | None:
    """What to do about it, without a full stop."""
    root = _root(fault)
    # A server without room for its journal breaks off, and these are its last words.
    if isinstance(root, DATABASE_FAULTS) and os.strerror(errno.ENOSPC) in words_of(root):
        return _MAKE_ROOM
    if isinstance(root, asyncpg.PostgresError):
        state = root.sqlstate or ""
        return _NEXT_STEPS.get(state) or _NEXT_STEPS.get(state[:2])
    if isinstance(root, OSError):
        # What names a file is no matter of the network.
        return _SEE_SERVER if root.filename is None else None
    # The driver's own word for a line that broke, and for a value that fits nowhere: the latter is a mistake of ours.
    return _SEE_SERVER if isinstance(root, asyncpg.InterfaceError) and not isinstance(root, ValueError) else None


def _root(fault: BaseException) -> BaseException:
    """What the driver or the system raised, below what others wrapped around it."""
    for cause in _causes(fault):
        if isinstance(cause, DATABASE_FAULTS):
            return cause
    return fault


def _causes(fault: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = fault
    while cause is not None:
        yield cause
        cause = cause.__cause__
