"""Invoices of orders, in the other dialect, and of a change that cost more."""

from decimal import Decimal

from tests.features.invoices.conftest import number_of, text_of
from tests.features.orders.conftest import CUSTOMER, Shop, grant
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all

from sojourn.people.roles import Role


async def test_an_orders_invoice_shows_fees_and_discounts_as_sold(holyone: StorefrontClient, sandbox: str) -> None:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN), sandbox)
    await shop.sell("evisa", "MICRO", fee="40.00", government="30.00")
    customer = await holyone.sign_in_as()
    await grant(customer, 1000)
    order = await shop.paid(customer, "evisa", loyaltyPoints=500, customerInfo=CUSTOMER)

    answer = await customer.get(f"/orders/{order['id']}/invoice")
    assert number_of(answer).endswith("-2026-000001")
    printed = text_of(answer)
    for part in (order["orderNumber"], "Chan Sophea", "Government fee", "$40.00", "$30.00", "$70.00", "$65.00"):
        assert part in printed, printed
    assert number_of(await customer.get(f"/orders/{order['orderNumber']}/invoice")) == number_of(answer)

    [paper] = read(await customer.get("/invoices"))["items"]
    assert (paper["orderId"], paper["bookingId"], paper["total"]) == (order["id"], None, "65.00")


async def test_the_assigned_consultant_sees_the_papers_of_an_order(holyone: StorefrontClient, sandbox: str) -> None:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN), sandbox)
    await shop.sell("guide", "DIGITAL", fee="19.00")
    customer = await holyone.sign_in_as()
    consultant, other = await holyone.sign_in_as(Role.CONSULTANT), await holyone.sign_in_as(Role.CONSULTANT)
    order = await shop.paid(customer, "guide")
    read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": str(consultant.user_id)}))

    path = f"/orders/{order['id']}/invoice"
    assert (await consultant.get(path)).status_code == 200
    assert refusal(await other.get(path), 404) == "INVOICE_NOT_FOUND"
    [paper] = read(await customer.get("/invoices"))["items"]
    assert (await consultant.get(f"/invoices/{paper['id']}")).status_code == 200
    assert refusal(await other.get(f"/invoices/{paper['id']}"), 404) == "INVOICE_NOT_FOUND"

    former = await holyone.sign_in_as(Role.CONSULTANT)
    read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json={"consultantId": str(former.user_id)}))
    await holyone.rows("UPDATE users SET role = 'CUSTOMER' WHERE id = $1", former.user_id)
    for person in (former, consultant):
        for closed in (path, f"/payments/{paper['paymentId']}/invoice", f"/invoices/{paper['id']}"):
            assert refusal(await person.get(closed), 404) == "INVOICE_NOT_FOUND"


async def test_an_unpaid_order_has_no_invoice(holyone: StorefrontClient, sandbox: str) -> None:
    shop = Shop(await holyone.sign_in_as(Role.ADMIN), sandbox)
    await shop.sell("guide", "DIGITAL", fee="19.00")
    customer = await holyone.sign_in_as()
    order = await shop.order(customer, "guide")
    assert refusal(await customer.get(f"/orders/{order['id']}/invoice"), 404) == "INVOICE_NOT_FOUND"


async def test_a_change_that_costs_more_has_an_invoice_of_its_own(derlg: StorefrontClient, sandbox: str) -> None:
    traveller = await derlg.sign_in_as()
    booking = await hold_and_pay(traveller, sandbox, await put_trip_on_sale(derlg))
    waiting = read(await traveller.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))["pending_change"]
    intent = await open_intent(traveller, change_id=waiting["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(traveller, sandbox, intent["payment_intent_id"])

    difference = await traveller.get(f"/payments/{intent['payment_id']}/invoice")
    assert "Price difference of the change: Angkor at dawn" in text_of(difference)
    # The first payment is invoiced after the booking's terms changed: its total is still what was paid.
    assert "$200.00" in text_of(await traveller.get(f"/bookings/{booking['id']}/invoice"))
    papers = {paper["number"]: paper for paper in read(await traveller.get("/invoices"))}
    assert Decimal(papers["DLI-2026-000001"]["total"]) == Decimal(100)
    assert {paper["booking_id"] for paper in papers.values()} == {booking["id"]}
