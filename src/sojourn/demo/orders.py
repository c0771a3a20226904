"""What customers of Holyone do in more than one chapter: order a service, pay for it, have it confirmed."""

from collections.abc import Mapping
from typing import Any

from sojourn.demo.teller import expect
from sojourn.demo.visitor import Visitor
from sojourn.demo.waiting import until
from sojourn.demo.world import World

KEY = "holyone"

Order = Mapping[str, Any]


async def buy(world: World, customer: Visitor, service: str, details: Mapping[str, str] | None = None) -> Order:
    """A service, by its slug, ordered and paid by card.

    Confirmed by the customer's browser, which says so itself: no webhook is waited for. Raises `Unexpected`.
    """
    body = {"serviceId": service} | ({"serviceDetails": details} if details else {})
    order: Order = await customer.send("POST", "/orders", body, status=201)
    intent = await customer.send("POST", "/payments/create-intent", {"orderId": order["id"]}, status=201)
    paid = await world.vendors.pay(intent["paymentIntentId"], "pm_card_visa")
    expect(paid == "succeeded", f"the card is {paid}")
    said = {"orderId": order["id"], "paymentIntentId": intent["paymentIntentId"]}
    payment = await customer.send("POST", "/payments/confirm", said)
    confirmed: Order = await customer.get(f"/orders/{order['id']}")
    is_so = payment["status"] == "SUCCEEDED" and confirmed["status"] == "CONFIRMED"
    expect(is_so, f"the payment is {payment['status']}, the order {confirmed['status']}")
    return confirmed


async def wait_for_confirmation(customer: Visitor, order: Order) -> Order:
    """The order once it is confirmed. Raises `Unexpected` when it does not come to it."""

    async def look() -> Order | None:
        found: Order = await customer.get(f"/orders/{order['id']}")
        return found if found["status"] == "CONFIRMED" else None

    return await until(look, f"{order['orderNumber']} becoming CONFIRMED")
