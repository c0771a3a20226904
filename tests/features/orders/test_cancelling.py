"""Cancelling an order: what the preview shows is what comes back."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.features.orders.conftest import Shop, grant, points_of, queued
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import open_intent

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.effects import CANCEL_INTENT, ORDER_CANCELLED, SEND_REFUND
from sojourn.sales.orders.payable import OrderPayable


async def refunds_asked(client: StorefrontClient) -> list[str]:
    return [str(row["amount"]) for row in await client.rows("SELECT amount FROM refunds ORDER BY requested_at, id")]


async def test_an_unpaid_order_is_cancelled_at_once(shop: Shop, customer: StorefrontClient) -> None:
    await grant(customer, 300)
    order = await shop.order(customer, loyaltyPoints=300)
    intent = await open_intent(customer, orderId=order["id"])
    assert await points_of(customer) == (0, 0)

    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (preview["refundAmount"], preview["pointsReturned"], preview["pointsTakenBack"]) == ("0.00", 300, 0)
    body = {"quoteId": preview["quoteId"], "reason": "Changed my mind"}
    cancelled = read(await customer.patch(f"/orders/{order['id']}/cancel", json=body))

    assert (cancelled["status"], cancelled["cancellationReason"]) == ("CANCELLED", "Changed my mind")
    assert (cancelled["payment"]["status"], cancelled["loyaltyPointsEarned"]) == ("FAILED", 0)
    assert cancelled["cancelledAt"] == "2026-12-01T03:00:00Z"
    assert [(e["fromStatus"], e["toStatus"]) for e in cancelled["events"]] == [
        (None, "PENDING"),
        ("PENDING", "CANCELLED"),
    ]
    assert await points_of(customer) == (300, 0)
    assert await queued(customer, CANCEL_INTENT) == [{"payment_id": intent["paymentId"]}]
    assert await queued(customer, ORDER_CANCELLED) == [{"order_id": order["id"]}]
    assert await refunds_asked(customer) == []


@pytest.mark.parametrize(
    ("stage", "percent", "refund", "taken"),
    [
        (None, 100, "70.00", 40),
        ("IN_REVIEW", 90, "63.00", 36),
        ("INFORMATION_MISSING", 90, "63.00", 36),
        ("LODGED", 0, "0.00", 0),
    ],
)
async def test_a_paid_order_comes_back_by_the_stage_of_its_work(
    shop: Shop, customer: StorefrontClient, stage: str | None, percent: int, refund: str, taken: int
) -> None:
    order = await shop.paid(customer, "evisa")
    if stage:
        await shop.move(order, refundStage=stage)
    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (preview["refundPercent"], preview["refundAmount"], preview["pointsTakenBack"]) == (percent, refund, taken)
    assert preview["validUntil"] == "2026-12-01T03:15:00Z"
    cancelled = read(await customer.patch(f"/orders/{order['id']}/cancel", json={"quoteId": preview["quoteId"]}))
    assert cancelled["status"] == "CANCELLED"
    assert await refunds_asked(customer) == ([refund] if refund != "0.00" else [])
    assert len(await queued(customer, SEND_REFUND)) == (1 if refund != "0.00" else 0)
    assert await points_of(customer) == (40 - taken, 0), "what is kept was earned, and nothing else would free it"


async def test_the_agency_pays_everything_back_but_what_the_government_has(
    shop: Shop, customer: StorefrontClient
) -> None:
    early, late = await shop.paid(customer, "evisa"), await shop.paid(customer, "evisa")
    await shop.move(early, status="IN_PROGRESS")
    await shop.move(late, refundStage="LODGED")
    await shop.move(early, status="CANCELLED")
    preview = read(await shop.office.get(f"/orders/{late['id']}/cancellation-preview"))
    assert (preview["refundAmount"], preview["nonRefundableAmount"]) == ("40.00", "30.00")
    read(await shop.office.patch(f"/orders/{late['id']}/cancel"))
    assert await refunds_asked(customer) == ["70.00", "40.00"]
    trail = await customer.rows("SELECT actor_id, detail FROM audit_entries WHERE action = 'order.cancelled'")
    assert {(row["actor_id"], row["detail"]["by_agency"]) for row in trail} == {(shop.office.user_id, True)}


async def test_a_guide_is_refunded_until_it_is_delivered(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer, "guide")
    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert preview["refundAmount"] == "19.00"
    await shop.move(order, status="COMPLETED")
    assert refusal(await customer.patch(f"/orders/{order['id']}/cancel"), 409) == "TRANSITION_NOT_ALLOWED"
    assert refusal(await customer.get(f"/orders/{order['id']}/cancellation-preview"), 409) == "TRANSITION_NOT_ALLOWED"


async def test_spent_points_come_back_with_the_cash(shop: Shop, customer: StorefrontClient) -> None:
    await grant(customer, 1000)
    order = await shop.paid(customer, loyaltyPoints=1000)
    await shop.move(order, refundStage="IN_REVIEW")
    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert (preview["refundAmount"], preview["pointsReturned"], preview["pointsTakenBack"]) == ("260.10", 900, 261)
    read(await customer.patch(f"/orders/{order['id']}/cancel"))
    assert await points_of(customer) == (900 + 289 - 261, 0)


async def test_a_quote_holds_until_the_work_goes_on(shop: Shop, customer: StorefrontClient, clock: FrozenClock) -> None:
    order = await shop.paid(customer)
    path = f"/orders/{order['id']}"
    first = read(await customer.get(f"{path}/cancellation-preview"))
    await shop.move(order, status="IN_PROGRESS")
    answer = await customer.patch(f"{path}/cancel", json={"quoteId": first["quoteId"]})
    assert refusal(answer, 409) == "QUOTE_CHANGED"
    assert answer.json()["details"]["refundAmount"] == "269.10"
    second = read(await customer.get(f"{path}/cancellation-preview"))
    clock.advance(timedelta(minutes=15, seconds=1))
    answer = await customer.patch(f"{path}/cancel", json={"quoteId": second["quoteId"]})
    assert refusal(answer, 409) == "QUOTE_CHANGED"
    answer = await customer.patch(f"{path}/cancel", json={"quoteId": "99999999999-forged"})
    assert refusal(answer, 409) == "QUOTE_CHANGED"
    assert read(await customer.get(path))["status"] == "IN_PROGRESS"
    third = read(await customer.get(f"{path}/cancellation-preview"))
    assert read(await customer.patch(f"{path}/cancel", json={"quoteId": third["quoteId"]}))["status"] == "CANCELLED"


async def test_the_same_order_is_cancelled_once(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    answers = await asyncio.gather(*(customer.patch(f"/orders/{order['id']}/cancel") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert await refunds_asked(customer) == ["299.00"]
    assert len(await queued(customer, ORDER_CANCELLED)) == 1


async def test_an_earlier_refund_counts(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    body = {"amount": "100.00", "reason": "Goodwill"}
    read(await shop.office.post(f"/payments/{order['payment']['id']}/refund", json=body), 202)
    preview = read(await customer.get(f"/orders/{order['id']}/cancellation-preview"))
    assert preview["refundAmount"] == "199.00", "a refund that is on its way is counted"
    read(await customer.patch(f"/orders/{order['id']}/cancel"))
    assert await refunds_asked(customer) == ["100.00", "199.00"]


async def test_the_sum_of_refunds_reaches_the_order(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    for _ in range(2):
        async with customer.database.unit_of_work() as tx:
            await OrderPayable().note_refunds(
                tx, purchase_id=UUID(order["id"]), captured=Decimal("299.00"), refunded=Decimal("99.00"),
                rules=customer.storefront.rules, now=customer.runtime.clock.now(),
            )  # fmt: skip
    after = read(await customer.get(f"/orders/{order['id']}"))
    assert (after["status"], after["refundedAmount"]) == ("CONFIRMED", "99.00")
    assert await points_of(customer) == (0, 200)


async def test_a_consultant_does_not_cancel(shop: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    order = await shop.paid(customer)
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": str(consultant.user_id)}))
    assert refusal(await consultant.patch(f"/orders/{order['id']}/cancel"), 403) == "NOT_ALLOWED"
    answer = await consultant.patch(f"/admin/orders/{order['id']}", json={"status": "CANCELLED"})
    assert refusal(answer, 403) == "NOT_ALLOWED"


async def test_unknown_properties_of_a_cancellation_are_refused(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    answer = await customer.patch(f"/orders/{order['id']}/cancel", json={"refundAmount": "9999.00"})
    assert faulty_fields(answer) == ["refundAmount"]
