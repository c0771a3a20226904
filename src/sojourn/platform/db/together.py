"""Several writes of several features in one round trip: what each would say on its own, as the parts of one statement.

None of them may read or change a row that another one changes: they run in no order of their own, on one snapshot.
"""

import re
from collections.abc import Mapping, Sequence
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


async def write_together(tx: Connection, *bundles: Bundle) -> None:
    """Send each bundle as one statement, in their order. Those that differ in nothing but their arguments need one
    round trip, and are all written or none; for bundles that differ that takes a transaction.

    Raises ChangedMeanwhileError: a bundle was not as sure as it said.
    """
    try:
        statements = (_statement_of(bundle) for bundle in bundles if bundle.writes)
        for statement, alike in groupby(statements, key=itemgetter(0)):
            await tx.executemany(statement, [arguments for _statement, arguments in alike])
    except asyncpg.PostgresError as fault:
        if fault.sqlstate == _NOT_AS_READ:
            raise ChangedMeanwhileError(str(fault)) from None
        raise


def _statement_of(bundle: Bundle) -> tuple[str, list[object]]:
    shapes = tuple((write.statement, len(write.arguments)) for write in bundle.writes)
    arguments = [argument for write in bundle.writes for argument in write.arguments]
    return _joined(shapes, tuple(bundle.sure)), [*arguments, *bundle.sure.values()]


@cache  # as many as there are combinations in the code
def _joined(statements: Sequence[tuple[str, int]], sure: Sequence[str]) -> str:
    *firsts, count = accumulate((count for _, count in statements), initial=0)
    parts = [_renumbered(_parts_of(text), first) for first, (text, _) in zip(firsts, statements, strict=True)]
    # PostgreSQL runs the main SELECT first, from left to right, and then the parts that it did not ask for.
    asked = [
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
