"""Holds and payments of one moment share a transaction. Two such transactions, of two processes, want the same rows in
opposite orders; and what goes wrong with one must not be the others' loss.

The controls deadlock when the order of the locks is taken out: else the races would prove nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import MORE, TRAVEL_DATE, events_of, hold, open_intent, pay, put_trip_on_sale, tell
from tests.support.waiting import eventually

from sojourn.modules import PAYABLES
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.bookings import queries, service
from sojourn.sales.bookings.models import BookingIn
from sojourn.sales.payments import settlement
from sojourn.sales.payments.settlement import Told, arrival_of, judge_plainly, settle_plainly

WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
# The transaction that has written a row last.
SHARED = "SELECT FROM bookings GROUP BY xmin::text HAVING count(*) > 1"


@pytest.fixture(autouse=True)
def all_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait for each other until PostgreSQL finds the deadlock, not until they lose patience."""
    for module in (queries, settlement):
        monkeypatch.setattr(module, "LOCK_PATIENCE_MS", 60_000)


@asynccontextmanager
async def kept_by_another(client: StorefrontClient, statement: str, *ids: UUID) -> AsyncIterator[None]:
    """Two have come as far as those rows, and wait; when the block ends they may go on."""
    other = await asyncpg.connect(client.database.dsn)
    try:
        async with other.transaction():
            await other.execute(statement, list(ids))
            yield
            await eventually(lambda: two_wait(client))
    finally:
        await other.close()


async def two_wait(client: StorefrontClient) -> bool:
    return len(await client.rows(WAITING)) == 2


async def outcomes(*tasks: Awaitable[object]) -> list[str]:
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(type(outcome).__name__ for outcome in ended if isinstance(outcome, BaseException))


class Holding:
    """Two transactions hold places of the same two boats, the one from the first to the second, the other back; in the
    middle each has a customer who is kept."""

    def __init__(self, derlg: StorefrontClient) -> None:
        self.derlg = derlg

    async def run(self) -> list[str]:
        boats = [await put_trip_on_sale(self.derlg) for _ in range(2)]
        lake = await put_trip_on_sale(self.derlg)
        kept = [(await self.derlg.sign_in_as()).user_id for _ in range(2)]
        there = [await self._wanted(boats[0]), await self._wanted(lake, kept[0]), await self._wanted(boats[1])]
        back = [await self._wanted(boats[1]), await self._wanted(lake, kept[1]), await self._wanted(boats[0])]
        async with kept_by_another(self.derlg, "SELECT FROM users WHERE id = ANY ($1) FOR UPDATE", *kept):
            tasks = [asyncio.create_task(self._hold(wanted)) for wanted in (there, back)]
        return await outcomes(*tasks)

    async def _wanted(self, trip_id: UUID, user_id: UUID | None = None) -> queries.Hold:
        body = BookingIn(trip_id=trip_id, travel_date=TRAVEL_DATE, people_count=1, pickup_location="Lobby")
        user_id = user_id or (await self.derlg.sign_in_as()).user_id
        storefront, now = self.derlg.storefront, self.derlg.runtime.clock.now()
        async with self.derlg.database.read() as connection:
            offer = await service.read_offer(connection, storefront=storefront, user_id=user_id, body=body, now=now)
        return service.make_hold(
            offer, body, storefront=storefront, user_id=user_id, language="en", now=now, origin=SYSTEM_ORIGIN
        )

    async def _hold(self, wanted: Sequence[queries.Hold]) -> None:
        async with self.derlg.database.read() as connection:
            await queries.hold(connection, holds=wanted)


async def test_holds_in_opposite_orders_wait_for_each_other(derlg: StorefrontClient) -> None:
    assert await Holding(derlg).run() == []
    assert len(await derlg.rows("SELECT FROM bookings")) == 6


