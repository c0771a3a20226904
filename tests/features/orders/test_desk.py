"""Orders at the agency's desk: lists, steps of the work, consultants, notes."""

import asyncio
import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.features.orders.conftest import Json, Shop, points_of, queued
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.effects import CONSULTANT_ASSIGNED, ORDER_STATUS_CHANGED
from sojourn.sales.orders import answers
from sojourn.sales.orders.models import DeskSort


@pytest.fixture
async def consultant(holyone: StorefrontClient) -> StorefrontClient:
    return await holyone.sign_in_as(Role.CONSULTANT, name="Keo Bopha")


async def assign(shop: Shop, order: Json, consultant: StorefrontClient | None = None, **body: object) -> Json:
    sent = body or {"consultantId": str(consultant.user_id) if consultant else None}
    assigned: Json = read(await shop.office.patch(f"/admin/orders/{order['id']}/assign", json=sent))
    return assigned


async def test_from_confirmed_to_completed(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    working = await shop.move(order, status="IN_PROGRESS")
    assert (working["status"], working["refundStage"]) == ("IN_PROGRESS", "IN_REVIEW")
    lodged = await shop.move(order, refundStage="LODGED")
    assert (lodged["status"], lodged["refundStage"]) == ("IN_PROGRESS", "LODGED")
    assert await points_of(customer) == (0, 299)
    done = await shop.move(order, status="COMPLETED")
    assert (done["status"], done["refundStage"], done["completedAt"]) == (
        "COMPLETED",
        "COMPLETED",
        "2026-12-01T03:00:00Z",
    )
    assert await points_of(customer) == (299, 0)
    steps = [(event["kind"], event["toStatus"]) for event in done["events"]]
    assert steps == [
        ("STATUS", "PENDING"), ("STATUS", "CONFIRMED"), ("STAGE", "IN_REVIEW"), ("STATUS", "IN_PROGRESS"),
        ("STAGE", "LODGED"), ("STAGE", "COMPLETED"), ("STATUS", "COMPLETED"),
    ]  # fmt: skip
    mails = await queued(customer, ORDER_STATUS_CHANGED)
    assert [mail["event_id"] for mail in mails] == [done["events"][3]["id"], done["events"][6]["id"]]
    trail = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'order.moved' ORDER BY id")
    assert [row["detail"]["to"] for row in trail] == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]


@pytest.mark.parametrize("slug", ["professional", "evisa", "guide"])
async def test_what_is_not_allowed_names_what_is(shop: Shop, customer: StorefrontClient, slug: str) -> None:
    order = await shop.order(customer, slug)
    for status in ("PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED"):
        answer = await shop.office.patch(f"/admin/orders/{order['id']}", json={"status": status})
        assert refusal(answer, 409) == "TRANSITION_NOT_ALLOWED"
        assert answer.json()["details"] == {"from": "PENDING", "to": status, "allowed": ["CANCELLED"]}
    answer = await shop.office.patch(f"/admin/orders/{order['id']}", json={"refundStage": "IN_REVIEW"})
    assert refusal(answer, 409) == "REFUND_STAGE_NOT_ALLOWED"
    await shop.pay(customer, order)
    answer = await shop.office.patch(f"/admin/orders/{order['id']}", json={"status": "PENDING"})
    allowed = {"professional": ["CANCELLED", "IN_PROGRESS"], "guide": ["CANCELLED", "COMPLETED"]}
    assert answer.json()["details"]["allowed"] == allowed.get(slug, ["CANCELLED", "COMPLETED", "IN_PROGRESS"])
    answer = await shop.office.patch(f"/admin/orders/{order['id']}", json={"refundStage": "COMPLETED"})
    assert refusal(answer, 409) == "REFUND_STAGE_NOT_ALLOWED"
    assert await queued(customer, ORDER_STATUS_CHANGED) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "DONE"}, "status"),
        ({"refundStage": "PAID"}, "refundStage"),
        ({"status": "CANCELLED", "refundStage": "LODGED"}, "refundStage"),
        ({"note": ""}, "note"),
        ({"note": "a\u0000"}, "note"),
        ({"version": 0, "note": "x"}, "version"),
        ({"totalAmount": "1.00"}, "totalAmount"),
    ],
)
async def test_bad_changes_name_their_field(
    shop: Shop, customer: StorefrontClient, body: dict[str, Any], field: str
) -> None:
    order = await shop.order(customer)
    assert faulty_fields(await shop.office.patch(f"/admin/orders/{order['id']}", json=body)) == [field]


