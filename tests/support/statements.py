"""What a piece of code says to PostgreSQL, for tests that count round trips."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from sojourn.platform.db.database import Database


@asynccontextmanager
async def recorded_statements(database: Database) -> AsyncIterator[list[str]]:
    """The statements that `database`'s pool sends within the block, BEGIN and COMMIT among them.

    Complete once the block has ended. Only connections that are open at its start are heard; should the pool have to
    open another one, the block fails instead of counting too few. What is said after a commit (`notify_after_commit`)
    is left out: nobody waits for it, and it may belong to a request before the block.
    """
    statements: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        if "pg_notify" not in record.query:
            statements.append(record.query)

    heard = _open_connections(database)
    for connection in heard:
        connection.add_query_logger(note)
    try:
        yield statements
        await asyncio.sleep(0)  # the driver hands its records over by call_soon
    finally:
        for connection in heard:
            connection.remove_query_logger(note)
    unheard = [connection for connection in _open_connections(database) if connection not in heard]
    if unheard:
        raise RuntimeError("the pool opened a connection that was not listened to; warm it up before")


def _open_connections(database: Database) -> list["asyncpg.Connection[asyncpg.Record]"]:
    holders = database._pool._holders
    return [holder._con for holder in holders if holder._con is not None and not holder._con.is_closed()]
