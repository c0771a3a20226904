"""Ordering a service, and reading what was ordered."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.features.orders.conftest import CUSTOMER, DETAILS, Shop, grant
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.sales.orders import answers
from sojourn.sales.orders.models import (
    CustomerInfo,
    OrderDetail,
    OrderEvent,
    OrderItem,
    OrderOut,
    OrderPayment,
)
from sojourn.sales.pricing.models import PriceLine

CONTRACT = {
    "id", "orderNumber", "userId", "status", "totalAmount", "currency", "serviceId", "serviceType", "serviceSnapshot",
    "customerInfo", "serviceDetails", "consultantId", "createdAt", "updatedAt",
}  # fmt: skip


async def test_an_order_is_what_the_contract_says(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, customerInfo=CUSTOMER, serviceDetails=DETAILS, language="km")

    assert set(order) >= CONTRACT
    assert order["orderNumber"] == "HT-2026-000001"
    assert order["status"] == "PENDING"
    assert order["userId"] == str(customer.user_id)
    assert (order["serviceId"], order["serviceType"]) == (shop.services["professional"], "MAIN")
    assert (order["totalAmount"], order["currency"]) == ("299.00", "USD")
    assert order["customerInfo"] == CUSTOMER
    assert order["serviceDetails"] == {**DETAILS, "passportNumber": "N0123456"}
    assert order["language"] == "km"
    assert order["serviceSnapshot"]["title"] == "Professional"
    assert order["serviceSnapshot"]["price"] == "299.00"
    assert order["serviceSnapshot"]["checklist"][0]["isRequired"] is True
    assert order["items"] == [
        {
            "id": order["id"], "orderId": order["id"], "serviceId": order["serviceId"], "quantity": 1,
            "unitPrice": "299.00", "totalPrice": "299.00",
        }
    ]  # fmt: skip
    assert [line["kind"] for line in order["lines"]] == ["BASE"]
    assert [(event["kind"], event["toStatus"]) for event in order["events"]] == [("STATUS", "PENDING")]
    assert order["payment"] is None
    assert order["createdAt"] == "2026-12-01T03:00:00Z"
    trail = await customer.rows(
        "SELECT action, amount, reference, actor_id FROM audit_entries WHERE subject_kind = 'ORDER'"
    )
    assert [(r["action"], str(r["amount"]), r["reference"]) for r in trail] == [
        ("order.created", "299.00", "HT-2026-000001")
    ]


async def test_customer_data_default_to_the_account(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, "guide", customerInfo={"phone": "012345678"})
    assert order["customerInfo"] == {
        "fullName": "Sok Dara", "email": customer.email, "phone": "012345678", "country": None,
    }  # fmt: skip
    assert order["serviceDetails"] is None


async def test_fees_are_lines_and_quantities_multiply(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, "evisa", quantity=3)
    assert [(line["kind"], line["unitPrice"], line["amount"]) for line in order["lines"]] == [
        ("BASE", "40.00", "120.00"), ("GOVERNMENT_FEE", "30.00", "90.00"),
    ]  # fmt: skip
    assert (order["serviceFee"], order["governmentFee"], order["totalAmount"]) == ("120.00", "90.00", "210.00")
    assert order["items"][0]["unitPrice"] == "70.00"
    assert order["loyaltyPointsEarned"] == 120, "government fees earn nothing"


@pytest.mark.parametrize(("expires", "discount"), [(None, "4.00"), ("2026-12-02", "4.00"), ("2026-11-30", "0.00")])
async def test_a_verified_student_pays_less_of_our_fee(
    shop: Shop, customer: StorefrontClient, expires: str | None, discount: str
) -> None:
    await customer.rows(
        "UPDATE users SET is_student = true, student_expires_at = $2::text::timestamptz WHERE id = $1 RETURNING id",
        customer.user_id, expires,
    )  # fmt: skip
    order = await shop.order(customer, "evisa", quantity=2)
    assert order["discountAmount"] == discount


async def test_the_number_and_the_id_both_lead_to_the_order(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    for name in (order["id"], order["orderNumber"], order["orderNumber"].lower()):
        assert read(await customer.get(f"/orders/{name}")) == order


async def test_a_bought_service_stays_as_it_was(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, "guide")
    read(
        await shop.office.patch(
            f"/services/{order['serviceId']}", json={"title": "Another", "price": "29.00", "serviceFee": "29.00"}
        )
    )
    again = read(await customer.get(f"/orders/{order['id']}"))
    assert again["title"] == again["serviceSnapshot"]["title"] == "Guide"
    assert again["totalAmount"] == "19.00"


@pytest.mark.parametrize("name", ["nothing-like-it", "01a20017-c706-7aa9-acae-a71b957a7ad2", "x\x00y"])
async def test_an_unknown_service_is_not_found(shop: Shop, customer: StorefrontClient, name: str) -> None:
    answer = await customer.post("/orders", json={"serviceId": name})
    if "\x00" in name:
        assert faulty_fields(answer) == ["serviceId"]
    else:
        assert refusal(answer, 404) == "SERVICE_NOT_FOUND"


async def test_a_retired_service_is_not_sold(shop: Shop, customer: StorefrontClient) -> None:
    read(await shop.office.patch(f"/services/{shop.services['guide']}", json={"isActive": False}))
    assert refusal(await customer.post("/orders", json={"serviceId": "guide"}), 404) == "SERVICE_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "serviceId"),
        ({"serviceId": "guide", "quantity": 0}, "quantity"),
        ({"serviceId": "guide", "quantity": 21}, "quantity"),
        ({"serviceId": "guide", "quantity": 10**30}, "quantity"),
        ({"serviceId": "guide", "price": "1.00"}, "price"),
        ({"serviceId": "guide", "loyaltyPoints": -100}, "loyaltyPoints"),
        ({"serviceId": "guide", "loyaltyPoints": 150}, "loyaltyPoints"),
        ({"serviceId": "guide", "loyaltyPoints": 1000}, "loyaltyPoints"),
        ({"serviceId": "guide", "language": "fr"}, "language"),
        ({"serviceId": "guide", "customerInfo": {"email": "nobody"}}, "customerInfo.email"),
        ({"serviceId": "guide", "customerInfo": {"email": f"{'a' * 250}@example.com"}}, "customerInfo.email"),
        ({"serviceId": "guide", "customerInfo": {"fullName": "A\u0000B"}}, "customerInfo.fullName"),
        ({"serviceId": "guide", "customerInfo": {"fullName": "A\r\nBcc: x"}}, "customerInfo.fullName"),
        ({"serviceId": "guide", "customerInfo": {"fullName": " "}}, "customerInfo.fullName"),
        ({"serviceId": "guide", "customerInfo": {"phone": "call me"}}, "customerInfo.phone"),
        ({"serviceId": "guide", "customerInfo": {"role": "ADMIN"}}, "customerInfo.role"),
        ({"serviceId": "guide", "serviceDetails": {"travelDate": "2026-12-01"}}, "serviceDetails.travelDate"),
        ({"serviceId": "guide", "serviceDetails": {"travelDate": "2028-05-25"}}, "serviceDetails.travelDate"),
        ({"serviceId": "guide", "serviceDetails": {"travelDate": "tomorrow"}}, "serviceDetails.travelDate"),
        ({"serviceId": "guide", "serviceDetails": {"passportNumber": "'; DROP"}}, "serviceDetails.passportNumber"),
        ({"serviceId": "guide", "serviceDetails": {"additionalNotes": "a\u0000b"}}, "serviceDetails.additionalNotes"),
        ({"serviceId": "guide", "serviceDetails": {"additionalNotes": "x" * 2001}}, "serviceDetails.additionalNotes"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    shop: Shop, customer: StorefrontClient, body: dict[str, Any], field: str
) -> None:
    assert faulty_fields(await customer.post("/orders", json=body)) == [field]
    assert await customer.rows("SELECT 1 FROM orders") == []


async def test_hostile_words_are_words(shop: Shop, customer: StorefrontClient) -> None:
    words = "Robert'); DROP TABLE orders;-- <script>alert(1)</script> {{7*7}} 𝕬 ខ្មែរ"
    order = await shop.order(customer, "guide", serviceDetails={"additionalNotes": words})
    assert order["serviceDetails"]["additionalNotes"] == words


async def test_lone_surrogates_are_refused(shop: Shop, customer: StorefrontClient) -> None:
    answer = await customer.post(
        "/orders", content=b'{"serviceId": "guide", "customerInfo": {"fullName": "\\ud800"}}',
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 400


async def test_only_the_signed_in_order(shop: Shop, holyone: StorefrontClient) -> None:
    assert refusal(await holyone.post("/orders", json={"serviceId": "guide"}), 401) == "NOT_AUTHENTICATED"
    assert refusal(await holyone.get("/orders"), 401) == "NOT_AUTHENTICATED"


async def test_parallel_orders_leave_no_gap_in_the_numbers(shop: Shop, holyone: StorefrontClient) -> None:
    customers = [await holyone.sign_in_as() for _ in range(8)]

    async def order_or_fail(number: int) -> int:
        body = {"serviceId": "guide" if number % 3 else "nothing"}
        return (await customers[number % 8].post("/orders", json=body)).status_code

    answers = await asyncio.gather(*(order_or_fail(number) for number in range(24)))
    assert sorted(set(answers)) == [201, 404]
    numbers = [row["order_number"] for row in await holyone.rows("SELECT order_number FROM orders ORDER BY 1")]
    assert numbers == [f"HT-2026-{number:06}" for number in range(1, 17)]


async def test_the_year_turns_in_the_storefronts_zone(
    shop: Shop, customer: StorefrontClient, clock: FrozenClock
) -> None:
    clock.advance(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC) - clock.now())
    assert (await shop.order(customer, "guide"))["orderNumber"] == "HT-2026-000001"
    clock.advance(timedelta(seconds=1))
    assert (await shop.order(customer, "guide"))["orderNumber"] == "HT-2027-000001"


async def test_the_same_key_orders_once(shop: Shop, customer: StorefrontClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    answers = [await customer.post("/orders", json={"serviceId": "guide"}, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await customer.rows("SELECT 1 FROM orders")) == 1


async def test_a_list_is_one_statement_however_long(shop: Shop, customer: StorefrontClient) -> None:
    for _ in range(5):
        await shop.order(customer, "guide")
    await shop.paid(customer, "evisa")
    async with customer.statements() as said:
        page = read(await customer.get("/orders", params={"perPage": 4}))
    assert len(said) == 1
    assert (page["page"], page["perPage"], page["total"]) == (1, 4, 6)
    assert [order["status"] for order in page["items"]] == ["CONFIRMED", "PENDING", "PENDING", "PENDING"]
    assert page["items"][0]["payment"]["status"] == "SUCCEEDED"
    TypeAdapter(Page[OrderOut]).validate_python(page)
    confirmed = read(await customer.get("/orders", params={"status": "CONFIRMED"}))
    assert [order["serviceType"] for order in confirmed["items"]] == ["MICRO"]
    assert faulty_fields(await customer.get("/orders", params={"status": "PAID"})) == ["status"]
    assert faulty_fields(await customer.get("/orders", params={"page": 0})) == ["page"]


async def test_one_order_is_one_statement(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    async with customer.statements() as said:
        read(await customer.get(f"/orders/{order['id']}"))
    assert len(said) == 1
    OrderDetail.model_validate(order)


async def test_ordering_is_three_statements_in_one_transaction(shop: Shop, customer: StorefrontClient) -> None:
    await shop.order(customer, "guide")
    async with customer.statements() as said:
        await shop.order(customer, "guide")
    assert [statement.split()[0] for statement in said] == ["BEGIN;", "SELECT", "WITH", "SELECT", "COMMIT;"]


async def test_other_peoples_orders_are_not_there(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    order = await shop.order(customer)
    stranger = await holyone.sign_in_as()
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    for other in (stranger, consultant):
        for name in (order["id"], order["orderNumber"]):
            assert refusal(await other.get(f"/orders/{name}"), 404) == "ORDER_NOT_FOUND"
            assert refusal(await other.get(f"/orders/{name}/cancellation-preview"), 404) == "ORDER_NOT_FOUND"
            assert refusal(await other.patch(f"/orders/{name}/cancel"), 404) == "ORDER_NOT_FOUND"
            change = {"customerInfo": {"fullName": "Mine"}}
            assert refusal(await other.patch(f"/orders/{name}", json=change), 404) == "ORDER_NOT_FOUND"
        assert read(await other.get("/orders"))["total"] == 0
    assert read(await shop.office.get(f"/orders/{order['id']}"))["id"] == order["id"]


@pytest.mark.parametrize(
    "name", ["HT-2026-999999", "01a20017-c706-7aa9-acae-a71b957a7ad2", "%00", "%F0%9F%92%A9", "x" * 500]
)
async def test_names_of_nothing_are_not_found(customer: StorefrontClient, name: str) -> None:
    assert refusal(await customer.get(f"/orders/{name}"), 404) == "ORDER_NOT_FOUND"


async def test_orders_of_a_user_are_for_them_and_admins(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    await shop.order(customer)
    path = f"/users/{customer.user_id}/orders"
    assert read(await customer.get(path))["total"] == 1
    assert read(await shop.office.get(path))["items"][0]["userId"] == str(customer.user_id)
    stranger = await holyone.sign_in_as()
    assert refusal(await stranger.get(path), 404) == "NOT_FOUND"


async def test_points_are_set_aside_and_pay(shop: Shop, customer: StorefrontClient) -> None:
    await grant(customer, 500)
    order = await shop.order(customer, "evisa", loyaltyPoints=500)
    assert (order["loyaltyDiscount"], order["totalAmount"], order["loyaltyPointsUsed"]) == ("5.00", "65.00", 500)
    assert order["loyaltyPointsEarned"] == 35
    second = await customer.post("/orders", json={"serviceId": "evisa", "loyaltyPoints": 100})
    assert refusal(second, 409) == "NOT_ENOUGH_POINTS"
    assert len(await customer.rows("SELECT 1 FROM orders")) == 1


async def test_points_never_pay_government_fees(shop: Shop, customer: StorefrontClient) -> None:
    answer = await customer.post("/orders", json={"serviceId": "evisa", "loyaltyPoints": 2100})
    assert faulty_fields(answer) == ["loyaltyPoints"]
    assert "2000" in answer.json()["errors"][0]["message"]


async def test_what_postgresql_writes_is_what_the_models_declare(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer, "evisa", serviceDetails=DETAILS)
    buyer = Actor(customer.user_id, customer.email, "Sok Dara", Role.CUSTOMER, 0)
    async with customer.database.read() as connection:
        detail = await answers.get_order(connection, id_or_number=order["id"], actor=buyer, today=date(2026, 12, 1))
        page = await answers.list_own(
            connection, user_id=customer.user_id, statuses=None, page=PageIn(), today=date(2026, 12, 1)
        )
    OrderDetail.model_validate_json(detail.body, strict=False, by_alias=False, by_name=True)
    one, [item] = json.loads(detail.body), json.loads(page.body)
    assert (list(one), list(item)) == (list(OrderDetail.model_fields), list(OrderOut.model_fields))
    for model, part in (
        (OrderPayment, one["payment"]), (OrderItem, one["items"][0]), (OrderEvent, one["events"][0]),
        (PriceLine, one["lines"][0]), (CustomerInfo, one["customer_info"]),
    ):  # fmt: skip
        assert set(part) == set(model.model_fields)
