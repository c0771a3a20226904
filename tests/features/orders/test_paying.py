"""Money and orders: declined, paid, paid twice, paid too late; over HTTP with the provider's sandbox."""

import asyncio

from tests.features.orders.conftest import Shop, grant, points_of, queued
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import events_of, open_intent, pay, tell, tell_all

from sojourn.sales.effects import CANCEL_INTENT, ORDER_CONFIRMED, ORDER_ONBOARDING, PAYMENT_FAILED, SEND_REFUND


async def test_a_declined_card_then_a_good_one(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    intent = (await open_intent(customer, orderId=order["id"], amount="299.00", currency="usd"))["paymentIntentId"]
    await pay(shop.sandbox, intent, card="pm_card_chargeDeclined", storefront="holyone")
    await tell_all(customer, shop.sandbox, intent)
    unpaid = read(await customer.get(f"/orders/{order['id']}"))
    assert (unpaid["status"], unpaid["payment"]["status"]) == ("PENDING", "FAILED")
    assert unpaid["payment"]["failureReason"]
    assert len(await queued(customer, PAYMENT_FAILED)) == 1

    await pay(shop.sandbox, intent, storefront="holyone")
    await tell_all(customer, shop.sandbox, intent)
    paid = read(await customer.get(f"/orders/{order['id']}"))
    assert (paid["status"], paid["paidAmount"], paid["refundStage"]) == ("CONFIRMED", "299.00", "NOT_STARTED")
    assert paid["payment"]["status"] == "SUCCEEDED"
    assert paid["confirmedAt"] == "2026-12-01T03:00:00Z"
    assert [event["toStatus"] for event in paid["events"]] == ["PENDING", "CONFIRMED"]
    assert await queued(customer, ORDER_CONFIRMED) == [{"order_id": order["id"], "payment_id": paid["payment"]["id"]}]
    assert await queued(customer, ORDER_ONBOARDING) == [{"order_id": order["id"]}]
    assert await points_of(customer) == (0, 299)


async def test_everything_at_once_confirms_once(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    intent = (await open_intent(customer, orderId=order["id"]))["paymentIntentId"]
    await pay(shop.sandbox, intent, storefront="holyone")
    events = await events_of(shop.sandbox, intent, storefront="holyone")
    confirm = {"orderId": order["id"], "paymentIntentId": intent}
    answers = await asyncio.gather(
        *(tell(customer, event) for _ in range(3) for event in events),
        *(customer.post("/payments/confirm", json=confirm) for _ in range(2)),
    )
    assert all(answer.is_success for answer in answers)
    assert len(await queued(customer, ORDER_CONFIRMED)) == 1
    assert len(await customer.rows("SELECT 1 FROM order_events WHERE to_status = 'CONFIRMED'")) == 1
    assert await points_of(customer) == (0, 299)


async def test_settling_an_order_takes_two_statements_of_ours(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    intent = (await open_intent(customer, orderId=order["id"]))["paymentIntentId"]
    await pay(shop.sandbox, intent, storefront="holyone")
    [*_, succeeded] = [
        e
        for e in await events_of(shop.sandbox, intent, storefront="holyone")
        if e["type"] == "payment_intent.succeeded"
    ]
    async with customer.statements() as said:
        read(await tell(customer, succeeded))
    ours = [s for s in said if "UPDATE orders" in s or "INSERT INTO loyalty" in s or "loyalty_reservations" in s]
    assert len(ours) == 2, said


async def test_points_pay_a_part_and_are_spent(shop: Shop, customer: StorefrontClient) -> None:
    await grant(customer, 500)
    order = await shop.paid(customer, loyaltyPoints=500)
    assert (order["totalAmount"], order["paidAmount"]) == ("294.00", "294.00")
    assert await points_of(customer) == (0, 294)


async def test_someone_elses_order_cannot_be_paid(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    order = await shop.order(customer)
    stranger = await holyone.sign_in_as()
    answer = await stranger.post("/payments/create-intent", json={"orderId": order["id"]})
    assert refusal(answer, 404) == "PURCHASE_NOT_FOUND"


async def test_money_for_a_cancelled_order_goes_back(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    intent = (await open_intent(customer, orderId=order["id"]))["paymentIntentId"]
    await pay(shop.sandbox, intent, storefront="holyone")
    read(await customer.patch(f"/orders/{order['id']}/cancel"))
    assert len(await queued(customer, CANCEL_INTENT)) == 1
    await tell_all(customer, shop.sandbox, intent)
    after = read(await customer.get(f"/orders/{order['id']}"))
    assert (after["status"], after["paidAmount"]) == ("CANCELLED", "0.00")
    [refund] = await customer.rows("SELECT amount, cause FROM refunds")
    assert (str(refund["amount"]), refund["cause"]) == ("299.00", "CANCELLED_PURCHASE")
    assert await points_of(customer) == (0, 0)
    answer = await customer.post("/payments/create-intent", json={"orderId": order["id"]})
    assert refusal(answer, 409) == "PURCHASE_CANCELLED"


async def test_cancelling_and_paying_at_once_end_in_one_of_two_ways(shop: Shop, customer: StorefrontClient) -> None:
    outcomes = set()
    for _ in range(6):
        order = await shop.order(customer, "guide")
        intent = (await open_intent(customer, orderId=order["id"]))["paymentIntentId"]
        await pay(shop.sandbox, intent, storefront="holyone")
        events = await events_of(shop.sandbox, intent, storefront="holyone")
        calls = [tell(customer, event) for event in events]
        cancelling = customer.patch(f"/orders/{order['id']}/cancel")
        answers = await asyncio.gather(cancelling, *calls)
        assert all(answer.status_code == 200 for answer in answers)
        after = read(await customer.get(f"/orders/{order['id']}"))
        assert after["status"] == "CANCELLED"
        refunds = await customer.rows(
            """SELECT r.amount, r.cause FROM refunds r JOIN payments p ON p.id = r.payment_id
                WHERE p.purchase_id = $1::uuid""",
            order["id"],
        )
        assert [str(refund["amount"]) for refund in refunds] == ["19.00"], "the money goes back once, whoever was first"
        outcomes.add(refunds[0]["cause"])
    assert outcomes <= {"CANCELLATION", "CANCELLED_PURCHASE"}
    assert len(await queued(customer, SEND_REFUND)) == 6
    assert await points_of(customer) == (0, 0)
