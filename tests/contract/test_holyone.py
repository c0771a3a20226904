"""Holyone as its frontend calls it: camelCase, bare bodies, problem documents, the status flow of its document."""

import re
from uuid import uuid4

from tests.support.client import PASSWORD, StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import open_intent, pay, tell_all

from sojourn.people.roles import Role

PACKAGE = {
    "slug": "professional", "type": "MAIN", "title": "Professional", "description": "A visa with a consultant.",
    "price": "299.00", "features": ["A consultant"], "images": [], "requiresConsultant": True,
}  # fmt: skip
REGISTRATION = {
    "fullName": "Chan Sophea",
    "email": "sophea@example.com",
    "password": PASSWORD,
    "phone": "+85512345678",
    "country": "Cambodia",
}
DETAILS = {
    "destination": "France", "travelDate": "2027-03-01", "passportNumber": "N0123456", "nationality": "Cambodian",
    "purposeOfTravel": "Tourism", "additionalNotes": "First visit",
}  # fmt: skip


async def test_bodies_are_bare_and_refusals_problem_documents(holyone: StorefrontClient) -> None:
    listed = (await holyone.get("/services")).json()
    assert listed == {"items": [], "page": 1, "perPage": 20, "total": 0}
    refused = await holyone.get(f"/services/{uuid4()}")
    assert refused.headers["content-type"] == "application/problem+json"
    body = refused.json()
    assert (body["type"], body["status"], body["code"]) == ("about:blank", 404, "SERVICE_NOT_FOUND")
    assert body["title"]
    assert body["detail"]
    missing = await holyone.post("/auth/login", json={"email": "a@example.com", "fullName": "x"})
    assert sorted(faulty_fields(missing)) == ["fullName", "password"]


