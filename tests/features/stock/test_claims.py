"""What counts against a day of stock, what is taken over, and what is left alone: claim by claim."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import MORE, TRAVEL_DATE, hold, hold_and_pay, put_trip_on_sale

from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.sales.departures import queries as departures
from sojourn.sales.inventory import queries
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import Claim
from sojourn.sales.purchases import PurchaseKind

DAY, NEXT = date(2027, 1, 20), date(2027, 1, 21)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
_CLAIM = """
INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, released_at, created_at)
VALUES ($1, $2, $3, $4, 'BOOKING', $5, $6, $7, $8)
"""


class Depot:
    """Resources of ten each, as rows."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        self.database, self.now = database, now

    async def add(self, *, is_active: bool = True) -> UUID:
        resource_id = new_id()
        async with self.database.read() as connection:
            await connection.execute(
                "INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)"
                " VALUES ($1, 'DEPARTURE', $1, 'Van', 10, $2, $3)", resource_id, is_active, self.now,
            )  # fmt: skip
        return resource_id

    async def limit(self, resource_id: UUID, day: date, capacity: int) -> None:
        async with self.database.unit_of_work() as tx:
            await departures.set_capacity(tx, resource_id=resource_id, day=day, capacity=capacity, reason=None)

    async def claim(
        self, resource_id: UUID, quantity: int, *, day: date = DAY, minute: int = 0, purchase_id: UUID | None = None,
        until: datetime | None = None, released: datetime | None = None,
    ) -> UUID:  # fmt: skip
        purchase_id = purchase_id or new_id()
        async with self.database.read() as connection:
            await connection.execute(
                _CLAIM, resource_id, day, minute, quantity, purchase_id, until, released, self.now - HOUR
            )
        return purchase_id

    async def take(self, *asked: tuple[UUID, int], day: date = DAY, purchase_id: UUID | None = None) -> UUID:
        purchase_id = purchase_id or new_id()
        claims = [Claim(resource_id=resource_id, day=day, quantity=quantity) for resource_id, quantity in asked]
        async with self.database.unit_of_work() as tx:
            await queries.take(
                tx, kind=PurchaseKind.BOOKING, purchase_id=purchase_id, claims=claims, expires_at=None, now=self.now
            )
        return purchase_id

    async def lacking(self, resource_id: UUID, quantity: int, *, purchase_id: UUID) -> object:
        """What a hold is told that shares its transaction."""
        async with self.database.read() as connection:
            return await connection.fetchval(
                "SELECT claim_stock('BOOKING', $1, NULL, $2, $3, $4, $5, $6)", purchase_id, self.now, [resource_id],
                [DAY], [0], [quantity],
            )  # fmt: skip

    async def released(self) -> dict[UUID, datetime | None]:
        async with self.database.read() as connection:
            rows = await connection.fetch("SELECT purchase_id, released_at FROM claims ORDER BY id DESC")
        return {row["purchase_id"]: row["released_at"] for row in rows}

    async def refused(self, *asked: tuple[UUID, int], **more: Any) -> tuple[int, int]:
        """How many were asked for and how many were left, of what is not there."""
        with pytest.raises(SoldOut) as refused:
            await self.take(*asked, **more)
        assert refused.value.details is not None
        return refused.value.details["requested"], refused.value.details["available"]


@pytest.fixture
def depot(database: Database, clock: FrozenClock) -> Depot:
    return Depot(database, now=clock.now())


async def test_only_live_claims_on_the_same_resource_day_and_minute_count(depot: Depot) -> None:
    van, other = await depot.add(), await depot.add()
    await depot.claim(van, 3)
    await depot.claim(van, 2, until=depot.now + SECOND)
    await depot.claim(van, 4, until=depot.now)
    await depot.claim(van, 4, released=depot.now - HOUR)
    await depot.claim(van, 9, day=NEXT)
    await depot.claim(other, 9)
    async with depot.database.read() as connection:
        days = await queries.list_availability(connection, resource_id=van, first=DAY, last=NEXT, now=depot.now)
        shown = await departures.list_departures(connection, resource_id=other, first=DAY, last=NEXT, now=depot.now)
    assert [(day.capacity, day.available) for day in days] == [(10, 5), (10, 1)]
    assert [(day.confirmed, day.held, day.available) for day in shown] == [(9, 0, 1), (0, 0, 10)]
    await depot.claim(van, 9, minute=30)
    assert await depot.refused((van, 6)) == (6, 5)
    assert await depot.refused((van, 3), (van, 3)) == (6, 5)
    await depot.take((van, 5))
    assert await depot.refused((van, 1)) == (1, 0)


