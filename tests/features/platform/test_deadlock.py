"""Two transactions in each other's way: one goes through, the other is told to come again, and nobody sees a fault."""

import asyncio

from sojourn.platform.db.database import Database
from sojourn.platform.errors import Unavailable


async def test_one_of_two_is_asked_to_come_again(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute("CREATE TABLE rows (id integer PRIMARY KEY); INSERT INTO rows VALUES (1), (2)")
    both_hold_one = asyncio.Barrier(2)

    async def lock(*ids: int) -> None:
        async with database.unit_of_work() as tx:
            for row_id in ids:
                await tx.execute("SELECT FROM rows WHERE id = $1 FOR UPDATE", row_id)
                if row_id == ids[0]:
                    await both_hold_one.wait()

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Unavailable]
