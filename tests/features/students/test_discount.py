"""A tenth off one's own place: in the quote, at the hold, after a change, in both storefronts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import StartSystem
from tests.features.orders.conftest import Shop
from tests.features.students.conftest import Student, picture, verify
from tests.support.client import StorefrontClient, read
from tests.support.selling import TRAVEL_DATE, hold, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.storefronts import STOREFRONTS

Json = dict[str, Any]


def money(price: Json) -> tuple[str, str]:
    return price["discount"], price["total"]


async def test_quote_hold_and_change_take_a_tenth_off_the_students_own_place(
    student: Student, admin: StorefrontClient
) -> None:
    await verify(admin, student)
    traveler, trip = student.client, await put_trip_on_sale(admin, price="100.00", permits="20.00")
    asked = {"trip_id": str(trip), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 3}
    quote = read(await traveler.post("/bookings/quote", json=asked))
    assert money(quote["price"]) == ("8.00", "292.00"), "one place of three, and nothing off the permits"
    booking = await hold(traveler, trip, people=3)
    shown = {name: booking[name] for name in ("subtotal_usd", "discount_amount_usd", "total_usd")}
    assert shown == {"subtotal_usd": "300.00", "discount_amount_usd": "8.00", "total_usd": "292.00"}
    assert booking["student_discount_applied"] is True
    detail = read(await traveler.get(f"/bookings/{booking['id']}"))
    assert [line["amount"] for line in detail["lines"] if line["kind"] == "STUDENT"] == ["-8.00"]
    changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
    assert (changed["discount_amount_usd"], changed["total_usd"]) == ("8.00", "92.00")


async def test_points_come_after_the_discount(student: Student, admin: StorefrontClient) -> None:
    await verify(admin, student)
    trip = await put_trip_on_sale(admin, price="100.00")
    async with admin.database.read() as connection:
        await connection.execute(
            "WITH lot AS (INSERT INTO loyalty_lots (id, user_id, status, points, remaining, expires_at, created_at) "
            "VALUES (gen_random_uuid(), $1, 'AVAILABLE', 9000, 9000, $2, $3) RETURNING id) "
            "INSERT INTO loyalty_transactions (id, user_id, kind, points, status, lot_id, created_at) "
            "SELECT gen_random_uuid(), $1, 'EARNED', 9000, 'AVAILABLE', id, $3 FROM lot",
            student.client.user_id, admin.runtime.clock.now() + timedelta(days=90), admin.runtime.clock.now(),
        )  # fmt: skip
    body = {"trip_id": str(trip), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 1}
    quote = read(await student.client.post("/bookings/quote", json={**body, "loyalty_points": 4500}))
    assert (quote["max_loyalty_points"], quote["price"]["total"]) == (4500, "45.00")


async def test_who_is_no_student_when_holding_pays_in_full_and_who_was_keeps_the_price(
    student: Student, admin: StorefrontClient, derlg: StorefrontClient, clock: FrozenClock
) -> None:
    trip = await put_trip_on_sale(admin)
    stranger = await derlg.sign_in_as()
    assert (await hold(stranger, trip, people=1))["total_usd"] == "100.00"
    await student.submitted()
    assert (await hold(student.client, trip, people=1))["total_usd"] == "100.00", "submitted is not verified"
    clock.advance(timedelta(hours=1))
    (waiting,) = read(await admin.get("/admin/student-verifications", params={"status": "PENDING_REVIEW"}))
    body = {"status": "APPROVED", "card_expires_on": "2026-12-02"}
    read(await admin.post(f"/admin/student-verifications/{waiting['id']}/decision", json=body))
    kept = await hold(student.client, trip, people=1)
    assert kept["total_usd"] == "90.00"
    read(await student.client.post(f"/bookings/{kept['id']}/extend"))
    clock.advance(timedelta(days=2))
    assert (await hold(student.client, trip, people=1))["total_usd"] == "100.00", "the card has ended"
    assert read(await student.client.get(f"/bookings/{kept['id']}"))["total_usd"] == "90.00"


async def test_holyone_could_have_it_too(
    monkeypatch: pytest.MonkeyPatch, start_system: StartSystem, sandbox: str
) -> None:
    declared = STOREFRONTS["holyone"]
    more = declared.modules | {Module.STUDENT_DISCOUNT}
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(declared, modules=more))
    async with start_system() as system:
        admin = await system.holyone.sign_in_as(Role.ADMIN)
        customer = await system.holyone.sign_in_as()
        student = Student(customer)
        shop = Shop(admin, sandbox)
        await shop.sell("evisa", "MICRO", fee="40.00", government="30.00")
        body = {"institution": "Royal University", "cardExpiresOn": "2029-09-30"}
        begun = read(await customer.post("/student-discount/verifications", json=body), 201)
        for kind in ("STUDENT_CARD", "SELFIE"):
            from_file = await student.send(begun["id"], kind, picture())
            assert read(from_file, 201)["cardExpiresOn"] == "2029-09-30"
        read(await student.submit(begun["id"]))
        path = f"/admin/student-verifications/{begun['id']}/decision"
        assert read(await admin.post(path, json={"status": "APPROVED"}))["student"]["id"] == str(customer.user_id)
        assert (await student.status())["isStudent"] is True
        order = await shop.order(customer, "evisa")
        assert order["totalAmount"] == "66.00", "a tenth of our fee, nothing of the government's"
