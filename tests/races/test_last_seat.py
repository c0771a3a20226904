"""One seat, many hands. The control oversells when the lock is taken out: else the races would prove nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import MORE, TRAVEL_DATE, put_trip_on_sale
from tests.support.system import System

from sojourn.platform.db.database import Database
from sojourn.platform.db.revisions import MIGRATIONS
from sojourn.platform.kit.ids import new_id
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import Claim
from sojourn.sales.purchases import PurchaseKind

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = date(2027, 1, 20)
THE_LOCK = "    PERFORM 1 FROM resources WHERE id = ANY (p_resources) ORDER BY id FOR NO KEY UPDATE;\n"


async def stock(database: Database, capacity: int) -> UUID:
    resource_id = new_id()
    async with database.read() as connection:
        await connection.execute(
            "INSERT INTO resources (id, kind, owner_id, name, capacity, created_at) "
            "VALUES ($1, 'DEPARTURE', $1, 'Boat', $2, $3)",
            resource_id, capacity, NOW,
        )  # fmt: skip
    return resource_id


async def claim(
    connection: asyncpg.Connection, *resources: UUID, quantity: int = 1, until: datetime | None = None
) -> None:
    claims = [Claim(resource_id=resource_id, day=DAY, quantity=quantity) for resource_id in resources]
    await inventory.take(
        connection, kind=PurchaseKind.BOOKING, purchase_id=new_id(), claims=claims, expires_at=until, now=NOW
    )


async def without_the_lock(database: Database) -> None:
    """The same function with its one locking line removed."""
    sql = (MIGRATIONS / "sql" / "0038_refusals_undo_nothing.up.sql").read_text()
    start = sql.index("CREATE FUNCTION claim_stock")
    body = sql[start : sql.index("$$;", start) + 3]
    assert THE_LOCK in body
    async with database.read() as connection:
        await connection.execute(body.replace(THE_LOCK, "").replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


@asynccontextmanager
async def two_at_once(database: Database) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    first, second = await asyncpg.connect(database.dsn), await asyncpg.connect(database.dsn)
    try:
        yield first, second
    finally:
        await first.close()
        await second.close()


async def taken(database: Database, resource_id: UUID) -> int:
    async with database.read() as connection:
        count: int = await connection.fetchval(
            "SELECT coalesce(sum(quantity), 0)::int FROM claims WHERE resource_id = $1 AND released_at IS NULL",
            resource_id,
        )
    return count


async def both_claim(database: Database, resource_id: UUID) -> list[BaseException | None]:
    """The first claims and does not commit until the second is waiting or has claimed too."""
    async with two_at_once(database) as (first, second):
        opened = first.transaction()
        await opened.start()
        await claim(first, resource_id)
        waiting = asyncio.create_task(claim(second, resource_id))
        async with database.read() as watcher, asyncio.timeout(5):
            while not waiting.done():
                blocked = await watcher.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
                    second.get_server_pid(),
                )
                if blocked:
                    break
                await asyncio.sleep(0.01)
        await opened.commit()
        return list(await asyncio.gather(waiting, return_exceptions=True))


class TestTheLock:
    async def test_the_second_waits_and_finds_nothing_left(self, database: Database) -> None:
        resource_id = await stock(database, 1)
        (outcome,) = await both_claim(database, resource_id)
        assert isinstance(outcome, SoldOut)
        assert await taken(database, resource_id) == 1

    async def test_control_without_the_lock_both_get_the_last_seat(self, database: Database) -> None:
        await without_the_lock(database)
        resource_id = await stock(database, 1)
        assert await both_claim(database, resource_id) == [None]
        assert await taken(database, resource_id) == 2

    async def test_opposite_orders_do_not_deadlock(self, database: Database) -> None:
        boat, van = await stock(database, 1000), await stock(database, 1000)

        async def many(*order: UUID) -> None:
            connection = await asyncpg.connect(database.dsn)
            try:
                for _ in range(40):
                    await claim(connection, *order)
            finally:
                await connection.close()

        await asyncio.gather(many(boat, van), many(van, boat), many(boat, van), many(van, boat))
        assert await taken(database, boat) == await taken(database, van) == 160

    async def test_all_or_nothing_over_several_resources(self, database: Database) -> None:
        boat, van = await stock(database, 5), await stock(database, 0)
        async with database.read() as connection:
            with pytest.raises(SoldOut) as refused:
                await claim(connection, boat, van)
        assert refused.value.details["available"] == 0
        assert await taken(database, boat) == 0

    async def test_a_lapsed_claim_counts_as_free_with_nobody_tidying(self, database: Database) -> None:
        resource_id = await stock(database, 1)
        async with database.read() as connection:
            await claim(connection, resource_id, until=NOW - timedelta(seconds=1))
            await claim(connection, resource_id)


class TestTwentyTravellers:
    async def test_three_seats_sell_three_times(self, live_server: System) -> None:
        derlg = live_server.derlg
        trip_id = await put_trip_on_sale(derlg, seats=3)
        travelers = [await derlg.sign_in_as() for _ in range(20)]
        body = {"trip_id": str(trip_id), "travel_date": _soon(), "people_count": 1, **MORE}

        async def book(traveler: StorefrontClient) -> httpx.Response:
            return await traveler.post("/bookings", json=body)

        answers = await asyncio.gather(*(book(traveler) for traveler in travelers))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [201] * 3 + [409] * 17
        assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} == {"SOLD_OUT"}

    async def test_one_traveller_holds_five_at_most(self, live_server: System) -> None:
        derlg = live_server.derlg
        trip_id = await put_trip_on_sale(derlg, seats=50)
        traveler = await derlg.sign_in_as()
        body = {"trip_id": str(trip_id), "travel_date": _soon(), "people_count": 1, **MORE}
        answers = await asyncio.gather(*(traveler.post("/bookings", json=body) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
        assert len(read(await traveler.get("/bookings/my"))) == 5


def _soon() -> str:
    """The live server goes by the machine's clock."""
    return max(TRAVEL_DATE, datetime.now(UTC).date() + timedelta(days=30)).isoformat()
