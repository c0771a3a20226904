"""Every movement of money leaves an entry: who, what, how much, under which reference."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.system import account_key

from sojourn.modules import PAYABLES
from sojourn.people.roles import Role
from sojourn.providers.work import Work
from sojourn.sales.payments import refunds
from sojourn.sales.payments.models import RefundState

TRAIL = """
SELECT action, actor_kind, actor_id, amount, currency, reference, request_id IS NOT NULL AS has_request, detail
  FROM audit_entries WHERE subject_id = $1 ORDER BY at, id
"""


async def trail_of(client: StorefrontClient, payment_id: str) -> list[dict[str, Any]]:
    return await client.rows(TRAIL, UUID(payment_id))


async def test_from_the_intent_to_the_refund(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    payment_id = booking["payment"]["id"]
    body = {"amount": "60.00", "reason": "Late guide"}
    read(await admin.post(f"/payments/{payment_id}/refund", json=body), 202)
    (refund,) = await derlg.rows("SELECT id, requested_by FROM refunds")
    assert refund["requested_by"] == admin.user_id
    for _ in range(2):
        await refunds.send(work, payables=PAYABLES, refund_id=refund["id"])
    trail = await trail_of(derlg, payment_id)
    assert [(act["action"], act["actor_kind"], act["actor_id"], act["amount"]) for act in trail] == [
        ("payment.opened", "USER", traveler.user_id, Decimal("200.00")),
        ("payment.captured", "PROVIDER", traveler.user_id, Decimal("200.00")),
        ("refund.requested", "USER", admin.user_id, Decimal("60.00")),
        ("refund.succeeded", "PROVIDER", None, Decimal("60.00")),
    ]
    assert {(act["currency"], act["reference"]) for act in trail} == {("USD", booking["booking_ref"])}
    assert [act["has_request"] for act in trail] == [True, True, True, False]
    assert trail[2]["detail"] == {"refund_id": str(refund["id"]), "cause": "STAFF"}


async def test_a_refund_that_fails_is_on_record_beside_its_success(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    """Banks send money back: the last word counts, and both stay."""
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    (row,) = await derlg.rows("SELECT id FROM refunds")
    await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
    now, rules = derlg.runtime.clock.now(), derlg.storefront.rules
    for _ in range(2):
        async with derlg.database.unit_of_work() as tx:
            await refunds.settle(tx, PAYABLES, rules, row["id"], RefundState.FAILED, "account_closed", None, now)
    trail = await trail_of(derlg, booking["payment"]["id"])
    assert [act["action"] for act in trail[2:]] == ["refund.requested", "refund.succeeded", "refund.failed"]
    assert trail[-1]["detail"] == {"refund_id": str(row["id"]), "failure": "account_closed"}


async def test_money_sent_once_though_our_own_note_of_it_was_lost(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    """We fall between the processor's answer and our commit; the next try must find that refund, not make another."""
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg, policy="STRICT"))
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    (row,) = await derlg.rows("SELECT id, amount FROM refunds")
    async with derlg.database.read() as connection:
        await connection.execute("ALTER TABLE audit_entries RENAME TO audit_entries_gone")
    try:
        with pytest.raises(Exception, match="audit_entries"):
            await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
    finally:
        async with derlg.database.read() as connection:
            await connection.execute("ALTER TABLE audit_entries_gone RENAME TO audit_entries")
    assert await derlg.rows("SELECT status, provider_refund_id FROM refunds") == [
        {"status": "PENDING", "provider_refund_id": None}
    ]
    await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
    intent_id = booking["payment"]["stripe_payment_intent_id"]
    await tell_all(derlg, sandbox, intent_id)
    (payment,) = await derlg.rows("SELECT refunded_amount FROM payments")
    assert payment["refunded_amount"] == row["amount"]
    assert len(await derlg.rows("SELECT id FROM refunds")) == 1, "the processor has made no second one"


async def test_the_processor_hears_why(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    """A duplicate is one; whatever else comes back was asked for by its customer."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intents = []
    for people in (1, 2):
        read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": people}))
        intents.append((await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"])
        (await pay(sandbox, intents[-1])).raise_for_status()
    for intent_id in reversed(intents):
        await tell_all(derlg, sandbox, intent_id)
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    for row in await derlg.rows("SELECT id FROM refunds"):
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
    async with httpx.AsyncClient(base_url=sandbox, headers={"Authorization": f"Bearer {account_key('derlg')}"}) as desk:
        found = [
            (await desk.get("/v1/refunds", params={"payment_intent": intent_id})).json()["data"]
            for intent_id in intents
        ]
    assert [[refund["reason"] for refund in of_one] for of_one in found] == [["duplicate"], ["requested_by_customer"]]
