"""kill -9 of the API, the worker and PostgreSQL while people book and pay: nothing paid is lost, nothing sold twice."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.mortal import Mortal, mortal_system
from tests.support.selling import MORE, pay, put_trip_on_sale
from tests.support.waiting import eventually

from sojourn.desk.invariants.service import check_all

pytestmark = pytest.mark.slow

DAY = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
TRAVELERS = 30
SEATS = 24

# Whole or not at all: a booking without its stock, price or trail, or one of these without a booking.
HALVES = """
SELECT b.booking_ref, 'no claim of its size' AS fault FROM bookings b
 WHERE NOT EXISTS (SELECT FROM claims c WHERE c.purchase_id = b.id AND c.quantity = b.people_count)
UNION ALL
SELECT b.booking_ref, 'its lines are not its price' FROM bookings b
 WHERE b.total_usd IS DISTINCT FROM (SELECT sum(l.amount) FROM price_lines l WHERE l.purchase_id = b.id)
UNION ALL
SELECT b.booking_ref, 'no trail' FROM bookings b
 WHERE (SELECT count(*) FROM audit_entries a WHERE a.subject_id = b.id AND a.action = 'booking.held') <> 1
UNION ALL
SELECT c.purchase_id::text, 'a claim of nobody' FROM claims c
 WHERE NOT EXISTS (SELECT FROM bookings b WHERE b.id = c.purchase_id)
UNION ALL
SELECT l.purchase_id::text, 'a price of nothing' FROM price_lines l
 WHERE NOT EXISTS (SELECT FROM bookings b WHERE b.id = l.purchase_id)
UNION ALL
SELECT a.reference, 'a trail of nothing' FROM audit_entries a
 WHERE a.action = 'booking.held' AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = a.subject_id)
"""
SOLD = """
SELECT coalesce(sum(c.quantity), 0)::int AS sold FROM claims c JOIN resources r ON r.id = c.resource_id
 WHERE r.owner_id = $1 AND c.released_at IS NULL
"""
# What was paid, and what came of it.
SETTLED = """
SELECT p.status, p.disposition, p.captured_amount = p.amount AS is_whole, b.status AS booking
  FROM payments p JOIN bookings b ON b.id = p.purchase_id WHERE p.provider_intent_id = $1
