"""A webhook judges a booking without locking it, and writes if it is still as it was judged: here it is not.

Each change is made by a transaction that has the booking locked when the webhook comes to write.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import events_of, hold, open_intent, pay, put_trip_on_sale, tell
from tests.support.waiting import eventually

from sojourn.modules import PAYABLES
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work
from sojourn.sales.effects import CANCEL_INTENT
from sojourn.sales.payments.settlement import arrival_of, settle

WAITS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
LOCK_BOOKING = "SELECT FROM bookings WHERE id = $1 FOR UPDATE"
LOCK_THE_REST = """
SELECT (SELECT count(*) FROM (SELECT FROM payments WHERE purchase_id = $1 FOR UPDATE NOWAIT) AS p)
     + (SELECT count(*) FROM (SELECT FROM claims WHERE purchase_id = $1 FOR UPDATE NOWAIT) AS c) AS locked
"""
BECAME = """
SELECT b.status, b.paid_usd::text AS paid, p.disposition, p.captured_amount::text AS captured,
       (SELECT count(*) FROM refunds r WHERE r.payment_id = p.id) AS refunds,
       (SELECT count(*) FROM loyalty_lots l WHERE l.purchase_id = b.id) AS lots,
       (SELECT count(*) FROM claims WHERE purchase_id = b.id AND released_at IS NULL AND expires_at IS NULL) AS kept,
       (SELECT count(*) FROM pgqueuer q WHERE q.entrypoint = 'mail.booking_confirmed') AS mails,
       (SELECT string_agg(i.outcome, ' ') FROM inbox i) AS outcomes
  FROM bookings b JOIN payments p ON p.purchase_id = b.id AND p.reference <> 'ANOTHER' WHERE b.id = $1
"""
CONFIRMED = {
    "status": "CONFIRMED", "paid": "200.00", "disposition": "APPLIED", "captured": "200.00", "refunds": 0, "lots": 1,
    "kept": 1, "mails": 1, "outcomes": "APPLIED",
}  # fmt: skip

ANOTHER = """
INSERT INTO payments (id, purchase_kind, purchase_id, user_id, reference, provider, provider_intent_id, amount,
                      currency, status, method, is_live, created_at, updated_at)
SELECT $2, purchase_kind, purchase_id, user_id, 'ANOTHER', provider, 'pi_another', amount, currency, 'PENDING', method,
       is_live, now(), now()
  FROM payments WHERE purchase_id = $1
"""


class Told:
    """A held booking that is paid, and the event that says so."""

    def __init__(self, derlg: StorefrontClient, sandbox: str, work: Work) -> None:
        self.derlg, self.sandbox, self.work = derlg, sandbox, work

    async def sell(self) -> None:
        traveller = await self.derlg.sign_in_as()
        self.id = UUID((await hold(traveller, await put_trip_on_sale(self.derlg)))["id"])
        self.intent_id = (await open_intent(traveller, booking_id=str(self.id)))["payment_intent_id"]
        (await pay(self.sandbox, self.intent_id)).raise_for_status()
        events = await events_of(self.sandbox, self.intent_id)
        self.event = next(event for event in events if event["type"] == "payment_intent.succeeded")

    async def while_it_waits(self, change: Callable[["Told", Connection], Awaitable[object]]) -> dict[str, Any]:
        """What became of it when `change` was committed before the webhook could write."""
        async with self.derlg.database.unit_of_work() as tx:
            await tx.execute(LOCK_BOOKING, self.id)
            answering = asyncio.create_task(tell(self.derlg, self.event))
            await eventually(self._is_waited_for)
            await change(self, tx)
        assert read(await answering)["status"] == "processed"
        (became,) = await self.derlg.rows(BECAME, self.id)
        return became

    async def _is_waited_for(self) -> bool:
        return bool(await self.derlg.rows(WAITS))


@pytest.fixture
async def told(derlg: StorefrontClient, sandbox: str, work: Work) -> Told:
    made = Told(derlg, sandbox, work)
    await made.sell()
    return made


async def be_cancelled(told: Told, tx: Connection) -> None:
    await tx.execute("UPDATE bookings SET status = 'CANCELLED', version = version + 1 WHERE id = $1", told.id)


async def be_extended(told: Told, tx: Connection) -> None:
    await tx.execute(
        "UPDATE bookings SET reserved_until = reserved_until + interval '15 minutes', version = version + 1"
        " WHERE id = $1",
        told.id,
    )


async def lose_the_stock(told: Told, tx: Connection) -> None:
    await tx.execute("UPDATE claims SET released_at = now() WHERE purchase_id = $1", told.id)


async def be_superseded(told: Told, tx: Connection) -> None:
    await tx.execute("UPDATE payments SET closed_at = now() WHERE purchase_id = $1", told.id)


async def be_settled(told: Told, tx: Connection) -> None:
    """The customer's own `confirm` was quicker."""
    intent = await told.work.vendors.payments.get_intent(intent_id=told.intent_id)
    now = told.work.runtime.clock.now()
    arrival = arrival_of(intent, provider="stripe", event=None, reported_at=now, origin=SYSTEM_ORIGIN)
    await settle(tx, arrival=arrival, payables=PAYABLES, storefront=told.derlg.storefront, now=now)


@pytest.mark.parametrize("change", [be_extended, lose_the_stock, be_superseded])
async def test_what_still_may_be_confirmed_is(
    told: Told, change: Callable[[Told, Connection], Awaitable[None]]
) -> None:
    """A hold that was lengthened, whose stock must be taken again, whose payment another one was to replace."""
    assert await told.while_it_waits(change) == CONFIRMED


async def be_replaced(told: Told, tx: Connection) -> None:
    """The customer has chosen another way to pay."""
    await be_superseded(told, tx)
    await tx.execute(ANOTHER, told.id, new_id())


async def test_when_it_pays_after_all_nobody_pays_by_what_took_its_place(told: Told) -> None:
    became = await told.while_it_waits(be_replaced)
    assert became["status"] == "CONFIRMED"
    payments = (
        "SELECT reference, closed_at IS NULL AS is_open, disposition FROM payments ORDER BY reference = 'ANOTHER'"
    )
    assert [(row["is_open"], row["disposition"]) for row in await told.derlg.rows(payments)] == [
        (False, "APPLIED"), (False, None),
    ]  # fmt: skip
    called_off = "SELECT count(*) FROM pgqueuer WHERE entrypoint = $1"
    assert await told.derlg.rows(called_off, CANCEL_INTENT) == [{"count": 1}]


async def test_what_was_cancelled_is_not_confirmed(told: Told) -> None:
    became = await told.while_it_waits(be_cancelled)
    assert (became["status"], became["disposition"], became["refunds"]) == ("CANCELLED", "CANCELLED_PURCHASE", 1)
    assert (became["lots"], became["mails"], became["outcomes"]) == (0, 0, "CANCELLED_PURCHASE")


async def test_what_was_settled_is_not_settled_twice(told: Told) -> None:
    assert await told.while_it_waits(be_settled) == CONFIRMED | {"outcomes": "already_settled"}


async def test_the_purchase_is_locked_before_its_payment(told: Told) -> None:
    """While it waits for the booking, nobody has to wait for it: the lock law of money."""

    async def lock_the_rest(told: Told, tx: Connection) -> None:
        assert await tx.fetchval(LOCK_THE_REST, told.id) == 2

    assert await told.while_it_waits(lock_the_rest) == CONFIRMED
