"""A webhook in whose middle something breaks or changes: it is ours as things then are, or the sender comes again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import events_of, hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell
from tests.support.waiting import eventually

# What a connection does that is cut while it writes that money has come.
CUT = """
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END $$;
CREATE TRIGGER cut BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION cut();
"""


@asynccontextmanager
async def in_the_schema(client: StorefrontClient, change: str, back: str) -> AsyncIterator[None]:
    async with client.database.read() as connection:
        await connection.execute(change)
    try:
        yield
    finally:
        async with client.database.read() as connection:
            await connection.execute(back)


async def somebody_waits(client: StorefrontClient) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await client.rows(query))


async def success_of(sandbox: str, intent_id: str) -> dict[str, Any]:
    events = await events_of(sandbox, intent_id)
    return next(event for event in events if event["type"] == "payment_intent.succeeded")


async def test_a_lost_connection_leaves_the_event_with_its_sender(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent_id = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    (await pay(sandbox, intent_id)).raise_for_status()
    event = await success_of(sandbox, intent_id)
    async with in_the_schema(derlg, CUT, "DROP FUNCTION cut() CASCADE"):
        assert refusal(await tell(derlg, event), 503) == "TEMPORARILY_UNAVAILABLE"
    assert await derlg.rows("SELECT event_id FROM inbox") == [], "it was never said to be ours"
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"
    assert read(await tell(derlg, event))["status"] == "processed"
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"


async def test_what_was_handled_stays_handled_whatever_breaks_when_it_is_told_again(
    derlg: StorefrontClient, sandbox: str
) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    event = await success_of(sandbox, booking["payment"]["stripe_payment_intent_id"])
    gone, back = "ALTER TABLE payments RENAME TO payments_gone", "ALTER TABLE payments_gone RENAME TO payments"
    async with in_the_schema(derlg, gone, back):
        assert read(await tell(derlg, event))["status"] == "already_processed"
    rows = await derlg.rows("SELECT handled_at IS NOT NULL AS is_handled, last_error FROM inbox WHERE name = $1",
                            event["type"])  # fmt: skip
    assert rows == [{"is_handled": True, "last_error": None}]


async def test_money_that_was_judged_before_its_booking_was_cancelled_is_judged_again(
    derlg: StorefrontClient, sandbox: str
) -> None:
    """The webhook has read an open hold without a lock; before it can write, the hold is cancelled."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent_id = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    (await pay(sandbox, intent_id)).raise_for_status()
    event = await success_of(sandbox, intent_id)
    cancel = "UPDATE bookings SET status = 'CANCELLED', cancelled_at = now(), version = version + 1 WHERE id = $1"
    async with derlg.database.unit_of_work() as tx:
        await tx.execute(cancel, UUID(booking["id"]))
        telling = asyncio.create_task(tell(derlg, event))
        await eventually(partial(somebody_waits, derlg), what="the webhook waits for the booking")
    assert read(await telling)["status"] == "processed"
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CANCELLED"
    rows = await derlg.rows(
        "SELECT p.disposition, r.cause, r.amount = p.captured_amount AS is_whole "
        "FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id"
    )
    assert [tuple(row.values()) for row in rows] == [("CANCELLED_PURCHASE", "CANCELLED_PURCHASE", True)]
    assert await derlg.rows("SELECT id FROM loyalty_transactions") == []