async def test_two_admins_at_once(shop: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    order = await shop.paid(customer)
    other = await holyone.sign_in_as(Role.ADMIN)
    change = {"status": "IN_PROGRESS", "version": order["version"]}
    answers = await asyncio.gather(
        *(one.patch(f"/admin/orders/{order['id']}", json=change) for one in (shop.office, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [loser] = [answer for answer in answers if answer.status_code == 409]
    assert loser.json()["code"] == "VERSION_CONFLICT"
    assert loser.json()["details"] == {"version": order["version"] + 1}


async def test_customers_have_no_desk(shop: Shop, customer: StorefrontClient, holyone: StorefrontClient) -> None:
    order = await shop.order(customer)
    guide = await holyone.sign_in_as(Role.GUIDE)
    for person in (customer, guide):
        assert refusal(await person.get("/admin/orders"), 403) == "NOT_ALLOWED"
        assert refusal(await person.patch(f"/admin/orders/{order['id']}", json={"note": "x"}), 403) == "NOT_ALLOWED"
        assert (
            refusal(await person.post(f"/admin/orders/{order['id']}/notes", json={"note": "x"}), 403) == "NOT_ALLOWED"
        )
        answer = await person.patch(f"/admin/orders/{order['id']}/assign", json={"auto": True})
        assert refusal(answer, 403) == "NOT_ALLOWED"


async def test_a_consultant_works_on_assigned_orders_only(
    shop: Shop, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    mine, other = await shop.paid(customer), await shop.paid(customer)
    assigned = await assign(shop, mine, consultant)
    assert (assigned["consultantId"], assigned["consultantName"]) == (str(consultant.user_id), "Keo Bopha")
    assert await queued(customer, CONSULTANT_ASSIGNED) == [
        {"order_id": mine["id"], "event_id": assigned["events"][-1]["id"]}
    ]
    assert [order["id"] for order in read(await consultant.get("/admin/orders"))["items"]] == [mine["id"]]
    everybody = read(await consultant.get("/admin/orders", params={"consultant": str(shop.office.user_id)}))
    assert everybody["total"] == 0
    for path in (f"/admin/orders/{other['id']}", f"/orders/{other['id']}"):
        assert refusal(await consultant.get(path), 404) == "ORDER_NOT_FOUND"
    answer = await consultant.patch(f"/admin/orders/{other['id']}", json={"status": "IN_PROGRESS"})
    assert refusal(answer, 404) == "ORDER_NOT_FOUND"
    answer = await consultant.post(f"/admin/orders/{other['id']}/notes", json={"note": "x"})
    assert refusal(answer, 404) == "ORDER_NOT_FOUND"
    answer = await consultant.patch(f"/admin/orders/{mine['id']}/assign", json={"auto": True})
    assert refusal(answer, 403) == "NOT_ALLOWED"

    await shop.move(mine, by=consultant, status="IN_PROGRESS", refundStage="LODGED")
    answer = await consultant.patch(f"/admin/orders/{mine['id']}", json={"refundStage": "IN_REVIEW"})
    assert refusal(answer, 409) == "REFUND_STAGE_NOT_ALLOWED", "only an admin puts a stage back"
    assert (await shop.move(mine, refundStage="IN_REVIEW"))["refundStage"] == "IN_REVIEW"
    answer = await consultant.patch(f"/orders/{mine['id']}", json={"customerInfo": {"fullName": "X"}})
    assert refusal(answer, 403) == "NOT_ALLOWED"

    await assign(shop, mine, None)
    assert refusal(await consultant.get(f"/orders/{mine['id']}"), 404) == "ORDER_NOT_FOUND"
    assert len(await queued(customer, CONSULTANT_ASSIGNED)) == 1


async def test_notes_are_for_staff(shop: Shop, customer: StorefrontClient, consultant: StorefrontClient) -> None:
    order = await shop.paid(customer)
    await assign(shop, order, consultant)
    note = read(
        await consultant.post(f"/admin/orders/{order['id']}/notes", json={"note": "Ask for the old visa."}), 201
    )
    assert (note["kind"], note["note"], note["actorId"]) == ("NOTE", "Ask for the old visa.", str(consultant.user_id))
    await shop.move(order, status="IN_PROGRESS", note="He sounds nervous.")
    seen = read(await customer.get(f"/orders/{order['id']}"))
    assert "NOTE" not in {event["kind"] for event in seen["events"]}
    assert "nervous" not in json.dumps(seen)
    assert {event["actorId"] for event in seen["events"]} <= {None, str(customer.user_id)}
    for member in (consultant, shop.office):
        events = read(await member.get(f"/orders/{order['id']}"))["events"]
        assert [event["note"] for event in events if event["kind"] == "NOTE"] == [
            "Ask for the old visa.",
            "He sounds nervous.",
        ]
    acts = await acts_on(customer, order["id"])
    assert ("order.assigned", shop.office.user_id) in acts
    assert acts.count(("order.noted", consultant.user_id)) == 1


async def test_assigning_again_changes_nothing(
    shop: Shop, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order = await shop.order(customer)
    first = await assign(shop, order, consultant)
    assert await assign(shop, order, consultant) == first
    assert len(await queued(customer, CONSULTANT_ASSIGNED)) == 1


@pytest.mark.parametrize("body", [{}, {"auto": False}, {"consultantId": None, "auto": True}, {"consultantId": "me"}])
async def test_an_assignment_says_to_whom(shop: Shop, customer: StorefrontClient, body: dict[str, Any]) -> None:
    order = await shop.order(customer)
    answer = await shop.office.patch(f"/admin/orders/{order['id']}/assign", json=body)
    assert faulty_fields(answer) == ["consultantId"]


async def test_only_active_consultants_are_assigned(
    shop: Shop, customer: StorefrontClient, consultant: StorefrontClient
) -> None:
    order = await shop.order(customer)
    path = f"/admin/orders/{order['id']}/assign"
    assert refusal(await shop.office.patch(path, json={"auto": True, "version": 99}), 409) == "VERSION_CONFLICT"
    await customer.rows("UPDATE users SET is_active = false WHERE id = $1 RETURNING id", consultant.user_id)
    for nobody in (consultant.user_id, customer.user_id, shop.office.user_id, order["id"]):
        assert faulty_fields(await shop.office.patch(path, json={"consultantId": str(nobody)})) == ["consultantId"]
    assert refusal(await shop.office.patch(path, json={"auto": True}), 409) == "NO_CONSULTANT_AVAILABLE"
    read(await customer.patch(f"/orders/{order['id']}/cancel"))
    assert refusal(await shop.office.patch(path, json={"consultantId": None}), 409) == "TRANSITION_NOT_ALLOWED"


async def test_the_freest_consultant_is_chosen_then_the_one_idle_longest(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    first = await holyone.sign_in_as(Role.CONSULTANT)
    clock.advance(timedelta(minutes=1))
    second = await holyone.sign_in_as(Role.CONSULTANT)
    chosen = []
    for _ in range(3):
        order = await shop.paid(customer, "evisa")
        chosen.append((await assign(shop, order, auto=True))["consultantId"])
        clock.advance(timedelta(minutes=1))
    assert chosen == [str(first.user_id), str(second.user_id), str(first.user_id)]
    await shop.move(order, status="COMPLETED")
    order = await shop.paid(customer, "evisa")
    assert (await assign(shop, order, auto=True))["consultantId"] == str(second.user_id), "both have one: idle longest"


async def test_many_assignments_at_once_are_spread_evenly(
    shop: Shop, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    for _ in range(3):
        await holyone.sign_in_as(Role.CONSULTANT)
    orders = [await shop.order(customer, "guide") for _ in range(6)]
    await asyncio.gather(*(assign(shop, order, auto=True) for order in orders))
    rows = await holyone.rows("SELECT count(*) AS n FROM orders GROUP BY consultant_id")
    assert [row["n"] for row in rows] == [2, 2, 2]


async def test_the_desk_finds_orders(shop: Shop, holyone: StorefrontClient, clock: FrozenClock) -> None:
    dara = await holyone.sign_in_as(email="dara_100%@example.com")
    chan = await holyone.sign_in_as()
    old = await shop.order(dara, "guide")
    clock.advance(timedelta(days=1))
    new = await shop.order(chan, customerInfo={"fullName": "Chan Sophea", "email": "Sophea@Example.com"})

    async def found(**params: str) -> list[str]:
        page = read(await shop.office.get("/admin/orders", params=params))
        assert page["total"] == len(page["items"])
        return [order["orderNumber"] for order in page["items"]]

    both = [new["orderNumber"], old["orderNumber"]]
    assert await found() == both
    assert await found(sort="oldest") == both[::-1]
    assert await found(sort="largest") == both
    assert await found(sort="updated") == both
    assert await found(type="DIGITAL") == both[1:]
    assert await found(status="PENDING") == both
    assert await found(status="CONFIRMED") == []
    assert await found(isAssigned="false") == both
    assert await found(isAssigned="true") == []
    assert await found(q="sophea@example") == both[:1]
    assert await found(q="CHAN") == both[:1]
    assert await found(q=old["orderNumber"][-6:]) == both[1:]
    assert await found(q="100%") == both[1:]
    assert await found(q="%") == both[1:], "a wildcard is a letter like any other"
    assert await found(fromDate="2026-12-02") == both[:1]
    assert await found(toDate="2026-12-01") == both[1:]
    assert await found(fromDate="2026-12-01", toDate="2026-12-02") == both
    for params, field in (
        ({"fromDate": "2026-12-02", "toDate": "2026-12-01"}, "fromDate"), ({"sort": "name"}, "sort"),
        ({"consultant": "me"}, "consultant"), ({"q": "x" * 81}, "q"), ({"perPage": 101}, "perPage"),
    ):  # fmt: skip
        assert faulty_fields(await shop.office.get("/admin/orders", params=params)) == [field]


async def test_the_desks_list_is_one_statement(shop: Shop, customer: StorefrontClient) -> None:
    for _ in range(3):
        await shop.order(customer)
    async with shop.office.statements() as said:
        page = read(await shop.office.get("/admin/orders", params={"perPage": 2, "page": 2}))
    assert (len(said), page["total"], len(page["items"])) == (1, 3, 1)


_FILL = """
INSERT INTO orders (id, order_number, user_id, service_id, service_type, status, title, currency, total_amount,
                    service_fee, government_fee, customer_info, service_snapshot, created_at, updated_at)
SELECT gen_random_uuid(), 'XX-2026-' || lpad(n::text, 6, '0'), $1, $2, 'MAIN',
       (ARRAY['PENDING', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'])[1 + n % 5], 'T', 'USD', 10, 10, 0,
       '{"full_name": "A", "email": "a@example.com", "phone": null, "country": null}',
       (SELECT service_snapshot FROM orders LIMIT 1),
       timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute'
  FROM generate_series(1, 50000) AS n RETURNING 1
"""


async def test_the_lists_stay_quick_with_many_orders(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer)
    await customer.rows(_FILL, shop.office.user_id, order["serviceId"])
    nothing, day = (None,) * 7, date(2026, 12, 1)
    calls: dict[str, tuple[str, tuple[object, ...]]] = {
        "newest": (answers._DESK[DeskSort.NEWEST], (*nothing, 20, 0, None, day, None)),
        "oldest": (answers._DESK[DeskSort.OLDEST], (*nothing, 20, 0, None, day, None)),
        "status": (answers._DESK[DeskSort.NEWEST], ("CONFIRMED", *nothing[1:], 20, 0, None, day, None)),
        "consultant": (answers._DESK[DeskSort.NEWEST], (*nothing, 20, 0, shop.office.user_id, day, None)),
        "own": (answers._LIST_OWN, (customer.user_id, None, 20, 0, day)),
        "late": (answers._DESK[DeskSort.NEWEST], (*nothing, 20, 0, None, day, True)),
    }
    async with customer.database.read() as connection:
        await connection.execute("ANALYZE orders")
        for name, (statement, arguments) in calls.items():
            [plan] = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *arguments)
            read_rows = [
                node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
                for node in _page_nodes(plan["Plan"])
                if node.get("Relation Name") == "orders"
            ]
            assert read_rows, name
            assert max(read_rows) <= 200, (name, read_rows)
    page = read(await shop.office.get("/admin/orders", params={"perPage": 100}))
    assert page["total"] == 50_001
    assert all(a["createdAt"] >= b["createdAt"] for a, b in pairwise(page["items"]))


def _page_nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes that make the page; the count beside it is an InitPlan of its own."""
    children = [child for child in plan.get("Plans", []) if child.get("Parent Relationship") != "InitPlan"]
    return [plan, *(node for child in children for node in _page_nodes(child))]


async def test_customers_correct_what_they_said(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, serviceDetails={"destination": "France", "nationality": "Cambodian"})
    change = {
        "customerInfo": {"fullName": "Sok Dara Junior"},
        "serviceDetails": {"destination": "Italy", "nationality": None}, "version": order["version"],
    }  # fmt: skip
    after = read(await customer.patch(f"/orders/{order['id']}", json=change))
    assert (after["customerInfo"]["fullName"], after["customerInfo"]["email"]) == ("Sok Dara Junior", customer.email)
    assert (after["serviceDetails"]["destination"], after["serviceDetails"]["nationality"]) == ("Italy", None)
    assert after["version"] == order["version"] + 1
    assert refusal(await customer.patch(f"/orders/{order['id']}", json=change), 409) == "VERSION_CONFLICT"
    assert faulty_fields(await customer.patch(f"/orders/{order['id']}", json={})) == ["customerInfo"]
    past = {"serviceDetails": {"travelDate": "2020-01-01"}}
    assert faulty_fields(await customer.patch(f"/orders/{order['id']}", json=past)) == ["serviceDetails.travelDate"]
    [trail] = await customer.rows("SELECT detail FROM audit_entries WHERE action = 'order.changed'")
    assert trail["detail"]["fields"] == [
        "customer_info.full_name", "service_details.destination", "service_details.nationality",
    ]  # fmt: skip

    await shop.pay(customer, order)
    read(await customer.patch(f"/orders/{order['id']}", json={"serviceDetails": {"passportNumber": "N1234567"}}))
    await shop.move(order, status="IN_PROGRESS")
    late = await customer.patch(f"/orders/{order['id']}", json={"serviceDetails": {"passportNumber": "N7654321"}})
    assert refusal(late, 409) == "ORDER_NOT_MODIFIABLE"


async def test_the_same_stage_again_changes_nothing(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.paid(customer)
    first = await shop.move(order, refundStage="IN_REVIEW")
    assert await shop.move(order, refundStage="IN_REVIEW") == first


async def test_correcting_the_customer_leaves_the_details(shop: Shop, customer: StorefrontClient) -> None:
    order = await shop.order(customer, serviceDetails={"destination": "France"})
    after = read(await customer.patch(f"/orders/{order['id']}", json={"customerInfo": {"country": "Laos"}}))
    assert (after["customerInfo"]["country"], after["serviceDetails"]["destination"]) == ("Laos", "France")
