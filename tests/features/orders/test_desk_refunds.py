"""Refunds from the desk: what may be given back is shown first, and what is spent is given back by nobody."""

from datetime import timedelta

import pytest
from tests.features.orders.conftest import Json, Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


async def preview(shop: Shop, order: Json) -> Json:
    shown: Json = read(await shop.office.get(f"/payments/{order['payment']['id']}/refund-preview"))
    return shown


async def refund(shop: Shop, order: Json, amount: str | None = None) -> Json:
    body = {"reason": "The embassy was closed"} | ({"amount": amount} if amount else {})
    answer: Json = read(await shop.office.post(f"/payments/{order['payment']['id']}/refund", json=body), 202)
    return answer


async def test_before_the_work_everything_may_come_back(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer, "evisa")
    assert await preview(shop, order) == {
        "paymentId": order["payment"]["id"], "reference": order["orderNumber"], "currency": "USD",
        "capturedAmount": "70.00", "refundedAmount": "0.00", "nonRefundableAmount": "0.00",
        "refundableAmount": "70.00",
        "policy": {"tier": "NOT_STARTED", "percent": 100, "amount": "70.00", "currency": "USD"},
    }  # fmt: skip


async def test_the_desk_may_give_more_than_the_policy_but_no_spent_fee(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer, "evisa")
    await shop.move(order, status="IN_PROGRESS")
    assert (await preview(shop, order))["policy"]["amount"] == "63.00"
    await shop.move(order, refundStage="LODGED")
    shown = await preview(shop, order)
    assert (shown["nonRefundableAmount"], shown["refundableAmount"]) == ("30.00", "40.00")
    assert (shown["policy"]["tier"], shown["policy"]["percent"], shown["policy"]["amount"]) == ("LODGED", 0, "0.00")
    answer = await shop.office.post(
        f"/payments/{order['payment']['id']}/refund", json={"amount": "40.01", "reason": "Too much"}
    )
    assert refusal(answer, 422) == "REFUND_EXCEEDS_CAPTURED"
    assert answer.json()["details"] == {"left": "40.00", "currency": "USD"}
    await refund(shop, order, "15.00")
    assert (await preview(shop, order))["refundableAmount"] == "25.00"
    rest = await refund(shop, order)
    assert [one["amount"] for one in rest["refunds"]] == ["15.00", "25.00"]
    answer = await shop.office.post(f"/payments/{order['payment']['id']}/refund", json={"reason": "Once more"})
    assert refusal(answer, 409) == "NOTHING_TO_REFUND"
    [sums] = await customer.rows("SELECT sum(amount) AS asked FROM refunds")
    assert str(sums["asked"]) == "40.00"


async def test_what_is_over_has_no_policy_any_more(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    await shop.move(order, status="IN_PROGRESS")
    await shop.move(order, status="COMPLETED")
    shown = await preview(shop, order)
    assert (shown["policy"], shown["refundableAmount"]) == (None, "299.00")


async def test_refunds_are_the_admins(shop: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    order = await shop.paid(customer)
    path = f"/payments/{order['payment']['id']}/refund"
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    for person in (customer, consultant):
        assert refusal(await person.get(f"{path}-preview"), 403) == "NOT_ALLOWED"
        assert refusal(await person.post(path, json={"reason": "Please"}), 403) == "NOT_ALLOWED"
    unknown = "/payments/01a20011-bc14-75db-9525-77849ba98404/refund-preview"
    assert refusal(await shop.office.get(unknown), 404) == "PAYMENT_NOT_FOUND"
    assert faulty_fields(await shop.office.post(path, json={})) == ["reason"]


@pytest.mark.parametrize("days", [0, 3])
async def test_a_duplicate_comes_back_whole(
    shop: Shop, customer: StorefrontClient, clock: FrozenClock, days: int
) -> None:
    """Only the payment that counts has paid the government."""
    order = await shop.paid(customer, "evisa")
    clock.advance(timedelta(days=days))
    await shop.move(order, refundStage="LODGED")
    await customer.rows("UPDATE payments SET disposition = 'DUPLICATE' WHERE id = $1", order["payment"]["id"])
    shown = await preview(shop, order)
    assert (shown["nonRefundableAmount"], shown["refundableAmount"], shown["policy"]) == ("0.00", "70.00", None)
