"""Whether a lock keeps anybody away."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from tests.support.client import StorefrontClient

from sojourn.platform.db.database import Connection

Lock = Callable[[Connection, dict[str, Any]], Awaitable[object]]


async def row_of(client: StorefrontClient, table: str, chosen: str) -> dict[str, Any]:
    found = await client.rows(f"SELECT * FROM {table} WHERE {chosen} ORDER BY 1 LIMIT 1")
    assert found, (table, chosen)
    return found[0]


async def is_free(client: StorefrontClient, table: str, row: dict[str, Any]) -> bool:
    """Whether somebody else may change the row now."""
    key = "refund_id" if table == "payouts" else "id"
    try:
        await client.rows(f"SELECT FROM {table} WHERE {key} = $1 FOR NO KEY UPDATE NOWAIT", row[key])
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def loose(client: StorefrontClient, locks: list[tuple[str, str, Lock]]) -> list[int]:
    """Which of the locks keep nobody away from their row."""
    free = []
    for number, (table, chosen, lock) in enumerate(locks):
        row = await row_of(client, table, chosen)
        assert await is_free(client, table, row)
        async with client.database.unit_of_work() as tx:
            await lock(tx, row)
            if await is_free(client, table, row):
                free.append(number)
    return free