async def test_control_without_the_locks_holds_deadlock(
    derlg: StorefrontClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_HOLD", queries._HOLD.replace("ORDER BY id FOR NO KEY UPDATE", ""))
    assert await Holding(derlg).run() == ["Unavailable"]  # a deadlock's victim
    assert len(await derlg.rows("SELECT FROM bookings")) == 3


class Paying:
    """Two transactions are told of the same two payments, the one from the first to the second, the other back; in the
    middle each has one of its own, whose booking is kept."""

    def __init__(self, derlg: StorefrontClient, sandbox: str, work: Work) -> None:
        self.derlg, self.sandbox, self.work = derlg, sandbox, work

    async def run(self) -> list[str]:
        first, *kept, second = [await self.paid() for _ in range(4)]
        there, back = [first, kept[0], second], [second, kept[1], first]
        bookings = [UUID(told.arrival.metadata["booking_id"]) for told in kept]
        async with kept_by_another(self.derlg, "SELECT FROM bookings WHERE id = ANY ($1) FOR UPDATE", *bookings):
            tasks = [asyncio.create_task(self._settle(told)) for told in (there, back)]
        return await outcomes(*tasks)

    async def paid(self) -> Told:
        customer = await self.derlg.sign_in_as()
        booking = await hold(customer, await put_trip_on_sale(self.derlg))
        intent_id = (await open_intent(customer, booking_id=booking["id"]))["payment_intent_id"]
        (await pay(self.sandbox, intent_id)).raise_for_status()
        intent = await self.work.vendors.payments.get_intent(intent_id=intent_id)
        now = self.derlg.runtime.clock.now()
        arrival = arrival_of(intent, provider="stripe", event=None, reported_at=now, origin=SYSTEM_ORIGIN)
        return Told(arrival=arrival, payables=PAYABLES, storefront=self.derlg.storefront, now=now)

    async def _settle(self, told: Sequence[Told]) -> None:
        async with self.derlg.database.read() as connection:
            judged = [one for one in await judge_plainly(connection, told) if one is not None]
            assert await settle_plainly(connection, judged) == [True, True, True]


async def confirmed(derlg: StorefrontClient) -> int:
    return len(await derlg.rows("SELECT FROM bookings WHERE status = 'CONFIRMED'"))


async def test_payments_in_opposite_orders_wait_for_each_other(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    assert await Paying(derlg, sandbox, work).run() == ["ChangedMeanwhileError"]  # who comes second looks again
    assert await confirmed(derlg) == 3


async def test_control_without_the_order_payments_deadlock(
    derlg: StorefrontClient, sandbox: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_they_came(_name: str) -> object:
        return lambda _settlement: 0

    monkeypatch.setattr(settlement, "attrgetter", as_they_came)
    assert await Paying(derlg, sandbox, work).run() == ["Unavailable"]
    assert await confirmed(derlg) == 3


async def test_a_purchase_is_settled_once(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    """Its money is told of twice, and both were judged before either is written."""
    paying = Paying(derlg, sandbox, work)
    one, other = await paying.paid(), await paying.paid()
    async with derlg.database.unit_of_work() as tx:
        judged = [settlement for settlement in await judge_plainly(tx, [one, other, one]) if settlement is not None]
        assert await settle_plainly(tx, judged) == [True, True, False]
    assert await confirmed(derlg) == 2


async def test_a_rush_shares_and_sells_what_there_is(derlg: StorefrontClient) -> None:
    """Thirty want the last five places of one boat, ten go by another: nobody is refused for a neighbour's sake."""
    scarce, plenty = await put_trip_on_sale(derlg, seats=5), await put_trip_on_sale(derlg, seats=50)
    wanted = [scarce, plenty, scarce] * 10
    travellers = [await derlg.sign_in_as() for _ in wanted]
    answers = await asyncio.gather(*(ask(one, trip) for one, trip in zip(travellers, wanted, strict=True)))
    assert await have_shared(derlg)
    by_trip = {trip: [a for a, t in zip(answers, wanted, strict=True) if t == trip] for trip in (scarce, plenty)}
    assert [answer for answer, _ in by_trip[plenty]] == [201] * 10
    assert sorted(answer for answer, _ in by_trip[scarce]) == [201] * 5 + [409] * 15
    refused = {(body["error"]["code"], str(body["error"]["details"])) for s, body in by_trip[scarce] if s == 409}
    expected = {"day": TRAVEL_DATE.isoformat(), "requested": 1, "available": 0, "resource": "DEPARTURE"}
    assert refused == {("SOLD_OUT", str(expected))}
    assert await derlg.rows("SELECT sum(quantity)::integer AS n FROM claims WHERE released_at IS NULL") == [{"n": 15}]


async def have_shared(client: StorefrontClient) -> bool:
    return bool(await client.rows(SHARED))


async def ask(traveller: StorefrontClient, trip: UUID) -> tuple[int, dict[str, dict[str, object]]]:
    body = {"trip_id": str(trip), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 1, **MORE}
    answer = await traveller.post("/bookings", json=body)
    return answer.status_code, answer.json()


async def test_payments_of_one_moment_each_told_twice(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    """One of their bookings is cancelled meanwhile: its money goes back, the others are confirmed, each once."""
    trip = await put_trip_on_sale(derlg, seats=50)
    events, bookings = [], []
    for _ in range(9):
        traveller = await derlg.sign_in_as()
        bookings.append((await hold(traveller, trip))["id"])
        intent_id = (await open_intent(traveller, booking_id=bookings[-1]))["payment_intent_id"]
        (await pay(sandbox, intent_id)).raise_for_status()
        told = await events_of(sandbox, intent_id)
        events.append(next(event for event in told if event["type"] == "payment_intent.succeeded"))
    await cancel_silently(derlg, UUID(bookings[4]))
    answers = await asyncio.gather(*(tell(derlg, event) for event in both_ways(events)))
    assert await have_shared(derlg)
    assert {read(answer)["status"] for answer in answers} <= {"processed", "already_processed"}
    became = {str(row["id"]): row["status"] for row in await derlg.rows("SELECT id, status FROM bookings")}
    assert became == {booking: "CANCELLED" if n == 4 else "CONFIRMED" for n, booking in enumerate(bookings)}
    (sums,) = await derlg.rows(
        "SELECT (SELECT count(*) FROM loyalty_lots) AS lots, (SELECT count(*) FROM refunds) AS refunds,"
        " (SELECT count(*) FROM pgqueuer WHERE entrypoint = 'mail.booking_confirmed') AS mails,"
        " (SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL) AS handled"
    )
    assert sums == {"lots": 8, "refunds": 1, "mails": 8, "handled": 9}


async def cancel_silently(derlg: StorefrontClient, booking_id: UUID) -> None:
    """As another process would, a moment ago."""
    await derlg.rows("UPDATE bookings SET status = 'CANCELLED', version = version + 1 WHERE id = $1", booking_id)


def both_ways(events: Sequence[dict[str, object]]) -> Iterator[dict[str, object]]:
    yield from events
    yield from reversed(events)
