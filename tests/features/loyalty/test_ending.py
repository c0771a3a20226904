"""Points that end: whose they are, and from which second on."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tests.features.loyalty.conftest import add_user

from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.sales.loyalty import queries

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

_LOT = """
INSERT INTO loyalty_lots (id, user_id, status, points, remaining, expires_at, warned_at, created_at)
VALUES ($1, $2, $3, 1000, $4, $5, $6, $7)
"""
_RESERVATION = """
INSERT INTO loyalty_reservations (purchase_id, lot_id, user_id, points, state, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class Points:
    """Lots of several customers, as rows."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        self.database, self.now = database, now

    async def somebody(self) -> UUID:
        async with self.database.read() as connection:
            return await add_user(connection, now=self.now)

    async def give(
        self, user_id: UUID, points: int, *, ends: datetime | None, status: str = "AVAILABLE",
        warned: datetime | None = None,
    ) -> UUID:  # fmt: skip
        lot_id = new_id()
        async with self.database.read() as connection:
            await connection.execute(_LOT, lot_id, user_id, status, points, ends, warned, self.now)
        return lot_id

    async def keep(
        self, user_id: UUID, lot_id: UUID, points: int, *, until: datetime | None, state: str = "RESERVED"
    ) -> UUID:
        purchase_id = new_id()
        async with self.database.read() as connection:
            await connection.execute(_RESERVATION, purchase_id, lot_id, user_id, points, state, until, self.now)
        return purchase_id


@pytest.fixture
def points(database: Database, clock: FrozenClock) -> Points:
    return Points(database, now=clock.now())


async def test_everybody_is_told_once_of_their_own_that_end_in_time(points: Points) -> None:
    now, before = points.now, points.now + 30 * DAY
    dara, other, late = [await points.somebody() for _ in range(3)]
    for user_id, ends in ((dara, now + DAY), (dara, before - SECOND), (dara, now + DAY), (other, now + DAY)):
        await points.give(user_id, 10, ends=ends)
    for user_id, ends in ((dara, now), (dara, before), (late, before), (late, now)):
        await points.give(user_id, 100, ends=ends)
    await points.give(late, 0, ends=now + DAY)
    await points.give(late, 100, ends=now + DAY, status="PENDING")
    await points.give(late, 100, ends=now + DAY, warned=now - DAY)
    await points.give(dara, 0, ends=now + 2 * DAY)
    await points.give(dara, 100, ends=now + DAY, status="PENDING")
    await points.give(dara, 100, ends=now + DAY, warned=now - DAY)
    async with points.database.unit_of_work() as tx:
        unwarned = await queries.list_unwarned_owners(tx, now=now, before=before, limit=9)
        told = await queries.mark_warned(tx, user_id=dara, now=now, before=before, zone="UTC")
        again = await queries.mark_warned(tx, user_id=dara, now=now, before=before, zone="UTC")
        left = await queries.list_unwarned_owners(tx, now=now, before=before, limit=9)
    assert unwarned == sorted([dara, other])
    assert [(group.points, group.expires_on) for group in told] == [
        (20, (now + DAY).date()), (10, (before - SECOND).date()),
    ]  # fmt: skip
    assert (again, left) == ([], [other])


async def test_what_has_ended_is_taken_out_unless_a_hold_that_lives_keeps_it(points: Points) -> None:
    now = points.now
    ended, kept, in_time, pending, empty, part, lapsed, released = [await points.somebody() for _ in range(8)]
    await points.give(ended, 10, ends=now)
    await points.give(in_time, 10, ends=now + SECOND)
    await points.give(pending, 10, ends=now, status="PENDING")
    await points.give(empty, 0, ends=now)
    for user_id, kept_points, until, state in (
        (kept, 10, now + SECOND, "RESERVED"), (part, 9, None, "RESERVED"), (lapsed, 10, now, "RESERVED"),
        (released, 10, now + SECOND, "RELEASED"),
    ):  # fmt: skip
        lot_id = await points.give(user_id, 10, ends=now)
        await points.keep(user_id, lot_id, kept_points, until=until, state=state)
    async with points.database.read() as connection:
        owners = await queries.list_lapsed_owners(connection, now=now, limit=9)
    assert owners == sorted([ended, part, lapsed, released])


async def test_a_balance_counts_what_can_be_spent_now(points: Points) -> None:
    now, soon = points.now, points.now + 30 * DAY
    dara, other = await points.somebody(), await points.somebody()
    await points.give(other, 500, ends=now + DAY)
    lot_id = await points.give(dara, 100, ends=now + DAY)
    await points.give(dara, 20, ends=soon)
    await points.give(dara, 300, ends=now)
    await points.give(dara, 7, ends=None, status="PENDING")
    await points.keep(dara, lot_id, 30, until=now + SECOND)
    await points.keep(dara, lot_id, 40, until=now)
    await points.keep(dara, lot_id, 50, until=now + SECOND, state="RELEASED")
    all_kept = await points.give(dara, 5, ends=now + 2 * DAY)
    await points.keep(dara, all_kept, 5, until=None)
    async with points.database.read() as connection:
        standing = await queries.get_standing(connection, user_id=dara, now=now, soon=soon, zone="UTC")
    assert (standing.free, standing.pending, standing.reserved, standing.debt) == (70 + 20, 7, 35, 0)
    assert standing.expiring_soon == [{"points": 70, "expires_on": (now + DAY).date().isoformat()}]


async def test_what_is_set_aside_is_its_purchases_alone_and_ends_with_its_hold(points: Points) -> None:
    now = points.now
    dara = await points.somebody()
    lot_id = await points.give(dara, 100, ends=now + DAY)
    mine = await points.keep(dara, lot_id, 10, until=now + SECOND)
    ended = await points.keep(dara, lot_id, 10, until=now)
    spent = await points.keep(dara, lot_id, 10, until=None, state="CONSUMED")
    other = await points.keep(dara, lot_id, 10, until=now + SECOND)
    states = "SELECT purchase_id, state, expires_at FROM loyalty_reservations"

    async with points.database.unit_of_work() as tx:
        kept = [await queries.is_set_aside(tx, purchase_id=one, now=now) for one in (mine, ended, spent, new_id())]
        waits = [await queries.has_set_aside(tx, purchase_id=one) for one in (mine, ended, spent, new_id())]
        for one in (mine, spent):
            await queries.extend(tx, purchase_id=one, expires_at=now + DAY)
        for one in (ended, spent):
            await queries.release(tx, purchase_id=one)
        stand = {row["purchase_id"]: (row["state"], row["expires_at"]) for row in await tx.fetch(states)}
        for one in (mine, spent):
            await queries.forget_set_aside(tx, purchase_id=one)
        left = {row["purchase_id"] for row in await tx.fetch(states)}
    assert (kept, waits) == ([True, False, False, False], [True, True, False, False])
    assert stand == {
        mine: ("RESERVED", now + DAY), ended: ("RELEASED", now), spent: ("CONSUMED", None),
        other: ("RESERVED", now + SECOND),
    }  # fmt: skip
    assert left == {ended, spent, other}
