"""What guides read of the bookings they lead, and of nobody else's."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.features.catalog.samples import guide, trip
from tests.features.guides.conftest import Agency
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import System

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.providers.work import Work
from sojourn.sales.assignments import queries
from sojourn.sales.assignments.models import AssignedBooking, AssignedBookingDetail
from sojourn.sales.bookings.jobs import complete_ended
from sojourn.storefronts import STOREFRONTS

DAY = date(2027, 1, 20)
TRAVELERS = [
    {"full_name": "Sok Dara", "nationality": "Cambodian", "birth_date": "1990-02-03"},
    {"full_name": "Chan Thida", "dietary_needs": "Vegetarian"},
]
WISHES = {"special_requests": "A slow walk", "customizations": {"passport": "ZQ998877"}, "travelers": TRAVELERS}


def on(days: int) -> date:
    return DAY + timedelta(days=days)


async def listed(client: StorefrontClient, **asked: str | int) -> list[str]:
    return [entry["id"] for entry in read(await client.get("/guide/bookings", params=asked))]


async def test_a_journey_as_its_guide_needs_it(derlg: StorefrontClient, agency: Agency) -> None:
    included = {"room": {"hotel": "first", "key": "double"}, "vehicle": "first", "guide": "first"}
    body = trip(included=included, min_people=1, meeting_point="The east gate")
    sold = read(await agency.shop.admin.post("/trips", json=body), 201)
    traveler = await derlg.sign_in_as(name="Sok Dara")
    read(await traveler.patch("/users/me", json={"phone": "+85512345678"}))
    package = {"booking_type": "PACKAGE", "trip_id": sold["id"], "guide_id": None, "language": "zh"}
    booking = await agency.book(traveler, DAY, **package, **WISHES)
    short = {
        "id": booking["id"], "booking_ref": booking["booking_ref"], "booking_type": "PACKAGE", "status": "CONFIRMED",
        "title": sold["title"], "hotel_name": "Riverside Garden, Double room",
        "vehicle_name": agency.shop.vehicle["name"], "travel_date": DAY.isoformat(), "end_date": booking["end_date"],
        "time_zone": "Asia/Phnom_Penh", "meeting_point": "The east gate", "pickup_location": "Airport",
        "people_count": 2, "language": "zh",
    }  # fmt: skip
    assert read(await agency.guide.get("/guide/bookings")) == [short]
    for name in (booking["id"], booking["booking_ref"], booking["booking_ref"].lower()):
        shown = read(await agency.guide.get(f"/guide/bookings/{name}"))
        assert shown == short | {
            "special_requests": "A slow walk",
            "lead_traveler": {"name": "Sok Dara", "email": traveler.email, "phone": "+85512345678"},
            "travelers": [
                {"full_name": "Sok Dara", "dietary_needs": None},
                {"full_name": "Chan Thida", "dietary_needs": "Vegetarian"},
            ],
        }
    AssignedBooking.model_validate(short)
    AssignedBookingDetail.model_validate(shown)
    told = json.dumps(shown)
    for secret in ("ZQ998877", "1990", "Cambodian", "usd", "payment", booking["total_usd"]):
        assert secret not in told, secret


async def test_alone_and_without_names(derlg: StorefrontClient, agency: Agency) -> None:
    traveler = await derlg.sign_in_as()
    booking = await agency.book(traveler, DAY)
    shown = read(await agency.guide.get(f"/guide/bookings/{booking['id']}"))
    empty = ("hotel_name", "vehicle_name", "meeting_point", "special_requests", "travelers")
    assert [shown[name] for name in empty] == [None, None, None, None, []]
    assert (shown["lead_traveler"]["phone"], shown["title"]) == (None, agency.shop.guide["name"])


async def test_paid_ones_only(derlg: StorefrontClient, agency: Agency, work: Work, clock: FrozenClock) -> None:
    traveler = await derlg.sign_in_as()
    held = await agency.hold(traveler, on(0))
    assert await listed(agency.guide) == []
    assert refusal(await agency.guide.get(f"/guide/bookings/{held['id']}"), 404) == "BOOKING_NOT_FOUND"
    await agency.settle(traveler, held)
    assert await listed(agency.guide) == [held["id"]]
    dropped = await agency.book(traveler, on(1))
    read(await traveler.delete(f"/bookings/{dropped['id']}"))
    assert await listed(agency.guide) == [held["id"]]
    assert refusal(await agency.guide.get(f"/guide/bookings/{dropped['id']}"), 404) == "BOOKING_NOT_FOUND"
    clock.advance(datetime(2027, 1, 22, tzinfo=UTC) - clock.now())
    await complete_ended(work)
    [over] = read(await agency.guide.get("/guide/bookings"))
    assert (over["id"], over["status"]) == (held["id"], "COMPLETED")


async def test_what_is_ahead_comes_first(derlg: StorefrontClient, agency: Agency, clock: FrozenClock) -> None:
    traveler = await derlg.sign_in_as()
    days = {0: 0, 2: 0, 5: 3, 10: 0, 12: 0}  # first day: how many more
    made = {
        day: (await agency.book(traveler, on(day), end_date=on(day + more).isoformat()))["id"]
        for day, more in days.items()
    }
    clock.advance(datetime(2027, 1, 27, 3, tzinfo=UTC) - clock.now())  # the third of the four days from 5
    order = [made[day] for day in (5, 10, 12, 2, 0)]
    assert await listed(agency.guide) == order
    assert await listed(agency.guide, per_page=2, page=2) == order[2:4]
    answer = (await agency.guide.get("/guide/bookings", params={"per_page": 2, "page": 3})).json()
    assert answer["meta"] == {"page": 3, "per_page": 2, "total": 5}
    assert await listed(agency.guide, **{"from": on(8).isoformat(), "to": on(10).isoformat()}) == order[:2]
    assert await listed(agency.guide, to=on(1).isoformat()) == [made[0]]
    assert await listed(agency.guide, **{"from": on(9).isoformat()}) == [made[10], made[12]]


async def test_wrong_questions_are_named(agency: Agency) -> None:
    for asked, field in (
        ({"from": "2027-01-20", "to": "2027-01-19"}, "to"), ({"from": "soon"}, "from"), ({"page": "0"}, "page"),
        ({"per_page": "101"}, "per_page"), ({"guide_id": str(uuid4())}, "guide_id"),
    ):  # fmt: skip
        assert faulty_fields(await agency.guide.get("/guide/bookings", params=asked)) == [field]


async def test_somebody_elses_is_not_found(derlg: StorefrontClient, agency: Agency) -> None:
    admin, traveler = agency.shop.admin, await derlg.sign_in_as()
    booking = await agency.book(traveler, DAY)
    other = await derlg.sign_in_as(Role.GUIDE)
    entry = read(await admin.post("/guides", json=guide("second")), 201)
    read(await admin.put(f"/admin/guides/{entry['id']}/account", json={"user_id": str(other.user_id)}))
    assert await listed(other) == []
    for name in (booking["id"], booking["booking_ref"], str(uuid4()), "DL-NOWHERE1", "x" * 300):
        assert refusal(await other.get(f"/guide/bookings/{name}"), 404) == "BOOKING_NOT_FOUND"
    # Nor does a guide see it by the customers' and the desk's ways.
    assert refusal(await agency.guide.get(f"/bookings/{booking['id']}"), 404) == "BOOKING_NOT_FOUND"
    assert refusal(await agency.guide.get("/admin/bookings"), 403) == "NOT_ALLOWED"


async def test_for_guides_with_an_entry_only(derlg: StorefrontClient, agency: Agency) -> None:
    traveler = await derlg.sign_in_as()
    booking = await agency.book(traveler, DAY)
    unlinked = await derlg.sign_in_as(Role.GUIDE)
    refused: list[tuple[StorefrontClient, int, str]] = [
        (derlg, 401, "NOT_AUTHENTICATED"), (traveler, 403, "NOT_ALLOWED"), (agency.shop.admin, 403, "NOT_ALLOWED"),
        (await derlg.sign_in_as(Role.CONSULTANT), 403, "NOT_ALLOWED"), (unlinked, 409, "GUIDE_NOT_LINKED"),
    ]  # fmt: skip
    for caller, status, code in refused:
        for path in ("/guide/bookings", f"/guide/bookings/{booking['id']}"):
            assert refusal(await caller.get(path), status) == code
    await agency.link(None)
    assert refusal(await agency.guide.get("/guide/bookings"), 409) == "GUIDE_NOT_LINKED"


async def test_who_was_deleted_is_told_of_no_more(derlg: StorefrontClient, agency: Agency) -> None:
    traveler = await derlg.sign_in_as()
    booking = await agency.book(traveler, DAY)
    await derlg.rows("UPDATE users SET deleted_at = now() WHERE id = $1 RETURNING id", traveler.user_id)
    assert read(await agency.guide.get(f"/guide/bookings/{booking['id']}"))["lead_traveler"] is None


async def test_one_statement_each(derlg: StorefrontClient, agency: Agency) -> None:
    traveler = await derlg.sign_in_as()
    booking = await agency.book(traveler, DAY)
    for path in ("/guide/bookings", f"/guide/bookings/{booking['id']}"):
        read(await agency.guide.get(path))
        async with derlg.statements() as said:
            read(await agency.guide.get(path))
        assert len(said) == 1, said


_MANY = """
INSERT INTO bookings (id, booking_ref, user_id, booking_type, status, guide_id, title, snapshot, travel_date, end_date,
                      time_zone, people_count, pickup_location, currency, subtotal_usd, total_usd, cancellation_policy,
                      created_at, updated_at)
