"""Revenue as the law defines it (rules, section 13), against sums made by hand."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest
from tests.features.analytics.books import Books
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.people.roles import Role

Json = dict[str, Any]


@pytest.fixture
async def buyer(books: Books) -> UUID:
    """Somebody whose payments lie on both sides of every border: of months, of modes, of what counts."""
    buyer = await books.person("Chan Sophea")
    services = {kind: await books.service(kind, f"The {kind}") for kind in ("MAIN", "MICRO", "DIGITAL")}

    async def sold(kind: str, amount: int, paid: str, **more: Any) -> None:
        order = await books.order(buyer, services[kind], kind=kind, made=paid, total=amount)
        await books.payment(buyer, order, amount, paid=paid, **more)

    await sold("MAIN", 299, "2026-10-31 16:59:59.999999")  # 23:59:59.999999 on 31 October in Phnom Penh
    await sold("MICRO", 70, "2026-10-31 17:00", refunded=20)  # 00:00 on 1 November there
    await sold("DIGITAL", 19, "2026-11-30 16:59:59", refunded=19, refunded_at=None)
    await sold("MAIN", 100, "2026-11-30 17:00")  # 00:00 on 1 December there
    for disposition in ("LATE", "DUPLICATE", "MISMATCH", "CANCELLED_PURCHASE"):
        await sold("MAIN", 1000, "2026-11-10 05:00", disposition=disposition)
    await sold("MAIN", 5000, "2026-11-10 05:00", is_live=True, refunded=500)
    await sold("MAIN", 400_000, "2026-11-10 05:00", currency="KHR", refunded=100_000)
    attempted = await books.order(buyer, services["MAIN"], kind="MAIN", made="2026-11-10 05:00", status="PENDING")
    await books.payment(buyer, attempted, 100, paid=None)
    return buyer


def shown(periods: list[Json]) -> list[tuple[Any, ...]]:
    return [
        (p["periodStart"], p["currency"], p["type"], p["gross"], p["refunded"], p["net"], p["paymentsCount"])
        for p in periods
    ]


async def test_money_counts_in_the_month_of_its_payment_where_the_agency_is(
    office: StorefrontClient, buyer: UUID
) -> None:
    answer = read(await office.get("/admin/revenue", params={"by": "month", "fromDate": "2026-10-01"}))
    assert shown(answer["periods"]) == [
        ("2026-10-01", "USD", None, "299.00", "0.00", "299.00", 1),
        ("2026-11-01", "KHR", None, "400000.00", "100000.00", "300000.00", 1),
        ("2026-11-01", "USD", None, "89.00", "39.00", "50.00", 2),
        ("2026-12-01", "USD", None, "100.00", "0.00", "100.00", 1),
    ]
    assert answer["totals"] == [
        {"currency": "KHR", "gross": "400000.00", "refunded": "100000.00", "net": "300000.00"},
        {"currency": "USD", "gross": "488.00", "refunded": "39.00", "net": "449.00"},
    ]
    assert (answer["mode"], answer["fromDate"], answer["toDate"]) == ("test", "2026-10-01", "2026-12-01")
    assert [p["periodEnd"] for p in answer["periods"]] == ["2026-10-31", "2026-11-30", "2026-11-30", "2026-12-01"]


async def test_real_money_is_apart(office: StorefrontClient, buyer: UUID) -> None:
    answer = read(await office.get("/admin/revenue", params={"by": "year", "mode": "live"}))
    assert shown(answer["periods"]) == [("2026-01-01", "USD", None, "5000.00", "500.00", "4500.00", 1)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"by": "day", "fromDate": "2026-11-01", "toDate": "2026-11-01"}, [("2026-11-01", "70.00")]),
        ({"by": "day", "fromDate": "2026-10-31", "toDate": "2026-10-31"}, [("2026-10-31", "299.00")]),
        # 1 November 2026 is a Sunday, 30 November a Monday.
        (
            {"by": "week", "fromDate": "2026-10-26", "toDate": "2026-12-06"},
            [("2026-10-26", "369.00"), ("2026-11-30", "119.00")],
        ),
        ({"by": "year"}, [("2026-01-01", "488.00")]),
        ({"by": "month", "type": "MICRO"}, [("2026-11-01", "70.00")]),
        ({"by": "month", "type": "PACKAGE"}, []),
    ],
    ids=["first day", "last day", "weeks", "year", "type", "none of the type"],
)
async def test_periods_and_filters(
    office: StorefrontClient, buyer: UUID, asked: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    answer = read(await office.get("/admin/revenue", params={**asked, "currency": "usd"}))
    assert [(p["periodStart"], p["gross"]) for p in answer["periods"]] == expected


async def test_each_sum_opens_onto_its_payments(office: StorefrontClient, buyer: UUID) -> None:
    answer = read(
        await office.get("/admin/revenue", params={"by": "month", "byType": "true", "fromDate": "2026-10-01"})
    )
    assert {(p["periodStart"], p["type"]) for p in answer["periods"] if p["currency"] == "USD"} == {
        ("2026-10-01", "MAIN"), ("2026-11-01", "MICRO"), ("2026-11-01", "DIGITAL"), ("2026-12-01", "MAIN"),
    }  # fmt: skip
    for period in answer["periods"]:
        path = period["rowsUrl"].removeprefix(office.storefront.prefix)
        rows = read(await office.get(path))
        assert rows["total"] == period["paymentsCount"]
        assert sum(float(row["net"]) for row in rows["items"]) == float(period["net"])
        assert {row["customerName"] for row in rows["items"]} == {"Chan Sophea"}


async def test_the_payments_from_either_end(office: StorefrontClient, buyer: UUID) -> None:
    newest = ["2026-11-30T17:00:00", "2026-11-30T16:59:59", "2026-10-31T17:00:00", "2026-10-31T16:59:59"]
    for sort, expected in ((None, newest), ("newest", newest), ("oldest", newest[::-1])):
        asked = {"currency": "USD", "perPage": "3"} | ({"sort": sort} if sort else {})
        answer = read(await office.get("/admin/revenue/payments", params=asked))
        assert ([row["paidAt"][:19] for row in answer["items"]], answer["total"]) == (expected[:3], 4)
        file = await office.get("/admin/revenue/payments", params={**asked, "format": "csv"})
        told = csv.DictReader(file.text.removeprefix("\ufeff").splitlines())
        assert [row["paidAt"][:19] for row in told] == expected
    assert faulty_fields(await office.get("/admin/revenue/payments", params={"sort": "largest"})) == ["sort"]


async def test_a_change_of_a_booking_counts_as_its_booking(derlg_office: StorefrontClient, derlg_books: Books) -> None:
    books = derlg_books
    buyer = await books.person("Lim Srey")
    booking = await books.booking(buyer, made="2026-11-02 03:00", confirmed_at=None)
    await books.payment(buyer, booking, 200, paid="2026-11-02 03:00", kind="BOOKING")
    day = (await books.client.rows("SELECT current_date AS day"))[0]["day"]
    change = await books.write(
        "booking_changes", booking_id=booking, status="APPLIED", travel_date=day, end_date=day, people_count=3,
        pickup_location="x", price={}, amount_due=100, booking_version=1,
        expires_at=books.client.runtime.clock.now(), created_at=books.client.runtime.clock.now(),
    )  # fmt: skip
    await books.payment(buyer, change, 100, paid="2026-11-20 03:00", kind="BOOKING_CHANGE", refunded=40)
    answer = read(await derlg_office.get("/admin/revenue", params={"by_type": "true", "type": "PACKAGE"}))
    period = answer["periods"][0]
    assert (period["type"], period["gross"], period["net"], period["payments_count"]) == (
        "PACKAGE", "300.00", "260.00", 2,
    )  # fmt: skip
    stats = read(await derlg_office.get("/admin/dashboard/stats"))
    assert stats["revenue_by_booking_type"]["package"] == "260.00"
    assert stats["total_revenue"] == "260.00"
    assert [b["id"] for b in stats["recent_bookings"]] == [str(booking)]


async def test_as_a_file_for_a_spreadsheet(office: StorefrontClient, books: Books) -> None:
    buyer = await books.person('=HYPERLINK("http://evil")', email="+1@example.com")
    service = await books.service("MAIN", "Visa")
    for _ in range(3):
        order = await books.order(buyer, service, kind="MAIN", made="2026-11-10 05:00")
        await books.payment(buyer, order, 100, paid="2026-11-10 05:00", refunded=30)
    answer = await office.get("/admin/revenue/payments", params={"format": "csv", "perPage": 1})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="revenue-payments-2026-12-01.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfpaymentId,paidAt,purchaseKind")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["net"] for row in rows] == ["70.00"] * 3
    assert {row["paidAt"] for row in rows} == {"2026-11-10T05:00:00Z"}
    assert {row["customerName"] for row in rows} == {'\'=HYPERLINK("http://evil")'}
    assert {row["customerEmail"] for row in rows} == {"'+1@example.com"}
    by_header = await office.get("/admin/revenue", headers={"Accept": "text/csv, */*;q=0.1"})
    assert by_header.text.splitlines()[1:] == ["2026-11-01,,USD,300.00,90.00,210.00,3"]
    trail = read(await office.get("/admin/audit", params={"action": "report.*"}))["items"]
    assert [(act["reference"], act["actorId"]) for act in trail] == [
        ("revenue", str(office.user_id)), ("revenue-payments", str(office.user_id)),
    ]  # fmt: skip


async def test_json_is_what_a_browser_gets(office: StorefrontClient) -> None:
    answer = await office.get("/admin/revenue", headers={"Accept": "text/csv"}, params={"format": "json"})
    assert read(answer)["periods"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"fromDate": "2026-12-02", "toDate": "2026-12-01"}, "fromDate"),
        ({"by": "day", "fromDate": "2020-01-01", "toDate": "2026-12-01"}, "fromDate"),
        ({"toDate": "9999-12-31"}, "toDate"),
        ({"fromDate": "0001-01-01"}, "fromDate"),
        ({"by": "hour"}, "by"),
        ({"currency": "US"}, "currency"),
        ({"type": "FLIGHT"}, "type"),
        ({"format": "xml"}, "format"),
        ({"nonsense": "1"}, "nonsense"),
    ],
    ids=["backwards", "too many periods", "end of time", "beginning of time", "by", "currency", "type", "format",
         "unknown"],
)  # fmt: skip
async def test_what_cannot_be_asked(office: StorefrontClient, asked: dict[str, str], field: str) -> None:
    assert any(field in named for named in faulty_fields(await office.get("/admin/revenue", params=asked)))


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.CONSULTANT], ids=str)
@pytest.mark.parametrize(
    "path",
    ["/admin/dashboard/stats", "/admin/revenue", "/admin/revenue/payments", "/admin/figures",
     "/admin/figures/total_orders", "/admin/occupancy", "/admin/customers", "/admin/consultants"],
)  # fmt: skip
async def test_figures_are_for_admins(holyone: StorefrontClient, role: Role, path: str) -> None:
    somebody = await holyone.sign_in_as(role)
    assert refusal(await somebody.get(path), 403) == "NOT_ALLOWED"
    assert refusal(await holyone.get(path), 401) == "NOT_AUTHENTICATED"
