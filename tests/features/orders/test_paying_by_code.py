"""Orders by KHQR: they have no hold, so the code has a life of its own; what comes back is counted in dollars."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, read
from tests.support.khqr import scan

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock


async def code_for(customer: StorefrontClient, order: dict[str, Any], **more: str) -> Any:
    return read(await customer.post("/payments/qr", json={"orderId": order["id"], **more}), 201)


async def test_a_code_lives_as_long_as_a_hold(shop: Shop, customer: StorefrontClient, clock: FrozenClock) -> None:
    order = await shop.order(customer)
    first = await code_for(customer, order)
    assert datetime.fromisoformat(first["expiresAt"]) == clock.now() + timedelta(minutes=15)
    clock.advance(timedelta(minutes=13))
    assert await code_for(customer, order) == first
    clock.advance(timedelta(minutes=1, seconds=1))
    fresh = await code_for(customer, order)
    assert fresh["qrString"] != first["qrString"]


async def test_riel_paid_and_given_back_are_dollars_in_the_order(
    shop: Shop, customer: StorefrontClient, sandbox: str, clock: FrozenClock
) -> None:
    order = await shop.order(customer)
    code = await code_for(customer, order, currency="KHR")
    await scan(sandbox, {"qr_string": code["qrString"]}, at=clock.now())
    status = read(await customer.get(f"/payments/{code['paymentId']}/status"))
    assert (status["status"], status["disposition"]) == ("SUCCEEDED", "APPLIED")
    paid = read(await customer.get(f"/orders/{order['id']}"))
    assert (paid["status"], paid["paidAmount"], paid["currency"]) == ("CONFIRMED", "299.00", "USD")

    admin = await customer.sign_in_as(Role.ADMIN)
    await shop.move(order, refundStage="IN_REVIEW")
    read(await customer.patch(f"/orders/{order['id']}/cancel", json={"reason": "Plans changed"}))
    (task,) = read(await admin.get("/admin/refunds", params={"isOpen": True}))["items"]
    assert (task["orderId"], task["bookingId"], task["currency"]) == (order["id"], None, "KHR")
    read(await admin.post(f"/admin/refunds/{task['refundId']}/settle", json={"reference": "ACLB-20261201-7"}))
    after = read(await customer.get(f"/orders/{order['id']}"))
    (refund,) = await customer.rows("SELECT amount FROM refunds")
    assert after["refundedAmount"] == "269.10"
    share = Decimal("269.10") / Decimal("299.00")
    assert refund["amount"] == (share * Decimal(code["amount"])).quantize(Decimal(1))
