"""A webhook that brings money: one transaction, two statements, and the same law as the long way."""

from typing import Any

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.selling import events_of, hold, open_intent, pay, put_trip_on_sale, tell

# Said after the commit, or by the driver that meets a type for the first time.
NOT_OF_THE_WEBHOOK = ("'jit'", "typeinfo")


async def paid(derlg: StorefrontClient, sandbox: str) -> tuple[StorefrontClient, str, dict[str, Any]]:
    """A traveller, a held booking and the event that its money has arrived."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent_id = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    (await pay(sandbox, intent_id)).raise_for_status()
    events = await events_of(sandbox, intent_id)
    return traveler, booking["id"], next(event for event in events if event["type"] == "payment_intent.succeeded")


async def status_of(traveler: StorefrontClient, booking_id: str) -> str:
    status: str = read(await traveler.get(f"/bookings/{booking_id}"))["status"]
    return status


async def test_a_webhook_reads_and_writes(derlg: StorefrontClient, sandbox: str) -> None:
    _traveler, _booking_id, event = await paid(derlg, sandbox)
    async with derlg.statements() as statements:
        assert read(await tell(derlg, event))["status"] == "processed"
    said = [statement for statement in statements if not any(word in statement for word in NOT_OF_THE_WEBHOOK)]
    # The booking with its payment; then everything at once, which is a transaction of its own.
    assert [statement.split()[0] for statement in said] == ["SELECT", "WITH"], said
    (kept,) = await derlg.rows("SELECT name, outcome, handled_at IS NOT NULL AS is_handled, payload FROM inbox")
    assert (kept["name"], kept["outcome"], kept["is_handled"]) == ("payment_intent.succeeded", "APPLIED", True)
    assert event["id"] in kept["payload"]


@pytest.mark.parametrize("kind", ["BOOKING", "ORDER", "CONSULTATION", "", None])
async def test_metadata_that_name_another_purchase_pay_for_nothing_else(
    derlg: StorefrontClient, sandbox: str, kind: str | None
) -> None:
    payer, paid_for, event = await paid(derlg, sandbox)
    other, not_paid_for, _event = await paid(derlg, sandbox)
    event["data"]["object"]["metadata"] |= {"booking_id": not_paid_for, "order_id": not_paid_for}
    event["data"]["object"]["metadata"]["purchase_kind"] = kind or ""
    if kind is None:
        del event["data"]["object"]["metadata"]["purchase_kind"]
    assert read(await tell(derlg, event))["status"] == "processed"
    assert (await status_of(payer, paid_for), await status_of(other, not_paid_for)) == ("CONFIRMED", "RESERVED")


async def test_unknown_money_is_told_once(derlg: StorefrontClient, sandbox: str) -> None:
    _traveler, _booking_id, event = await paid(derlg, sandbox)
    event["data"]["object"] |= {"id": "pi_unknown", "metadata": {"storefront": "derlg"}}
    answers = [read(await tell(derlg, event))["status"] for _ in range(2)]
    assert answers == ["processed", "already_processed"]
    # Not the queue's doing, which keeps one alert of a kind: the first is out of its way.
    await derlg.rows("DELETE FROM pgqueuer")
    await tell(derlg, event)
    assert await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'mail.staff_alert'") == []
