"""Points that are set aside for a day pay once, however many unpaid orders they were promised to."""

from datetime import timedelta
from typing import Any

from tests.features.orders.conftest import Shop, grant
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import open_intent, pay, tell_all

from sojourn.platform.kit.clock import FrozenClock

A_DAY = timedelta(hours=24, minutes=1)


async def asked_for(shop: Shop, customer: StorefrontClient, clock: FrozenClock) -> tuple[Any, Any]:
    """An order for 500 points that was left unpaid for a day, and its intent, shown while the points were there."""
    order = await shop.order(customer, loyaltyPoints=500)
    intent = await open_intent(customer, orderId=order["id"])
    clock.advance(A_DAY)
    return order, intent


async def paid_through(shop: Shop, customer: StorefrontClient, intent: Any) -> list[str]:
    (await pay(shop.sandbox, intent["paymentIntentId"], storefront="holyone")).raise_for_status()
    return await tell_all(customer, shop.sandbox, intent["paymentIntentId"])


async def test_the_second_order_is_not_paid_with_the_same_points(
    shop: Shop, customer: StorefrontClient, clock: FrozenClock
) -> None:
    await grant(customer, 500)
    first, first_intent = await asked_for(shop, customer, clock)
    second, second_intent = await asked_for(shop, customer, clock)
    assert set(await paid_through(shop, customer, second_intent)) == {"processed"}
    assert read(await customer.get(f"/orders/{second['id']}"))["status"] == "CONFIRMED"
    assert set(await paid_through(shop, customer, first_intent)) == {"processed"}
    assert read(await customer.get(f"/orders/{first['id']}"))["status"] == "PENDING"
    payments = await customer.rows(
        "SELECT p.disposition, r.amount = p.captured_amount AS is_whole "
        "FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id ORDER BY p.created_at"
    )
    assert [tuple(row.values()) for row in payments] == [("LATE", True), ("APPLIED", None)]
    balance = read(await customer.get("/loyalty/balance"))
    assert (balance["available"], balance["debt"]) == (0, 0)
    answer = await customer.post("/payments/create-intent", json={"orderId": first["id"]})
    assert refusal(answer, 409) == "HOLD_EXPIRED"


async def test_points_that_nobody_else_took_still_pay(
    shop: Shop, customer: StorefrontClient, clock: FrozenClock
) -> None:
    await grant(customer, 500)
    order, intent = await asked_for(shop, customer, clock)
    await paid_through(shop, customer, intent)
    assert read(await customer.get(f"/orders/{order['id']}"))["status"] == "CONFIRMED"
    assert read(await customer.get("/loyalty/balance"))["available"] == 0