async def test_a_day_has_its_own_capacity_and_what_is_retired_none(depot: Depot) -> None:
    van, other, retired = await depot.add(), await depot.add(), await depot.add(is_active=False)
    await depot.limit(van, DAY, 12)
    await depot.limit(van, NEXT, 3)
    await depot.limit(other, DAY, 0)
    async with depot.database.read() as connection:
        days = await queries.list_availability(connection, resource_id=van, first=DAY, last=NEXT, now=depot.now)
        assert (
            await queries.list_availability(connection, resource_id=retired, first=DAY, last=NEXT, now=depot.now) == []
        )
    assert [(day.capacity, day.available) for day in days] == [(12, 12), (3, 3)]
    assert await depot.refused((van, 13)) == (13, 12)
    assert await depot.refused((van, 4), day=NEXT) == (4, 3)
    assert await depot.refused((other, 1)) == (1, 0)
    assert await depot.refused((retired, 1)) == (1, 0)
    assert await depot.refused((other, 11), day=NEXT) == (11, 10)
    await depot.take((van, 12))
    await depot.limit(van, DAY, 5)
    assert await depot.refused((van, 1)) == (1, 0), "never fewer than none"
    async with depot.database.unit_of_work() as tx:
        await departures.set_capacity(tx, resource_id=van, day=DAY, capacity=None, reason=None)
        days = await queries.list_availability(tx, resource_id=van, first=DAY, last=NEXT, now=depot.now)
    assert [(day.capacity, day.available) for day in days] == [(10, 0), (3, 3)]


async def test_what_has_lapsed_is_taken_over_and_what_was_mine_given_back(depot: Depot) -> None:
    van, other, third = await depot.add(), await depot.add(), await depot.add()
    before, now = depot.now - HOUR, depot.now
    lapsed, lives = await depot.claim(van, 1, until=now), await depot.claim(van, 1, until=now + SECOND)
    paid, given_back = await depot.claim(van, 1), await depot.claim(van, 1, until=before, released=before)
    elsewhere = [
        await depot.claim(van, 1, day=NEXT, until=now), await depot.claim(van, 1, minute=30, until=now),
        await depot.claim(third, 1, until=now),
        await depot.claim(other, 1, until=now),
    ]  # fmt: skip
    mine, long_gone = await depot.claim(van, 5, until=now), new_id()
    await depot.claim(van, 1, purchase_id=long_gone, released=before)
    untouched = await depot.released()
    assert await depot.refused((van, 9)) == (9, 8)
    assert await depot.lacking(van, 9, purchase_id=mine) == {
        "resource_id": str(van), "day": DAY.isoformat(), "requested": 9, "available": 8,
    }  # fmt: skip
    assert await depot.released() == untouched, "all or nothing, also where a refusal undoes nothing"

    await depot.take((van, 4), purchase_id=mine)
    await depot.take((other, 1), purchase_id=long_gone)
    released = await depot.released()
    assert {who: released[who] for who in (lapsed, lives, paid, given_back)} == {
        lapsed: now, lives: None, paid: None, given_back: before,
    }  # fmt: skip
    assert [released[who] for who in elsewhere] == [None, None, None, now]
    async with depot.database.read() as connection:
        own = await connection.fetch(
            "SELECT quantity, released_at FROM claims WHERE purchase_id = ANY ($1) ORDER BY id", [mine, long_gone]
        )
    assert [tuple(row) for row in own] == [(5, now), (1, before), (4, None), (1, None)]


async def test_keeping_lengthening_and_releasing_are_one_purchases(depot: Depot) -> None:
    van, now = await depot.add(), depot.now
    kept, longer, free, left = [await depot.claim(van, 1, until=now) for _ in range(4)]
    for purchase_id in (kept, longer, free):
        await depot.claim(van, 1, purchase_id=purchase_id, until=now, released=now - HOUR)
    async with depot.database.unit_of_work() as tx:
        await queries.keep(tx, purchase_id=kept)
        await queries.extend(tx, purchase_id=longer, expires_at=now + HOUR)
        await queries.release(tx, purchase_id=free, now=now)
        rows = await tx.fetch("SELECT purchase_id, expires_at, released_at FROM claims ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (kept, None, None), (longer, now + HOUR, None), (free, now, now), (left, now, None),
        *((purchase_id, now, now - HOUR) for purchase_id in (kept, longer, free)),
    ]  # fmt: skip


async def test_a_trip_has_its_own_departures(depot: Depot) -> None:
    van, other = await depot.add(), await depot.add()  # each is sold as the trip of its own id
    async with depot.database.read() as connection:
        assert [await queries.find_departure(connection, trip_id=trip_id) for trip_id in (van, other, new_id())] == [
            van, other, None,
        ]  # fmt: skip


async def test_five_holds_are_ones_own_that_are_open(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    trip_id = await put_trip_on_sale(derlg, seats=60)
    guest, other = await derlg.sign_in_as(), await derlg.sign_in_as()
    asked = {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 1, **MORE}
    await hold_and_pay(guest, sandbox, trip_id, people=1)
    for _ in range(5):
        await hold(other, trip_id, people=1)
        last = await hold(guest, trip_id, people=1)
    assert refusal(await guest.post("/bookings", json=asked), 409) == "TOO_MANY_HOLDS"
    read(await guest.delete(f"/bookings/{last['id']}"))
    await hold(guest, trip_id, people=1)
    clock.advance(timedelta(minutes=15))
    for _ in range(5):
        await hold(guest, trip_id, people=1)
    assert refusal(await guest.post("/bookings", json=asked), 409) == "TOO_MANY_HOLDS"
