"""Several writes of several features in one round trip: what each would say on its own, as the parts of one statement.

None of them may read or change a row that another one changes: they run in no order of their own, on one snapshot.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from sojourn.platform.db.database import Connection

_PLACEHOLDER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Write:
    """One statement that answers nothing, `WITH name AS (...), ... SELECT`, and its arguments."""

    statement: str
    arguments: Sequence[object]


async def write_together(tx: Connection, *writes: Write) -> None:
    """Send the writes as one statement. Their parts need names of their own."""
    if writes:
        statement = _joined(*((write.statement, len(write.arguments)) for write in writes))
        await tx.execute(statement, *(argument for write in writes for argument in write.arguments))


@cache  # as many as there are combinations in the code
def _joined(*statements: tuple[str, int]) -> str:
    firsts = accumulate((count for _, count in statements), initial=0)
    parts = [_renumbered(_parts_of(text), first) for first, (text, _) in zip(firsts, statements, strict=False)]
    return f"WITH {', '.join(parts)} SELECT"


def _renumbered(text: str, first: int) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + first}", text)


def _parts_of(statement: str) -> str:
    text = statement.strip()
    if not (text.startswith("WITH ") and text.endswith("\nSELECT")):
        raise ValueError(f"not a statement of parts alone: {text[:40]}")
    return text.removeprefix("WITH ").removesuffix("\nSELECT")
