"""Several writes of several features in one round trip: what each would say on its own, as the parts of one statement.

None of them may read or change a row that another one changes: they run in no order of their own, on one snapshot.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, groupby
from operator import itemgetter

import asyncpg

from sojourn.platform.db.database import Connection

_PLACEHOLDER = re.compile(r"\$(\d+)")
_NOT_AS_READ = "SJ003"


class ChangedMeanwhileError(Exception):
    """What was read is no longer so: nothing was written."""


@dataclass(frozen=True, slots=True)
class Write:
    """One statement that answers nothing, `WITH name AS (...), ... SELECT`, and its arguments."""

    statement: str
    arguments: Sequence[object]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Writes that become one statement. Their parts need names of their own.

    `sure` says how many rows parts must answer. They run first, in that order, so they are what locks; unless each of
    them answers as many, nothing is written.
    """

    writes: Sequence[Write]
    sure: Mapping[str, int] = field(default_factory=dict)


async def write_together(tx: Connection, *bundles: Bundle, lock_timeout_ms: int | None = None) -> None:
    """Send each bundle as one statement, in their order: all are written, or none. Those that differ in nothing but
    their arguments take one round trip, and need no transaction around them.

    With `lock_timeout_ms` they wait no longer than that for a lock, nor does what follows in their transaction. Raises
    ChangedMeanwhileError: a bundle was not as sure as it said.
    """
    statements = [_statement_of(bundle, lock_timeout_ms) for bundle in bundles if bundle.writes]
    alike = [(text, [arguments for _, arguments in some]) for text, some in groupby(statements, key=itemgetter(0))]
    try:
        async with tx.transaction() if len(alike) > 1 else nullcontext():
            for statement, arguments in alike:
                await tx.executemany(statement, arguments)
    except asyncpg.PostgresError as fault:
        if fault.sqlstate == _NOT_AS_READ:
            raise ChangedMeanwhileError(str(fault)) from None
        raise


def _statement_of(bundle: Bundle, lock_timeout_ms: int | None) -> tuple[str, list[object]]:
    shapes = tuple((write.statement, len(write.arguments)) for write in bundle.writes)
    arguments = [argument for write in bundle.writes for argument in write.arguments]
    return _joined(shapes, tuple(bundle.sure), lock_timeout_ms), [*arguments, *bundle.sure.values()]


@cache  # as many as there are combinations in the code
def _joined(statements: Sequence[tuple[str, int]], sure: Sequence[str], lock_timeout_ms: int | None) -> str:
    *firsts, count = accumulate((count for _, count in statements), initial=0)
    parts = [_renumbered(_parts_of(text), first) for first, (text, _) in zip(firsts, statements, strict=True)]
    # PostgreSQL runs the main SELECT first, from left to right, and then the parts that it did not ask for.
    asked = [] if lock_timeout_ms is None else [f"set_config('lock_timeout', '{lock_timeout_ms}', true)"]
    asked += [
        f"must_be((SELECT count(*) FROM {name}), ${count + n}, '{name}')"  # noqa: S608 - names of parts in the code
        for n, name in enumerate(sure, 1)
    ]
    return f"WITH {', '.join(parts)} SELECT {', '.join(asked)}"


def _renumbered(text: str, first: int) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + first}", text)


def _parts_of(statement: str) -> str:
    text = statement.strip()
    if not (text.startswith("WITH ") and text.endswith("\nSELECT")):
        raise ValueError(f"not a statement of parts alone: {text[:40]}")
    return text.removeprefix("WITH ").removesuffix("\nSELECT")
