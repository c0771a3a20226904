"""What the tests read in the database the trial worker works on."""

import asyncio
from typing import TypeAlias

import asyncpg

from sojourn.platform.db.database import Connection

Books: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

HOW_OFTEN = "SELECT count(*) FROM traces WHERE what = $1"
JOBS_LEFT = "SELECT count(*) FROM pgqueuer"


async def until(books: Connection, expected: object, query: str, *arguments: object, seconds: float = 25) -> None:
    """Return as soon as `query` answers `expected`; TimeoutError, with its last answer, when it does not in time."""
    answer: object = None
    try:
        async with asyncio.timeout(seconds):
            while (answer := await books.fetchval(query, *arguments)) != expected:  # noqa: ASYNC110 - another process acts
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"{query} {arguments} answers {answer!r}, not {expected!r}") from None


async def open_gate(books: Connection, name: str) -> None:
    await books.execute("INSERT INTO gates VALUES ($1)", name)
