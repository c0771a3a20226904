"""Rates and counts against cases worked out by hand, and every one against its own rows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.analytics.books import Books, at
from tests.support.client import StorefrontClient, faulty_fields, read
from tests.support.selling import hold, hold_and_pay, put_trip_on_sale

from sojourn.desk.analytics.figures import FIGURES
from sojourn.desk.analytics.parts import FigureName, Measure
from sojourn.desk.analytics.service import points_value, value_of
from sojourn.people.roles import Role
from sojourn.platform.storefront import SalesRules

Json = dict[str, Any]
NOW = "2026-11-10 05:00"


async def figures_of(office: StorefrontClient, **asked: str) -> dict[str, Json]:
    answer = read(await office.get("/admin/figures", params=asked))
    return {figure["name"]: figure for figure in answer["figures"]}


async def rows_behind(office: StorefrontClient, figure: Json) -> Json:
    url = figure.get("rowsUrl") or figure["rows_url"]
    path = url.removeprefix(office.storefront.prefix)
    answer = await office.get(path, params=None)
    body: Json = answer.json()
    assert answer.status_code == 200, body
    return body if "items" in body else {"items": body["data"], "total": body["meta"]["total"]}


def sums(figure: Json) -> tuple[Any, int, int]:
    return (figure["value"], figure["counted"], figure["total"])


@pytest.fixture
async def orders(books: Books) -> Books:
    """Six orders: two completed, one cancelled after confirmation, one before it, one in work, one never paid for."""
    buyer, service = await books.person("Chan Sophea"), await books.service("MAIN", "Visa")
    consultant = await books.person("Vy Consultant", role="CONSULTANT")
    moments: list[dict[str, Any]] = [
        {"status": "COMPLETED", "confirmed_at": at(NOW), "completed_at": at("2026-11-20 05:00")},
        {"status": "COMPLETED", "confirmed_at": at(NOW), "completed_at": at("2026-11-30 17:00")},  # December there
        {"status": "CANCELLED", "confirmed_at": at(NOW), "cancelled_at": at("2026-11-21 05:00")},
        {"status": "CANCELLED", "cancelled_at": at("2026-11-21 05:00")},
        {"status": "IN_PROGRESS", "confirmed_at": at(NOW)},
        {"status": "PENDING"},
    ]
    made = [await books.order(buyer, service, kind="MAIN", made=NOW, **moment) for moment in moments]
    for number, order in enumerate(made[:3]):
        await books.payment(buyer, order, 100, paid=NOW, refunded=50 if number == 2 else 0)
    await books.payment(buyer, made[3], 100, paid=None)
    await books.payment(buyer, made[4], 100, paid=None)
    await books.payment(buyer, made[4], 100, paid=NOW)
    await books.payment(buyer, made[4], 100, paid=NOW, disposition="DUPLICATE")
    for order, hours in ((made[0], 2), (made[0], 50), (made[4], 5)):  # given away anew: the first time counts
        await books.write(
            "order_events", order_id=order, kind="ASSIGNMENT", consultant_id=consultant,
            created_at=at(NOW) + timedelta(hours=hours),
        )  # fmt: skip
    await books.document(buyer, made[0], handed_in="2026-11-10 06:00", decided="2026-11-10 07:00")
    await books.document(buyer, made[0], handed_in="2026-11-10 06:00", decided="2026-11-12 06:00",
                         status="REJECTED", rejection_reason="Too dark")  # fmt: skip
    await books.document(buyer, made[4], handed_in="2026-11-30 16:00", decided="2026-11-30 17:00")  # December there
    await books.document(buyer, made[4], handed_in="2026-11-10 06:00", decided=None)
    return books


async def test_orders_by_hand(office: StorefrontClient, orders: Books) -> None:
    figures = await figures_of(office)
    assert sums(figures["total_orders"]) == ("6", 6, 6)
    assert sums(figures["active_orders"]) == ("2", 2, 2)
    assert sums(figures["completed_orders"]) == ("2", 2, 2)
    assert sums(figures["completion_rate"]) == ("66.7", 2, 3)
    assert sums(figures["payment_success_rate"]) == ("80.0", 4, 5)
    refunds = figures["refund_rate"]
    assert (refunds["value"], refunds["amount"], refunds["wholeAmount"], refunds["currency"]) == (
        "12.5", "50.00", "400.00", "USD",
    )  # fmt: skip
    assert sums(figures["time_to_assign"]) == ("12600", 2, 2)  # (2 h + 5 h) / 2
    assert sums(figures["time_to_verify"]) == ("60000", 3, 3)  # (1 h + 48 h + 1 h) / 3
    assert sums(figures["holds_paid"]) == (None, 0, 0)


async def test_the_month_is_the_agencys(office: StorefrontClient, orders: Books) -> None:
    november = await figures_of(office, fromDate="2026-11-01", toDate="2026-11-30")
    assert sums(november["completion_rate"]) == ("50.0", 1, 2)
    assert sums(november["time_to_assign"]) == ("12600", 2, 2)
    assert sums(november["time_to_verify"]) == ("88200", 2, 2)  # (1 h + 48 h) / 2
    december = await figures_of(office, fromDate="2026-12-01", toDate="2026-12-31")
    assert sums(december["completion_rate"]) == ("100.0", 1, 1)
    assert sums(december["total_orders"]) == ("0", 0, 0)
    assert sums(december["time_to_assign"]) == (None, 0, 0)
    assert sums(december["time_to_verify"]) == ("3600", 1, 1)


async def test_what_was_paid_with_real_money_is_apart(office: StorefrontClient, orders: Books) -> None:
    live = await figures_of(office, mode="live")
    assert sums(live["total_orders"]) == ("2", 2, 2)  # what was never paid has no mode
    assert sums(live["payment_success_rate"]) == (None, 0, 0)
    assert sums(live["completion_rate"]) == (None, 0, 0)
    assert sums(live["time_to_assign"]) == (None, 0, 0)
    assert sums(live["time_to_verify"]) == (None, 0, 0)


@pytest.mark.parametrize("name", FigureName, ids=str)
async def test_a_figure_is_the_sum_of_its_rows(office: StorefrontClient, orders: Books, name: FigureName) -> None:
    figure = (await figures_of(office))[name]
    behind = await rows_behind(office, figure)
    assert behind["total"] == figure["total"]
    assert sum(row["isCounted"] for row in behind["items"]) == figure["counted"]
    if FIGURES[name].measure is Measure.PERCENT_OF_AMOUNT:
        assert sum(Decimal(row["value"]) for row in behind["items"]) == Decimal(figure["amount"])
    counted = read(await office.get(f"/admin/figures/{name}", params={"isCounted": "true", "mode": "test"}))
    assert counted["total"] == figure["counted"]
    assert all(row["reference"].startswith("HT-2026-") for row in behind["items"])


async def test_holds_by_hand(derlg_office: StorefrontClient, derlg_books: Books) -> None:
    books, buyer = derlg_books, await derlg_books.person("Lim Srey")
    held = books.client.runtime.clock.now() + timedelta(minutes=10)
    past = at(NOW)
    paid = [
        await books.booking(buyer, made=NOW, confirmed_at=past),
        await books.booking(buyer, made=NOW, confirmed_at=past, is_late_payment=True),
        await books.booking(
            buyer, made=NOW, confirmed_at=past, status="COMPLETED", completed_at=at("2026-11-25 05:00")
        ),
    ]
    for booking in paid:
        await books.payment(buyer, booking, 200, paid=NOW, kind="BOOKING")
    await books.booking(buyer, made=NOW, status="RESERVED", reserved_until=held)  # still open: not in any rate
    await books.booking(buyer, made=NOW, status="RESERVED", reserved_until=past)  # lapsed, not yet tidied
    expired = await books.booking(buyer, made=NOW, status="EXPIRED", reserved_until=past)
    await books.payment(buyer, expired, 200, paid=NOW, kind="BOOKING", disposition="LATE", refunded=200)
    await books.booking(buyer, made=NOW, status="CANCELLED", reserved_until=past, cancelled_at=past)
    figures = await figures_of(derlg_office)
    assert sums(figures["total_bookings"]) == ("7", 7, 7)
    assert sums(figures["active_bookings"]) == ("3", 3, 3)
    assert sums(figures["holds_paid"]) == ("50.0", 3, 6)
    assert sums(figures["holds_expired"]) == ("33.3", 2, 6)
    assert sums(figures["late_payments"]) == ("50.0", 2, 4)
    assert sums(figures["payment_success_rate"]) == ("75.0", 3, 4)
    assert sums(figures["completion_rate"]) == ("100.0", 1, 1)
    for name in ("holds_paid", "holds_expired", "late_payments"):
        behind = await rows_behind(derlg_office, figures[name])
        assert behind["total"] == figures[name]["total"]
        assert sum(row["is_counted"] for row in behind["items"]) == figures[name]["counted"]
    statuses = [row["status"] for row in (await rows_behind(derlg_office, figures["holds_expired"]))["items"]]
    assert statuses.count("EXPIRED") == 2


async def test_through_the_real_money_path(
    derlg: StorefrontClient, derlg_office: StorefrontClient, sandbox: str
) -> None:
    """A journey held, paid and partly refunded by the desk, beside a hold that nobody paid."""
    trip = await put_trip_on_sale(derlg, seats=10, price="100.00")
    traveller = await derlg.sign_in_as()
    booking = await hold_and_pay(traveller, sandbox, trip, people=2)
    await hold(traveller, trip, people=3)
    await put_trip_on_sale(derlg, seats=10)
    stats = read(await derlg_office.get("/admin/dashboard/stats"))
    assert (stats["total_revenue"], stats["gross_revenue"], stats["mode"]) == ("200.00", "200.00", "test")
    assert (stats["total_bookings"], stats["active_bookings"]) == (2, 2)
    assert [(t["id"], t["sold"], t["revenue"]) for t in stats["top_trips"]] == [(str(trip), 1, "200.00")]
    assert {b["booking_ref"] for b in stats["recent_bookings"]} > {booking["booking_ref"]}
    sold = await rows_behind(derlg_office, stats["top_trips"][0])
    assert [row["reference"] for row in sold["items"]] == [booking["booking_ref"]]
    occupancy = read(await derlg_office.get("/admin/occupancy"))
    assert [(o["trip_id"], o["departures"], o["seats"], o["seats_sold"], o["seats_held"]) for o in occupancy] == [
        (str(trip), 1, 10, 2, 3)
    ]
    assert occupancy[0]["occupancy_percent"] == "20.0"
    figures = await figures_of(derlg_office)
    assert sums(figures["holds_paid"]) == ("100.0", 1, 1)
    points = figures["points_liability"]
    assert (points["value"], points["total"], points["whole_amount"]) == ("0", 200, "2.00")


async def test_stats_by_hand(office: StorefrontClient, orders: Books) -> None:
    buyer, guide = await orders.person("Keo Bo"), await orders.service("DIGITAL", "Guide")
    order = await orders.order(buyer, guide, kind="DIGITAL", made=NOW)
    await orders.payment(buyer, order, 999, paid=NOW)
    stats = read(await office.get("/admin/dashboard/stats"))
    assert stats["totalRevenue"] == "1349.00"
    assert (stats["totalOrders"], stats["activeOrders"], stats["pendingOrders"], stats["completedOrders"]) == (
        7,
        3,
        1,
        2,
    )
    assert stats["revenueByServiceType"] == {"main": "350.00", "micro": "0.00", "digital": "999.00"}
    assert [(s["title"], s["sold"], s["revenue"]) for s in stats["topServices"]] == [
        ("Guide", 1, "999.00"), ("Visa", 4, "350.00"),
    ]  # fmt: skip
    for best in stats["topServices"]:
        shown = read(await office.get(f"/services/{best['id']}"))
        assert best.items() >= shown.items(), "the document promises whole services"
    assert len(stats["recentOrders"]) == 7
    assert stats["recentOrders"][0]["orderNumber"].startswith("HT-2026-")
    for name, url in stats["rowsUrls"].items():
        behind = await rows_behind(office, {"rowsUrl": url})
        if name == "total_revenue":
            assert sum(Decimal(row["net"]) for row in behind["items"]) == Decimal(stats["totalRevenue"])
        elif name.endswith("_orders"):
            whose, _, _ = name.partition("_")
            assert behind["total"] == stats[f"{whose}Orders"]


async def test_a_view_is_up_to_three_statements(office: StorefrontClient, orders: Books) -> None:
    for path in ("/admin/dashboard/stats", "/admin/revenue", "/admin/figures", "/admin/figures/total_orders",
                 "/admin/customers", "/admin/consultants", "/admin/revenue/payments", "/admin/occupancy"):  # fmt: skip
        read(await office.get(path))
        async with office.statements() as said:
            read(await office.get(path))
        assert len(said) <= (3 if path.endswith("stats") else 2), (path, said)


async def test_an_unknown_figure(office: StorefrontClient) -> None:
    assert "figure" in faulty_fields(await office.get("/admin/figures/happiness"))


@given(counted=st.integers(0, 10_000), more=st.integers(0, 10_000))
def test_a_percentage_lies_between_0_and_100(counted: int, more: int) -> None:
    value = value_of(Measure.PERCENT, {"counted": counted, "total": counted + more})
    assert value is None if counted + more == 0 else value is not None and 0 <= value <= 100


@given(points=st.integers(0, 10_000_000))
def test_points_are_worth_what_the_law_says(points: int) -> None:
    worth = points_value(points, SalesRules())
    assert abs(worth - Decimal(points) / 100) < Decimal("0.005")


async def test_consultants_at_work(office: StorefrontClient, books: Books) -> None:
    buyer, service = await books.person("Chan Sophea"), await books.service("MAIN", "Visa")
    busy = await books.person("Busy Bo", role="CONSULTANT")
    idle = await books.person("Idle Ek", role="CONSULTANT")
    given_up = at("2026-11-10 07:00")
    common: dict[str, Any] = {"consultant_id": busy, "confirmed_at": at(NOW), "assigned_at": given_up}
    await books.order(buyer, service, kind="MAIN", made=NOW, status="IN_PROGRESS", **common)
    await books.order(
        buyer, service, kind="MAIN", made=NOW, status="COMPLETED", completed_at=at("2026-11-12 07:00"), **common
    )
    page = read(await office.get("/admin/consultants", params={"sort": "busiest"}))
    assert page["total"] == 2
    first, second = page["items"]
    assert (first["id"], first["openCases"], first["completedCases"]) == (str(busy), 1, 1)
    assert (first["secondsToAssign"], first["secondsToComplete"]) == (7200, 2 * 86400)
    assert (second["id"], second["openCases"], second["secondsToAssign"]) == (str(idle), 0, None)
    behind = await rows_behind(office, first)
    assert behind["total"] == 2
    freest = read(await office.get("/admin/consultants", params={"sort": "freest", "fromDate": "2026-11-13"}))
    assert [(row["id"], row["completedCases"]) for row in freest["items"]] == [(str(idle), 0), (str(busy), 0)]


async def test_consultants_by_name_address_and_language(office: StorefrontClient, books: Books) -> None:
    await books.person("Bo Keo", role="CONSULTANT", spoken_languages=["en", "zh"])
    await books.person("Vy_100% Chan", role="CONSULTANT", spoken_languages=["km"], email="vy@agency.example")
    for asked, expected in (
        ({"q": "KEO"}, ["Bo Keo"]),
        ({"q": "vy@agency"}, ["Vy_100% Chan"]),
        ({"q": "_100%"}, ["Vy_100% Chan"]),
        ({"q": "%"}, ["Vy_100% Chan"]),
        ({"language": "zh"}, ["Bo Keo"]),
        ({"language": "en", "q": "chan"}, []),
        ({}, ["Bo Keo", "Vy_100% Chan"]),
    ):
        page = read(await office.get("/admin/consultants", params=asked))
        assert ([row["fullName"] for row in page["items"]], page["total"]) == (expected, len(expected)), asked
    assert page["items"][0]["spokenLanguages"] == ["en", "zh"]
    assert faulty_fields(await office.get("/admin/consultants", params={"language": "fr"})) == ["language"]


async def test_staff_are_not_customers(office: StorefrontClient, holyone: StorefrontClient) -> None:
    consultant = await holyone.sign_in_as(Role.CONSULTANT)
    assert read(await office.get("/admin/customers"))["items"] == []
    assert (await office.get(f"/admin/customers/{consultant.user_id}")).status_code == 404