SELECT gen_random_uuid(), 'M-' || n, $1, 'GUIDE_ONLY', 'CONFIRMED', CASE WHEN n % 100 = 0 THEN $2::uuid END, 'x', '{}',
       date '2027-01-01' + n % 300, date '2027-01-01' + n % 300, 'UTC', 1, 'x', 'USD', 1, 1, '{}', now(), now()
  FROM generate_series(1, 20000) AS n
"""


async def test_a_guides_bookings_are_found_by_their_index(derlg: StorefrontClient, agency: Agency) -> None:
    async with derlg.database.read() as connection:
        await connection.execute(_MANY, agency.shop.admin.user_id, agency.shop.guide["id"])
        await connection.execute("ANALYZE bookings")
        asked = (agency.guide.user_id, 20, 0, DAY, None, None)
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {queries._LIST}", *asked))
    assert plan.count("bookings_of_guide") == 2, plan  # the page, and how many there are
    assert "Seq Scan on bookings" not in plan
    assert len(await listed(agency.guide, per_page=100)) == 100


async def test_in_the_other_storefronts_casing(
    start_system: Callable[..., AbstractAsyncContextManager[System]], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = STOREFRONTS["holyone"].modules | {Module.GUIDES}
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(STOREFRONTS["holyone"], modules=modules))
    async with start_system() as system:
        admin = await system.holyone.sign_in_as(Role.ADMIN)
        leader = await system.holyone.sign_in_as(Role.GUIDE)
        body: dict[str, Any] = {
            "slug": "first", "name": "Keo Vannak", "languages": ["en"], "provinces": ["Kep"], "dailyRateUsd": "40.00",
            "maxGroup": 5, "licenseType": "NATIONAL",
        }  # fmt: skip
        made = read(await admin.post("/guides", json=body), 201)
        path = f"/admin/guides/{made['id']}/account"
        assert read(await admin.put(path, json={"userId": str(leader.user_id)}))["userId"] == str(leader.user_id)
        async with system.holyone.database.read() as connection:
            await connection.execute(_MANY.replace("20000", "100"), admin.user_id, made["id"])
        page = read(await leader.get("/guide/bookings", params={"perPage": 1, "from": "2027-01-02"}))
        [shown] = page["items"]
        assert (page["total"], shown["bookingRef"], shown["peopleCount"]) == (1, "M-100", 1)
        detail = read(await leader.get(f"/guide/bookings/{shown['id']}"))
        assert detail["leadTraveler"]["email"] == admin.email
