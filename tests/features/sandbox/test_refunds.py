"""Money that goes back: whole, in parts, never more than was taken; and disputes."""

import httpx
import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Receiver, Shop


async def test_a_full_refund_happens_once(shop: Shop) -> None:
    paid = await shop.paid(amount=5000)
    refund = await shop.stripe.v1.refunds.create_async(
        {"payment_intent": paid.id, "reason": "requested_by_customer", "metadata": {"booking": "DLG-7"}}
    )
    assert (refund.amount, refund.status, refund.payment_intent) == (5000, "succeeded", paid.id)
    charge = await shop.stripe.v1.charges.retrieve_async(str(paid.latest_charge))
    assert charge.refunded
    assert charge.amount_refunded == 5000
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id})
    assert refusal.value.code == "charge_already_refunded"
    assert (await shop.event_types())[-2:] == ["refund.created", "charge.refunded"]


async def test_parts_add_up_to_what_was_taken_and_no_further(shop: Shop) -> None:
    paid = await shop.paid(amount=5000)
    charge_id = str(paid.latest_charge)
    first = await shop.stripe.v1.refunds.create_async({"charge": charge_id, "amount": 1200})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.refunds.create_async({"charge": charge_id, "amount": 3801})
    assert (refusal.value.http_status, refusal.value.param) == (400, "amount")
    rest = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id})
    assert rest.amount == 3800
    listed = await shop.stripe.v1.refunds.list_async({"payment_intent": paid.id, "expand": ["data.charge"]})
    assert [refund.id for refund in listed.data] == [rest.id, first.id]
    assert isinstance(listed.data[0].charge, stripe.Charge)
    assert listed.data[0].charge.refunded
    noted = await shop.stripe.v1.refunds.update_async(first.id, {"metadata": {"why": "rain"}})
    assert noted.to_dict()["metadata"] == {"why": "rain"}


async def test_charges_are_found_by_their_intent(shop: Shop) -> None:
    paid = await shop.paid()
    await shop.paid()
    listed = await shop.stripe.v1.charges.list_async({"payment_intent": paid.id})
    assert [charge.id for charge in listed.data] == [paid.latest_charge]
    noted = await shop.stripe.v1.charges.update_async(
        str(paid.latest_charge), {"description": "Kampot", "metadata": {"a": "1"}}
    )
    assert (noted.description, noted.metadata.to_dict()) == ("Kampot", {"a": "1"})
    assert noted.receipt_url is not None
    assert "Paid with visa" in (await shop.http.get(noted.receipt_url)).text


async def test_nothing_goes_back_of_what_was_never_taken(shop: Shop) -> None:
    opened = await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    held = await shop.paid(capture_method="manual")
    for intent in (opened, held):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await shop.stripe.v1.refunds.create_async({"payment_intent": intent.id})
        assert refusal.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.refunds.create_async({"amount": 5})
    assert refusal.value.param == "payment_intent"


async def test_a_refund_can_fail_after_it_was_reported_as_made(shop: Shop, receiver: Receiver) -> None:
    paid = await shop.paid("pm_card_refundFail", amount=4000)
    refund = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id})
    assert refund.status == "succeeded"
    failed = await receiver.until("refund.failed")
    assert failed.data.object["id"] == refund.id
    assert failed.data.object["failure_reason"] == "expired_or_canceled_card"
    charge = await shop.stripe.v1.charges.retrieve_async(str(paid.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    second = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id, "amount": 4000})
    assert second.amount == 4000


async def test_a_slow_refund_is_pending_first(shop: Shop, receiver: Receiver) -> None:
    paid = await shop.paid("pm_card_pendingRefund")
    refund = await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id})
    assert refund.status == "pending"
    updated = await receiver.until("refund.updated")
    assert updated.data.object["status"] == "succeeded"


@pytest.mark.parametrize(
    ("evidence", "verdict"), [("winning_evidence", "won"), ("losing_evidence", "lost"), (None, "lost")]
)
async def test_a_dispute_is_opened_and_decided(
    shop: Shop, receiver: Receiver, evidence: str | None, verdict: str
) -> None:
    paid = await shop.paid("pm_card_createDispute", amount=4000)
    opened = await receiver.until("charge.dispute.created")
    dispute_id = opened.data.object["id"]
    assert opened.data.object["payment_intent"] == paid.id
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await shop.stripe.v1.refunds.create_async({"payment_intent": paid.id})
    assert refusal.value.code == "charge_disputed"
    if evidence is None:
        ended = await shop.stripe.v1.disputes.close_async(dispute_id)
    else:
        ended = await shop.stripe.v1.disputes.update_async(
            dispute_id, {"evidence": {"uncategorized_text": evidence}, "submit": True}
        )
    assert ended.status == verdict
    closed = await receiver.until("charge.dispute.closed")
    assert closed.data.object["status"] == verdict
    with pytest.raises(stripe.InvalidRequestError):
        await shop.stripe.v1.disputes.close_async(dispute_id)
    listed = await shop.stripe.v1.disputes.list_async({"payment_intent": paid.id})
    assert [dispute.id for dispute in listed.data] == [dispute_id]


@settings(max_examples=25, deadline=None)
@given(taken=st.integers(1, 1000), wishes=st.lists(st.integers(1, 600), max_size=6))
def test_refunds_never_exceed_what_was_taken(sandbox: str, taken: int, wishes: list[int]) -> None:
    headers = {"Authorization": "Bearer sk_test_property"}
    with httpx.Client(base_url=sandbox, headers=headers, trust_env=False) as http:
        intent = {"amount": taken, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
        paid = http.post("/v1/payment_intents", data=intent).json()
        back = 0
        for wish in wishes:
            answer = http.post("/v1/refunds", data={"payment_intent": paid["id"], "amount": wish})
            assert answer.status_code == (200 if back + wish <= taken else 400)
            back += wish if answer.status_code == 200 else 0
        charge = http.get(f"/v1/charges/{paid['latest_charge']}").json()
        assert (charge["amount_refunded"], charge["refunded"]) == (back, back == taken)
