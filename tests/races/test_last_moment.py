"""A hold is kept in the very moment in which it ends: its owner extends or pays for it while another takes the seat.

Each has looked at the clock before it waits for anything, so two clocks a moment apart stand for two slow requests.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import MORE, TRAVEL_DATE, hold, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.waiting import eventually

from sojourn.modules import PAYABLES
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.bookings import changes, service
from sojourn.sales.bookings.models import BookingIn, ChangeIn
from sojourn.sales.payments.settlement import arrival_of, settle

A_MOMENT = timedelta(milliseconds=1)


class LastSeat:
    """The last seat of a trip, held by `owner` until `ends_at`; `other` would have it too."""

    def __init__(self, derlg: StorefrontClient, clock: FrozenClock) -> None:
        self.derlg = derlg
        self.clock = clock

    async def sell(self, sandbox: str) -> None:
        self.owner, self.other = await self.derlg.sign_in_as(), await self.derlg.sign_in_as()
        self.trip_id = await put_trip_on_sale(self.derlg, seats=1)
        self.booking = await hold(self.owner, self.trip_id, people=1)
        self.ends_at = datetime.fromisoformat(self.booking["reserved_until"])
        self.intent_id = (await open_intent(self.owner, booking_id=self.booking["id"]))["payment_intent_id"]
        (await pay(sandbox, self.intent_id)).raise_for_status()

    async def taken_by_the_other(self) -> httpx.Response:
        """A moment after the end."""
        self.clock.advance(self.ends_at + A_MOMENT - self.clock.now())
        body = {"trip_id": str(self.trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 1, **MORE}
        return await self.other.post("/bookings", json=body)

    def a_moment_before(self) -> None:
        """What comes now has looked at the clock before the end."""
        self.clock.advance(self.ends_at - A_MOMENT - self.clock.now())

    async def read(self) -> Any:
        return read(await self.owner.get(f"/bookings/{self.booking['id']}"))

    async def places_given_away(self) -> int:
        rows = await self.derlg.rows(
            "SELECT coalesce(sum(c.quantity), 0)::int AS taken FROM claims c JOIN resources r ON r.id = c.resource_id "
            "WHERE r.owner_id = $1 AND c.released_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > $2)",
            self.trip_id, self.clock.now(),
        )  # fmt: skip
        taken: int = rows[0]["taken"]
        return taken


@pytest.fixture
async def seat(derlg: StorefrontClient, clock: FrozenClock, sandbox: str) -> LastSeat:
    made = LastSeat(derlg, clock)
    await made.sell(sandbox)
    return made


async def extend(seat: LastSeat, _work: Work, tx: Connection) -> None:
    await service.extend_hold(
        tx, storefront=seat.derlg.storefront, user_id=seat.owner.user_id, booking_id=UUID(seat.booking["id"]),
        now=seat.ends_at - A_MOMENT,
    )  # fmt: skip


async def be_paid(seat: LastSeat, work: Work, tx: Connection) -> None:
    before = seat.ends_at - A_MOMENT
    intent = await work.vendors.payments.get_intent(intent_id=seat.intent_id)
    arrival = arrival_of(intent, provider="stripe", event=None, reported_at=before, origin=SYSTEM_ORIGIN)
    assert await settle(
        tx, arrival=arrival, payables=PAYABLES, storefront=seat.derlg.storefront, now=before
    ) == "APPLIED"  # fmt: skip


Keep = Callable[[LastSeat, Work, Connection], Awaitable[None]]


@pytest.mark.parametrize("keep", [extend, be_paid])
async def test_kept_before_the_other_looks(seat: LastSeat, work: Work, keep: Keep) -> None:
    async with seat.derlg.database.unit_of_work() as tx:
        await keep(seat, work, tx)
        # Not committed yet: what the other can see is a hold that has lapsed.
        answer = await seat.taken_by_the_other()
    assert refusal(answer, 409) == "SOLD_OUT"
    assert await seat.places_given_away() == 1


async def test_extended_after_the_other_has_it(seat: LastSeat) -> None:
    read(await seat.taken_by_the_other(), 201)
    seat.a_moment_before()
    assert refusal(await seat.owner.post(f"/bookings/{seat.booking['id']}/extend"), 409) == "HOLD_NOT_OPEN"
    assert await seat.places_given_away() == 1


async def test_paid_after_the_other_has_it(seat: LastSeat, sandbox: str) -> None:
    read(await seat.taken_by_the_other(), 201)
    seat.a_moment_before()
    assert set(await tell_all(seat.derlg, sandbox, seat.intent_id)) == {"processed"}
    assert await seat.places_given_away() == 1
    rows = await seat.derlg.rows(
        "SELECT p.disposition, r.amount FROM payments p JOIN refunds r ON r.payment_id = p.id WHERE p.purchase_id = $1",
        UUID(seat.booking["id"]),
    )
    assert [(row["disposition"], f"{row['amount']:.2f}") for row in rows] == [("LATE", "100.00")]


async def test_paid_while_the_other_takes_it(seat: LastSeat, sandbox: str) -> None:
    """The money is judged before the other's hold is committed, and written after it."""
    seat.a_moment_before()
    body = BookingIn(trip_id=seat.trip_id, travel_date=TRAVEL_DATE, people_count=1, pickup_location="Lobby")
    async with seat.derlg.database.unit_of_work() as tx:
        await service.hold_within(
            tx, storefront=seat.derlg.storefront, user_id=seat.other.user_id, body=body, language="en",
            now=seat.ends_at + A_MOMENT, origin=SYSTEM_ORIGIN,
        )  # fmt: skip
        telling = asyncio.create_task(tell_all(seat.derlg, sandbox, seat.intent_id))
        await eventually(partial(somebody_waits, seat.derlg))
    assert set(await telling) == {"processed"}
    assert await seat.places_given_away() == 1
    assert await seat.derlg.rows("SELECT disposition FROM payments") == [{"disposition": "LATE"}]


async def test_paid_after_the_other_gave_it_back(seat: LastSeat, sandbox: str) -> None:
    """The seat was taken over and is free again: who has paid in time gets it."""
    others = read(await seat.taken_by_the_other(), 201)
    read(await seat.other.delete(f"/bookings/{others['id']}"))
    seat.a_moment_before()
    await tell_all(seat.derlg, sandbox, seat.intent_id)
    after = await seat.read()
    assert (after["status"], after["paid_usd"]) == ("CONFIRMED", "100.00")
    assert await seat.places_given_away() == 1


async def test_a_change_that_is_waited_for_is_no_end(seat: LastSeat) -> None:
    """It claims anew, under the lock that the payment waits for."""
    async with seat.derlg.database.unit_of_work() as tx:
        await changes.modify(
            tx, storefront=seat.derlg.storefront, user_id=seat.owner.user_id, booking_id=UUID(seat.booking["id"]),
            body=ChangeIn(travel_date=TRAVEL_DATE + timedelta(days=1)), now=seat.clock.now(), origin=SYSTEM_ORIGIN,
        )  # fmt: skip
        paying = asyncio.create_task(open_intent(seat.owner, booking_id=seat.booking["id"]))
        await eventually(partial(somebody_waits, seat.derlg))
    assert (await paying)["amount"] == "100.00"


async def somebody_waits(client: StorefrontClient) -> bool:
    rows = await client.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(rows)