async def test_accounts(holyone: StorefrontClient) -> None:
    visitor = holyone.visitor()
    answer = read(await visitor.post("/auth/register", json=REGISTRATION), 201)
    user = answer["user"]
    assert set(answer) >= {"accessToken", "tokenType", "expiresIn", "user"}
    assert (user["fullName"], user["role"], user["emailVerified"]) == ("Chan Sophea", "CUSTOMER", False)
    assert "password" not in user
    read(await visitor.post("/auth/login", json={"email": "SOPHEA@example.com", "password": PASSWORD}))
    renewed = read(await visitor.post("/auth/refresh"))
    bearer = {"Authorization": f"Bearer {renewed['accessToken']}"}
    assert read(await visitor.get("/auth/me", headers=bearer))["id"] == user["id"]
    own = f"/users/{user['id']}"
    assert read(await visitor.get(own, headers=bearer))["country"] == "Cambodia"
    assert read(await visitor.patch(own, json={"fullName": "Sophea C."}, headers=bearer))["fullName"] == "Sophea C."
    assert read(await visitor.get(f"{own}/orders", headers=bearer))["items"] == []
    known = await holyone.visitor().post("/auth/forgot-password", json={"email": "sophea@example.com"})
    unknown = await holyone.visitor().post("/auth/forgot-password", json={"email": "nobody@example.com"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    wrong = {"token": "t" * 43, "password": PASSWORD}
    assert refusal(await holyone.visitor().post("/auth/reset-password", json=wrong), 400) == "LINK_INVALID"
    assert refusal(await holyone.visitor().post("/auth/verify-email", json={"token": "t" * 43}), 400) == "LINK_INVALID"
    read(await visitor.delete(own, headers=bearer), 204)
    assert refusal(await visitor.get("/auth/me", headers=bearer), 401) == "NOT_AUTHENTICATED"


async def test_services_are_kept_by_admins(holyone: StorefrontClient) -> None:
    office, customer = await holyone.sign_in_as(Role.ADMIN), await holyone.sign_in_as()
    assert refusal(await customer.post("/services", json=PACKAGE), 403) == "NOT_ALLOWED"
    made = read(await office.post("/services", json=PACKAGE), 201)
    assert (made["type"], made["price"], made["isActive"]) == ("MAIN", "299.00", True)
    assert [row["id"] for row in read(await holyone.get("/services/main"))["items"]] == [made["id"]]
    assert read(await holyone.get("/services/micro"))["items"] == []
    assert read(await holyone.get("/services/digital"))["items"] == []
    changed = read(await office.patch(f"/services/{made['id']}", json={"oldPrice": "349.00", "priceRange": "$299-349"}))
    assert (changed["oldPrice"], changed["priceRange"]) == ("349.00", "$299-349")
    read(await office.delete(f"/services/{made['id']}"), 204)
    assert read(await holyone.get("/services"))["items"] == []
    order = await customer.post("/orders", json={"serviceId": made["id"]})
    assert refusal(order, 404) == "SERVICE_NOT_FOUND"


async def test_order_pay_assign_complete(holyone: StorefrontClient, sandbox: str) -> None:
    office, customer = await holyone.sign_in_as(Role.ADMIN), await holyone.sign_in_as()
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    service = read(await office.post("/services", json=PACKAGE), 201)
    info = {"fullName": "Chan Sophea", "email": "s@example.com", "phone": "+855 12 345 678", "country": "Cambodia"}
    wanted = {"serviceId": service["id"], "customerInfo": info, "serviceDetails": DETAILS}
    order = read(await customer.post("/orders", json=wanted), 201)
    assert re.fullmatch(r"HT-2026-\d{6}", order["orderNumber"])
    assert (order["status"], order["totalAmount"], order["currency"]) == ("PENDING", "299.00", "USD")
    assert order["serviceSnapshot"]["title"] == "Professional"
    assert order["customerInfo"] == info
    assert order["serviceDetails"] == DETAILS
    assert [(i["quantity"], i["unitPrice"], i["totalPrice"]) for i in order["items"]] == [(1, "299.00", "299.00")]

    for lie in ({"amount": "1.00"}, {"currency": "KHR"}):
        answer = await customer.post("/payments/create-intent", json={"orderId": order["id"], **lie})
        assert refusal(answer, 422) == "AMOUNT_MISMATCH"
    intent = (await open_intent(customer, orderId=order["id"], amount=299, currency="usd"))["paymentIntentId"]
    await pay(sandbox, intent, card="pm_card_chargeDeclined", storefront="holyone")
    await tell_all(holyone, sandbox, intent)
    assert read(await customer.get(f"/orders/{order['id']}"))["payment"]["status"] == "FAILED"
    (await pay(sandbox, intent, storefront="holyone")).raise_for_status()
    paid = read(await customer.post("/payments/confirm", json={"orderId": order["id"], "paymentIntentId": intent}))
    assert (paid["status"], paid["orderId"], paid["cardBrand"], paid["cardLast4"]) == (
        "SUCCEEDED",
        order["id"],
        "visa",
        "4242",
    )
    assert read(await customer.get("/orders"))["items"][0]["status"] == "CONFIRMED"

    desk = f"/admin/orders/{order['id']}"
    assert refusal(await customer.get("/admin/orders"), 403) == "NOT_ALLOWED"
    assert read(await consultant.get("/admin/orders"))["total"] == 0
    assigned = read(await office.patch(f"{desk}/assign", json={"consultantId": str(consultant.user_id)}))
    assert assigned["consultantId"] == str(consultant.user_id)
    assert read(await consultant.get("/admin/orders"))["total"] == 1
    assert read(await consultant.patch(desk, json={"status": "IN_PROGRESS"}))["status"] == "IN_PROGRESS"
    assert read(await office.patch(desk, json={"status": "COMPLETED"}))["status"] == "COMPLETED"
    assert refusal(await office.patch(desk, json={"status": "PENDING"}), 409) == "TRANSITION_NOT_ALLOWED"
    found = read(
        await office.get("/admin/orders", params={"status": "COMPLETED", "type": "MAIN", "q": order["orderNumber"]})
    )
    assert [row["id"] for row in found["items"]] == [order["id"]]


async def test_cancelling_refunds(holyone: StorefrontClient, sandbox: str) -> None:
    office, customer = await holyone.sign_in_as(Role.ADMIN), await holyone.sign_in_as()
    read(await office.post("/services", json=PACKAGE), 201)
    order = read(await customer.post("/orders", json={"serviceId": "professional"}), 201)
    intent = (await open_intent(customer, orderId=order["id"]))["paymentIntentId"]
    (await pay(sandbox, intent, storefront="holyone")).raise_for_status()
    await tell_all(holyone, sandbox, intent)
    payment = read(await customer.get(f"/orders/{order['id']}"))["payment"]["id"]
    part = read(await office.post(f"/payments/{payment}/refund", json={"amount": "99.00", "reason": "goodwill"}), 202)
    assert [(row["amount"], row["status"]) for row in part["refunds"]] == [("99.00", "PENDING")]
    too_much = await office.post(f"/payments/{payment}/refund", json={"amount": "200.01", "reason": "more"})
    assert refusal(too_much, 422) == "REFUND_EXCEEDS_CAPTURED"
    cancelled = read(await customer.patch(f"/orders/{order['id']}/cancel"))
    assert cancelled["status"] == "CANCELLED"
    assert refusal(await customer.patch(f"/orders/{order['id']}/cancel"), 409) == "TRANSITION_NOT_ALLOWED"
    left = read(await office.get(f"/payments/{payment}"))
    assert sorted(row["amount"] for row in left["refunds"]) == ["200.00", "99.00"]


async def test_other_peoples_orders_are_not_found(holyone: StorefrontClient) -> None:
    office = await holyone.sign_in_as(Role.ADMIN)
    read(await office.post("/services", json=PACKAGE), 201)
    owner, stranger = await holyone.sign_in_as(), await holyone.sign_in_as()
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    order = read(await owner.post("/orders", json={"serviceId": "professional"}), 201)
    for name in (order["id"], order["orderNumber"]):
        here = f"/orders/{name}"
        bodies = {
            ("PATCH", here): {"customerInfo": {"fullName": "Evil"}},
            ("PATCH", f"{here}/cancel"): {"reason": "Mine"},
        }
        for method, path in (
            ("GET", here), ("PATCH", here), ("PATCH", f"{here}/cancel"), ("GET", f"{here}/cancellation-preview"),
            ("GET", f"{here}/invoice"),
        ):  # fmt: skip
            for somebody in (stranger, consultant):
                answer = await somebody.request(method, path, json=bodies.get((method, path)))
                assert answer.status_code == 404, (path, answer.text)
        assert (await consultant.get(f"/admin{here}")).status_code == 404
    assert (await stranger.get(f"/users/{owner.user_id}/orders")).status_code == 404
    paying = await stranger.post("/payments/create-intent", json={"orderId": order["id"]})
    assert paying.status_code == 404
    assert read(await owner.get(f"/orders/{order['id']}"))["status"] == "PENDING"
