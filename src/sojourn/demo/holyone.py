"""Chapter 2: a visa package of Holyone, declined once, paid, and handed to a consultant."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sojourn.demo.orders import KEY, Order, wait_for_confirmation
from sojourn.demo.teller import expect
from sojourn.demo.visitor import Visitor
from sojourn.demo.world import World
from sojourn.people.roles import Role
from sojourn.storefronts import STOREFRONTS

CUSTOMER = "Meas Lina"
PACKAGE = "professional"


async def tell(world: World) -> None:
    """Register, browse, order, be declined, pay, be confirmed, be looked after."""
    with world.teller.chapter("2. Holyone: a visa package is ordered, declined, paid and taken in hand"):
        with world.teller.step("Register") as say:
            customer = await world.register(KEY, "lina", name=CUSTOMER)
            me = await customer.get("/users/me")
            expect(me["email"] == customer.email, f"signed in as {me['email']}")
            say(f"{me['role']} {me['fullName']} <{me['email']}>")
        service = await _browse(world, customer)
        order = await _order(world, customer, service)
        order = await _pay(world, customer, order)
        await _take_in_hand(world, customer, order)


async def _browse(world: World, customer: Visitor) -> Mapping[str, Any]:
    with world.teller.step("Browse the services") as say:
        totals = {}
        for shelf in ("main", "micro", "digital"):
            page = await customer.get(f"/services/{shelf}", perPage=100)
            expect(page["items"] and page["total"] == len(page["items"]), f"{shelf}: {page['total']} on the shelf")
            totals[shelf] = page["total"]
        service: Mapping[str, Any] = await customer.get(f"/services/{PACKAGE}")
        shelves = ", ".join(f"{count} {shelf}" for shelf, count in totals.items())
        say(f"{shelves}; {service['title']}: {service['price']} USD")
    return service


async def _order(world: World, customer: Visitor, service: Mapping[str, Any]) -> Order:
    today = datetime.now(ZoneInfo(STOREFRONTS[KEY].time_zone)).date()
    details = {
        "destination": "France",
        "travelDate": (today + timedelta(days=90)).isoformat(),
        "passportNumber": "N1234567",
        "nationality": "Cambodian",
        "purposeOfTravel": "Tourism",
    }
    with world.teller.step(f"Order “{service['title']}”") as say:
        contact = {"fullName": CUSTOMER, "phone": "+855 12 345 678", "country": "Cambodia"}
        body = {"serviceId": service["id"], "customerInfo": contact, "serviceDetails": details}
        order: Order = await customer.send("POST", "/orders", body, status=201)
        expect(order["status"] == "PENDING", f"it is {order['status']}")
        expect(order["orderNumber"].startswith(f"HT-{today.year}-"), f"its number is {order['orderNumber']}")
        expect(order["totalAmount"] == service["price"], f"{order['totalAmount']} USD due")
        say(f"{order['orderNumber']} {order['status']}, {order['totalAmount']} {order['currency']} due")
    return order


async def _pay(world: World, customer: Visitor, order: Order) -> Order:
    number = order["orderNumber"]
    with world.teller.step("The first card is declined") as say:
        intent = await customer.send("POST", "/payments/create-intent", {"orderId": order["id"]}, status=201)
        declined = await world.vendors.pay(intent["paymentIntentId"], "pm_card_chargeDeclinedInsufficientFunds")
        expect(declined == "insufficient_funds", f"the card is {declined}")
        mail = await world.vendors.wait_for_mail(customer.email, "payment_failed", about=number)
        standing = await customer.get(f"/orders/{order['id']}")
        expect(standing["status"] == "PENDING", f"the order is {standing['status']}")
        say(f"{declined}, “{mail['subject']}”, order still {standing['status']}")
    with world.teller.step("Another card pays") as say:
        again = await customer.send("POST", "/payments/create-intent", {"orderId": order["id"]}, status=201)
        expect(again["paymentIntentId"] == intent["paymentIntentId"], "a second payment was opened")
        paid = await world.vendors.pay(again["paymentIntentId"], "pm_card_mastercard")
        expect(paid == "succeeded", f"the card is {paid}")
        say(f"{again['paymentIntentId']} {paid}, {again['amount']} {again['currency']}")
    with world.teller.step("The webhook confirms the order") as say:
        order = await wait_for_confirmation(customer, order)
        payment = order["payment"]
        expect(payment["status"] == "SUCCEEDED", f"the payment is {payment['status']}")
        expect(order["paidAmount"] == order["totalAmount"], f"{order['paidAmount']} paid")
        say(f"{number} CONFIRMED, payment {payment['status']}, {order['paidAmount']} USD")
    with world.teller.step("Invoice: by mail and to download") as say:
        mail = await world.vendors.wait_for_mail(customer.email, "order_confirmation", about=number)
        attached = await world.vendors.read_pdf(mail)
        invoice = await customer.download(f"/orders/{order['id']}/invoice")
        expect(invoice.content.startswith(b"%PDF-"), f"no PDF but {invoice.headers['content-type']}")
        say(f"“{mail['subject']}” with {attached}; download {len(invoice.content) // 1024} kB")
    return order


async def _take_in_hand(world: World, customer: Visitor, order: Order) -> None:
    path, number = f"/admin/orders/{order['id']}", order["orderNumber"]
    with world.teller.step("The admin assigns a consultant") as say:
        admin = await world.sign_in(KEY, Role.ADMIN)
        staff = await admin.get("/admin/staff", role="CONSULTANT", isActive="true")
        expect(staff["items"], "there is no consultant")
        consultant = staff["items"][0]
        assigned = await admin.send("PATCH", f"{path}/assign", {"consultantId": consultant["id"]})
        expect(assigned["consultantId"] == consultant["id"], f"assigned to {assigned['consultantName']}")
        mail = await world.vendors.wait_for_mail(customer.email, "consultant_assigned", about=number)
        say(f"“{mail['subject']}”")
    with world.teller.step("… and moves the order to IN_PROGRESS") as say:
        moved = await admin.send("PATCH", path, {"status": "IN_PROGRESS"})
        expect(moved["status"] == "IN_PROGRESS", f"it is {moved['status']}")
        mail = await world.vendors.wait_for_mail(customer.email, "order_status_changed", about=number)
        seen = await customer.get(f"/orders/{number}")
        expect(seen["status"] == "IN_PROGRESS", f"the customer sees {seen['status']}")
        say(f"“{mail['subject']}”; the customer sees {seen['status']}, {seen['consultantName']}")
