"""How reports are read.

A statement that is kept prepared is soon planned once for all arguments; for a report, which asks now for a day and
now for ten years, such a plan is ten times slower than one made for what is asked. So each report is planned anew:
one round trip more, a millisecond of planning.
"""

from collections.abc import Sequence
from typing import Any

from sojourn.platform.db.database import Connection, Row


async def fetch(connection: Connection, statement: str, *arguments: object) -> Sequence[Row]:
    """The rows of `statement`, planned for `arguments`."""
    prepared = await connection.prepare(statement, name="")
    rows: Sequence[Row] = await prepared.fetch(*arguments)
    return rows


async def fetch_value(connection: Connection, statement: str, *arguments: object) -> Any:  # noqa: ANN401 - one cell
    """The first cell of `statement`'s answer, planned for `arguments`."""
    prepared = await connection.prepare(statement, name="")
    return await prepared.fetchval(*arguments)