"""
POINTS = "SELECT count(*)::int AS entries FROM loyalty_transactions WHERE purchase_id = $1 AND kind = 'EARNED'"


# What other processes do, and how long it may take.
until = partial(eventually, seconds=120)


@dataclass
class Market:
    """What the travellers were told."""

    trip_id: UUID
    held: list[str] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    refused: list[httpx.Response] = field(default_factory=list)
    broken: int = 0

    async def buy(self, traveler: StorefrontClient, sandbox: str) -> None:
        """Hold, open the payment, pay in the browser, confirm: as far as the system lives."""
        body = {"trip_id": str(self.trip_id), "travel_date": DAY, "people_count": 1, **MORE}
        try:
            answer = await traveler.post("/bookings", json=body)
            if not answer.is_success:
                self.refused.append(answer)
                return
            booking = read(answer, 201)
            self.held.append(booking["id"])
            answer = await traveler.post("/payments/create-intent", json={"booking_id": booking["id"]})
            if not answer.is_success:
                self.refused.append(answer)
                return
            intent_id = read(answer, 201)["payment_intent_id"]
            (await pay(sandbox, intent_id)).raise_for_status()
            self.paid.append(intent_id)
            confirming = {"booking_id": booking["id"], "payment_intent_id": intent_id}
            answer = await traveler.post("/payments/confirm", json=confirming)
            if not answer.is_success:
                self.refused.append(answer)
        except httpx.TransportError:
            self.broken += 1


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Open to the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="sojourn-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
async def world(folder: Path) -> AsyncIterator[tuple[Mortal, StorefrontClient]]:
    async with mortal_system(folder) as (system, derlg):
        yield system, derlg


@pytest.fixture
async def system(world: tuple[Mortal, StorefrontClient]) -> Mortal:
    mortal, _derlg = world
    if "serve" not in mortal.running:
        mortal.start("serve")
    await until(mortal.is_ready, what="the API is ready")
    return mortal


@pytest.fixture
def derlg(world: tuple[Mortal, StorefrontClient]) -> StorefrontClient:
    return world[1]


async def _all_settled(system: Mortal, derlg: StorefrontClient, market: Market) -> None:
    """Webhooks come again until they are heard; what was paid during the fault is settled by them alone."""

    async def no_more_deliveries() -> bool:
        rows = await system.from_sandbox("/_sandbox/deliveries")
        return all(
            row["state"] in ("delivered", "dropped") for row in rows if row["event_type"] == "payment_intent.succeeded"
        )

    await until(no_more_deliveries, what="every webhook is delivered or lost for good")
    for intent_id in market.paid:
        rows = await derlg.rows(SETTLED, intent_id)
        assert [tuple(row.values()) for row in rows] == [("SUCCEEDED", "APPLIED", True, "CONFIRMED")], intent_id


async def _books_are_right(derlg: StorefrontClient, market: Market) -> None:
    assert await derlg.rows(HALVES) == []
    sold = (await derlg.rows(SOLD, market.trip_id))[0]["sold"]
    assert sold <= SEATS
    for booking_id in market.held:  # what somebody was promised is there
        assert len(await derlg.rows("SELECT FROM bookings WHERE id = $1", UUID(booking_id))) == 1
    confirmed = await derlg.rows("SELECT id FROM bookings WHERE trip_id = $1 AND status = 'CONFIRMED'", market.trip_id)
    assert len(confirmed) == len(market.paid)
    for row in confirmed:
        assert (await derlg.rows(POINTS, row["id"]))[0]["entries"] == 1
    async with derlg.database.read() as connection:
        assert await check_all(connection, now=derlg.runtime.clock.now()) == []


def _nothing_unforeseen(system: Mortal) -> None:
    said = system.said()
    assert "unhandled fault" not in said
    assert "deadlock" not in said


async def _storm(
    system: Mortal, derlg: StorefrontClient, strike: Callable[[Market], Awaitable[None]], *, paid_before: int
) -> Market:
    """Thirty travellers at once; `strike` when the first few have paid."""
    market = Market(await put_trip_on_sale(derlg, seats=SEATS))
    travelers = [await derlg.sign_in_as() for _ in range(TRAVELERS)]
    buying = [asyncio.create_task(market.buy(traveler, system.sandbox)) for traveler in travelers]

    async def is_time() -> bool:
        return len(market.paid) >= paid_before

    try:
        await until(is_time, what="some have paid")
        await strike(market)
    finally:
        await asyncio.gather(*buying)
    return market


async def test_the_api_is_killed_while_people_pay(system: Mortal, derlg: StorefrontClient) -> None:
    async def strike(_: Market) -> None:
        system.kill("serve")

    market = await _storm(system, derlg, strike, paid_before=5)
    assert market.broken, "nothing was in flight when it was killed"
    system.start("serve")
    await until(system.is_ready, what="the API is ready again")
    await _all_settled(system, derlg, market)
    await _books_are_right(derlg, market)
    _nothing_unforeseen(system)


async def test_nobody_answers_for_a_server_that_was_killed(system: Mortal) -> None:
    """Its processes would share the port with those of the next, and go on answering as the old version did."""
    server = system.running.pop("serve")
    answering = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    server.wait()

    async def all_are_gone() -> bool:
        return not any(process.is_running() for process in answering)

    assert answering
    await until(all_are_gone, what="its processes have ended")


async def test_a_lost_webhook_is_found_after_the_api_was_killed(system: Mortal, derlg: StorefrontClient) -> None:
    traveler = await derlg.sign_in_as()
    market = Market(await put_trip_on_sale(derlg, seats=SEATS))
    async with httpx.AsyncClient(base_url=system.sandbox, trust_env=False) as switch:
        await switch.put("/_sandbox/faults", json={"webhooks": {"drop": True}})
        body = {"trip_id": str(market.trip_id), "travel_date": DAY, "people_count": 1, **MORE}
        booking = read(await traveler.post("/bookings", json=body), 201)
        intent = read(await traveler.post("/payments/create-intent", json={"booking_id": booking["id"]}), 201)
        system.kill("serve")
        (await pay(system.sandbox, intent["payment_intent_id"])).raise_for_status()
        market.paid.append(intent["payment_intent_id"])

        async def is_dropped() -> bool:
            rows = await system.from_sandbox("/_sandbox/deliveries")
            return any(row["state"] == "dropped" for row in rows)

        await until(is_dropped, what="the webhook is lost")
        await switch.delete("/_sandbox/faults")
    system.start("serve")
    await until(system.is_ready, what="the API is ready again")
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"
    await asyncio.to_thread(system.command, "reconcile", "--storefront", "derlg", "--now")
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
    await _books_are_right(derlg, market)


async def test_postgresql_is_killed_while_people_pay(system: Mortal, derlg: StorefrontClient) -> None:
    api = system.running["serve"]
    away: list[httpx.Response] = []
    unlucky = await derlg.sign_in_as()
    body = {"trip_id": str(await put_trip_on_sale(derlg)), "travel_date": DAY, "people_count": 1, **MORE}
    booking = read(await unlucky.post("/bookings", json=body), 201)
    intent = read(await unlucky.post("/payments/create-intent", json={"booking_id": booking["id"]}), 201)
    intent_id: str = intent["payment_intent_id"]

    async def is_heard_in_vain() -> bool:
        events = (await system.from_sandbox("/v1/events", limit=20))["data"]
        about = {event["id"] for event in events if event["data"]["object"]["id"] == intent_id}
        rows = await system.from_sandbox("/_sandbox/deliveries")
        return any(sent["status"] == 503 for row in rows if row["event"] in about for sent in row["sent"])

    async def strike(market: Market) -> None:
        system.kill_postgres()
        away.extend(await asyncio.gather(*(derlg.visitor().get("/trips/featured") for _ in range(3))))
        away.append(await unlucky.get("/bookings/my"))
        # Money moves at the provider while we cannot write it down.
        (await pay(system.sandbox, intent_id)).raise_for_status()
        await until(is_heard_in_vain, what="a webhook is answered 503")
        system.restart_postgres()

    market = await _storm(system, derlg, strike, paid_before=5)
    assert {(a.status_code, a.json()["error"]["code"]) for a in away} == {(503, "TEMPORARILY_UNAVAILABLE")}
    for answer in market.refused:
        known = {(503, "TEMPORARILY_UNAVAILABLE"), (409, "SOLD_OUT")}
        assert (answer.status_code, answer.json()["error"]["code"]) in known
    await until(system.is_ready, what="the API has found the database again")
    assert system.running["serve"] is api
    assert api.poll() is None
    await _all_settled(system, derlg, market)
    assert read(await unlucky.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
    read(await unlucky.post("/bookings", json=body), 201)
    await _books_are_right(derlg, market)
    _nothing_unforeseen(system)


async def test_the_worker_is_killed_among_mails_and_refunds(system: Mortal, derlg: StorefrontClient) -> None:
    market = Market(await put_trip_on_sale(derlg, seats=SEATS, policy="FLEXIBLE"))
    travelers = [await derlg.sign_in_as() for _ in range(8)]
    await asyncio.gather(*(market.buy(traveler, system.sandbox) for traveler in travelers))
    await _all_settled(system, derlg, market)
    cancelled = market.held[:4]
    owners = {
        str(row["id"]): row["email"]
        for row in await derlg.rows(
            "SELECT b.id, u.email FROM bookings b JOIN users u ON u.id = b.user_id WHERE b.trip_id = $1", market.trip_id
        )
    }
    by_email = {traveler.email: traveler for traveler in travelers}
    for booking_id in cancelled:
        read(await by_email[owners[booking_id]].delete(f"/bookings/{booking_id}"))

    async def has_begun() -> bool:
        return bool(await system.from_sandbox("/mail", limit=1)) and bool(await _refunds(system))

    async def is_done() -> bool:
        rows = await derlg.rows("SELECT status FROM pgqueuer WHERE status IN ('queued', 'picked') LIMIT 1")
        return not rows

    for moment in (has_begun, is_done):
        system.start("worker")
        await until(moment, what="the worker works")
        system.kill("worker")
    refunds = await _refunds(system)
    per_intent = Counter(refund["payment_intent"] for refund in refunds if refund["payment_intent"] in market.paid)
    assert sorted(per_intent.values()) == [1] * len(cancelled)
    mails = [mail for mail in await system.from_sandbox("/mail", limit=1000) if mail["to"][0] in by_email]
    kinds = Counter((mail["to"][0], mail["tags"]["kind"]) for mail in mails)
    assert set(kinds.values()) == {1}, kinds
    assert Counter(kind for _, kind in kinds) == {
        "booking_confirmed": 8, "booking_cancelled": 4, "refund_issued": 4,
    }  # fmt: skip
    rows = await derlg.rows(
        "SELECT p.status, r.status AS refund FROM payments p JOIN refunds r ON r.payment_id = p.id "
        "JOIN bookings b ON b.id = p.purchase_id WHERE b.trip_id = $1", market.trip_id,
    )  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [("REFUNDED", "SUCCEEDED")] * len(cancelled)
    async with derlg.database.read() as connection:
        assert await check_all(connection, now=derlg.runtime.clock.now()) == []
    _nothing_unforeseen(system)


async def _refunds(system: Mortal) -> list[dict[str, Any]]:
    refunds: list[dict[str, Any]] = (await system.from_sandbox("/v1/refunds", limit=100))["data"]
    return refunds
