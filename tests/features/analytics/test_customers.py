"""Customers as the desk sees them, and their own page."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.features.analytics.books import Books, at
from tests.support.client import StorefrontClient, read, refusal

from sojourn.platform.kit.ids import new_id

PEOPLE = ("Anna Ly", "Bo Keo", "Chea Lim")


@pytest.fixture
async def people(books: Books) -> dict[str, UUID]:
    """Anna has spent 150 net in two orders, Bo 200 in one, Chea nothing that counts."""
    people = {}
    for points, name in enumerate(PEOPLE):
        since = at(f"2026-0{points + 1}-01 00:00")
        people[name] = await books.person(name, phone="+855 12 345", created_at=since, loyalty_points=points)
    service = await books.service("MICRO", "Check")
    anna, bo, chea = (people[name] for name in PEOPLE)
    for amount, refunded, paid in ((100, 50, "2026-11-01 00:00"), (100, 0, "2026-11-20 00:00")):
        order = await books.order(anna, service, kind="MICRO", made=paid)
        await books.payment(anna, order, amount, paid=paid, refunded=refunded)
    order = await books.order(bo, service, kind="MICRO", made="2026-11-10 00:00")
    await books.payment(bo, order, 200, paid="2026-11-10 00:00")
    when = "2026-11-11 00:00"
    order = await books.order(chea, service, kind="MICRO", made=when)
    await books.payment(chea, order, 5000, paid=when, disposition="LATE")
    await books.payment(chea, order, 5000, paid=when, currency="KHR")
    order = await books.order(chea, service, kind="MICRO", made=when)
    await books.payment(chea, order, 5000, paid=when, is_live=True)
    await books.order(chea, service, kind="MICRO", made=when, status="PENDING")
    return people


async def test_closed_accounts_are_told_apart(office: StorefrontClient, people: dict[str, UUID]) -> None:
    await office.rows("UPDATE users SET is_active = false WHERE id = $1 RETURNING id", people["Bo Keo"])
    for asked, expected in (("true", ["Anna Ly", "Chea Lim"]), ("false", ["Bo Keo"])):
        page = read(await office.get("/admin/customers", params={"isActive": asked, "sort": "name"}))
        assert ([row["fullName"] for row in page["items"]], page["total"]) == (expected, len(expected))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["Chea", "Bo", "Anna"]),
        ("oldest", ["Anna", "Bo", "Chea"]),
        ("name", ["Anna", "Bo", "Chea"]),
        ("lifetime_value", ["Bo", "Anna", "Chea"]),
        ("purchases", ["Chea", "Anna", "Bo"]),
        ("last_purchase", ["Anna", "Chea", "Bo"]),
        ("points", ["Chea", "Bo", "Anna"]),
    ],
)
async def test_sorted(office: StorefrontClient, people: dict[str, UUID], sort: str, expected: list[str]) -> None:
    page = read(await office.get("/admin/customers", params={"sort": sort}))
    assert [row["fullName"].split(maxsplit=1)[0] for row in page["items"]] == expected
    second = read(await office.get("/admin/customers", params={"sort": sort, "perPage": 1, "page": 2}))
    assert [row["fullName"].split(maxsplit=1)[0] for row in second["items"]] == expected[1:2]
    assert second["total"] == 3


async def test_what_a_customer_has_brought(office: StorefrontClient, people: dict[str, UUID]) -> None:
    page = read(await office.get("/admin/customers", params={"sort": "name"}))
    told = [
        (row["ordersCount"], row["bookingsCount"], row["lifetimeValue"], row["lastPurchaseAt"]) for row in page["items"]
    ]
    assert told == [
        (2, 0, "150.00", "2026-11-20T00:00:00Z"), (1, 0, "200.00", "2026-11-10T00:00:00Z"),
        (3, 0, "0.00", "2026-11-11T00:00:00Z"),
    ]  # fmt: skip
    live = read(await office.get("/admin/customers", params={"sort": "lifetime_value", "mode": "live"}))
    assert [row["lifetimeValue"] for row in live["items"]] == ["5000.00", "0.00", "0.00"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"q": "BO K"}, ["Bo Keo"]),
        ({"q": "anna-"}, ["Anna Ly"]),
        ({"q": "855 12"}, ["Chea Lim", "Bo Keo", "Anna Ly"]),
        ({"q": "%"}, []),
        ({"hasPoints": "true"}, ["Chea Lim", "Bo Keo"]),
        ({"hasPoints": "false"}, ["Anna Ly"]),
    ],
    ids=["name", "mail", "phone", "a wildcard is a sign", "with points", "without"],
)
async def test_found(
    office: StorefrontClient, people: dict[str, UUID], asked: dict[str, str], expected: list[str]
) -> None:
    page = read(await office.get("/admin/customers", params=asked))
    assert [row["fullName"] for row in page["items"]] == expected
    assert page["total"] == len(expected)


async def test_one_customer(office: StorefrontClient, people: dict[str, UUID]) -> None:
    chea = read(await office.get(f"/admin/customers/{people['Chea Lim']}"))
    assert chea["money"] == [{"currency": "KHR", "gross": "5000.00", "refunded": "0.00", "net": "5000.00"}]
    assert sorted(p["status"] for p in chea["purchases"]) == ["CONFIRMED", "CONFIRMED", "PENDING"]
    assert chea["ordersCount"] == 3
    path = chea["rowsUrl"].removeprefix(office.storefront.prefix)
    assert read(await office.get(path))["items"] == chea["purchases"]
    assert refusal(await office.get(f"/admin/customers/{new_id()}"), 404) == "USER_NOT_FOUND"


async def test_an_erased_account_is_nobodys(office: StorefrontClient, books: Books, people: dict[str, UUID]) -> None:
    await books.client.rows("UPDATE users SET deleted_at = now() WHERE id = $1 RETURNING id", people["Bo Keo"])
    assert read(await office.get("/admin/customers"))["total"] == 2
    assert (await office.get(f"/admin/customers/{people['Bo Keo']}")).status_code == 404
    # Their money stays in the books.
    assert read(await office.get("/admin/dashboard/stats"))["totalRevenue"] == "350.00"


@pytest.mark.parametrize(
    ("path", "rows"),
    [("/admin/customers", 3), ("/admin/consultants", 0), ("/admin/figures/total_orders", 5), ("/admin/occupancy", 0)],
)
async def test_every_list_is_a_file_too(
    office: StorefrontClient, people: dict[str, UUID], path: str, rows: int
) -> None:
    answer = await office.get(path, params={"format": "csv", "perPage": 1})
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))) == rows


async def test_a_telephone_number_is_no_formula(office: StorefrontClient, people: dict[str, UUID]) -> None:
    answer = await office.get("/admin/customers", params={"format": "csv", "sort": "name"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["phone"] for row in rows] == ["'+855 12 345"] * 3
    assert [row["lifetimeValue"] for row in rows] == ["150.00", "200.00", "0.00"]


# ---- the customer's own page


async def test_own_page(holyone: StorefrontClient, books: Books) -> None:
    customer, other = await holyone.sign_in_as(name="Sok Dara"), await books.person("Other")
    service = await books.service("MAIN", "Visa")
    made: dict[str, UUID] = {}
    for status in ("PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"):
        made[status] = await books.order(customer.user_id, service, kind="MAIN", made="2026-11-10 05:00", status=status)
    await books.order(other, service, kind="MAIN", made="2026-11-10 05:00")
    await books.payment(customer.user_id, made["COMPLETED"], 100, paid="2026-11-10 05:00", refunded=30)
    await books.payment(customer.user_id, made["COMPLETED"], 100, paid="2026-11-10 05:00", disposition="DUPLICATE")
    overview = read(await customer.get("/dashboard/overview"))
    counts = [overview[f"{name}Orders"] for name in ("active", "pending", "completed", "total")]
    assert counts == [3, 1, 1, 5]
    assert overview["totalSpent"] == [{"currency": "USD", "amount": "70.00"}]
    assert (overview["fullName"], len(overview["recentOrders"])) == ("Sok Dara", 5)
    active = read(await customer.get("/dashboard/orders/active"))
    assert {order["id"] for order in active["items"]} == {
        str(made[status]) for status in ("PENDING", "CONFIRMED", "IN_PROGRESS")
    }
    completed = read(await customer.get("/dashboard/orders/completed", params={"perPage": 1}))
    assert [order["id"] for order in completed["items"]] == [str(made["COMPLETED"])]
    assert (active["total"], completed["total"]) == (3, 1)
    assert refusal(await holyone.get("/dashboard/overview"), 401) == "NOT_AUTHENTICATED"


async def test_own_documents_at_a_glance(holyone: StorefrontClient, books: Books) -> None:
    customer, service = await holyone.sign_in_as(), await books.service("MAIN", "Visa")
    order = await books.order(customer.user_id, service, kind="MAIN", made="2026-11-10 05:00")
    rejected = {"status": "REJECTED", "rejection_reason": "Too dark"}
    await books.document(customer.user_id, order, handed_in="2026-11-10 05:00", decided=None)
    await books.document(customer.user_id, order, handed_in="2026-11-10 05:00", decided="2026-11-11 05:00")
    await books.document(customer.user_id, order, handed_in="2026-11-10 05:00", decided="2026-11-11 05:00", **rejected)
    other = await holyone.sign_in_as()
    await books.document(other.user_id, order, handed_in="2026-11-10 05:00", decided=None)
    shown = read(await customer.get("/dashboard/overview"))["documents"]
    assert [shown[name] for name in ("total", "pending", "verified", "rejected")] == [3, 1, 1, 1]
    assert [listed["orderId"] for listed in shown["orders"]] == [str(order)]
    assert shown == read(await customer.get("/dashboard/documents/status"))


async def test_own_journeys(derlg: StorefrontClient, derlg_books: Books) -> None:
    traveller = await derlg.sign_in_as()
    now = derlg.runtime.clock.now()
    made: dict[str, Any] = {"made": "2026-11-10 05:00"}
    today = at("2026-12-01 00:00").date()
    ahead = await derlg_books.booking(traveller.user_id, **made)
    under_way = await derlg_books.booking(
        traveller.user_id, **made, travel_date=today - timedelta(days=2), end_date=today
    )
    held = await derlg_books.booking(
        traveller.user_id, **made, status="RESERVED", reserved_until=now + timedelta(minutes=5)
    )
    await derlg_books.booking(traveller.user_id, **made, status="RESERVED", reserved_until=now)
    await derlg_books.booking(traveller.user_id, **made, end_date=today - timedelta(days=1))
    await derlg_books.booking(traveller.user_id, **made, status="COMPLETED")
    overview = read(await traveller.get("/dashboard/overview"))
    assert [b["id"] for b in overview["next_bookings"]] == [str(i) for i in (under_way, *sorted((ahead, held)))]
    assert (overview["upcoming_bookings"], overview["completed_bookings"], overview["total_bookings"]) == (3, 1, 6)
    assert (overview["documents"], overview["upcoming_consultations"]) == (None, [])  # nobody asks for any there
