"""Quoting, holding, reading, extending, changing and cancelling bookings, over HTTP."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import (
    MORE,
    TRAVEL_DATE,
    hold,
    hold_and_pay,
    open_intent,
    pay,
    put_trip_on_sale,
    tell_all,
)

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.sales.bookings.models import BookingDetail, BookingOut


def wanted(trip_id: object, **more: object) -> dict[str, object]:
    return {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": 2, **MORE, **more}


class TestQuote:
    async def test_prices_step_by_step_and_holds_nothing(self, derlg: StorefrontClient) -> None:
        option = {"key": "single-room", "title": {"en": "Single room"}, "price_usd": "45.00", "per": "PERSON"}
        trip_id = await put_trip_on_sale(derlg, seats=5, price="100.00", permits="37.00", options=[option])
        traveler = await derlg.sign_in_as()
        body = {k: v for k, v in wanted(trip_id, options=[{"key": "single-room"}]).items() if k != "pickup_location"}
        quote = read(await traveler.post("/bookings/quote", json=body))
        assert quote["price"]["total"] == "290.00"
        assert [(line["kind"], line["amount"]) for line in quote["price"]["lines"]] == [
            ("BASE", "200.00"),
            ("OPTION", "90.00"),
        ]
        assert quote["price"]["non_refundable"] == "74.00"
        assert quote["price"]["points_earned"] == 216
        assert quote["available"] == 5
        assert quote["end_date"] == (TRAVEL_DATE + timedelta(days=2)).isoformat()

    async def test_students_save_on_their_own_place_only(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg, price="100.00", permits="20.00")
        traveler = await derlg.sign_in_as()
        async with derlg.database.read() as connection:
            await connection.execute("UPDATE users SET is_student = true WHERE id = $1", traveler.user_id)
        booking = await hold(traveler, trip_id, people=3)
        assert booking["discount_amount_usd"] == "8.00"
        assert booking["total_usd"] == "292.00"
        assert booking["student_discount_applied"] is True


class TestHold:
    async def test_what_cannot_be_stored_is_refused_by_its_field(self, derlg: StorefrontClient) -> None:
        traveler = await derlg.sign_in_as()
        trip_id = await put_trip_on_sale(derlg)
        nul = {"pickup_location": "a\0b", "special_requests": "fine", "customizations": {"seats": [{"row": "a\0b"}]}}
        deep: dict[str, Any] = {}
        for _ in range(300):
            deep = {"a": deep}
        (named,) = faulty_fields(await traveler.post("/bookings", json=wanted(trip_id, customizations=deep)))
        assert named.startswith("customizations.a")
        assert len(named) < 100
        refused = await traveler.post("/bookings", json=wanted(trip_id, options=["window"]))
        assert refused.json()["error"]["details"]["fields"][0]["message"] == "must be a JSON object"
        refused = await traveler.post("/bookings", json=wanted(trip_id, **nul))
        assert sorted(faulty_fields(refused)) == ["customizations.seats.0.row", "pickup_location"]
        for unstorable, fields in (
            ({"a": {"b\0": 1}}, ["customizations.a"]),
            ({"a": ["\ud800"]}, ["customizations.a.0"]),
            ({"\ud800": "\0"}, ["customizations", "customizations"]),
        ):
            body = json.dumps(wanted(trip_id, customizations=unstorable))  # escaped, which the client would not
            refused = await traveler.post("/bookings", content=body, headers={"Content-Type": "application/json"})
            assert faulty_fields(refused) == fields

    async def test_reserves_for_fifteen_minutes(self, derlg: StorefrontClient, clock: FrozenClock) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        assert booking["status"] == "RESERVED"
        assert booking["total_usd"] == "200.00"
        assert booking["booking_ref"].startswith("DL-")
        assert len(booking["booking_ref"]) <= 12
        until = clock.now() + timedelta(minutes=15)
        assert booking["reserved_until"] == until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        BookingOut.model_validate(booking)

    async def test_is_two_statements(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        await hold(traveler, trip_id)
        async with derlg.statements() as statements:
            await hold(traveler, trip_id)
        assert len(statements) == 2, statements

    async def test_lapses_by_itself_and_its_seats_sell_again(self, derlg: StorefrontClient, clock: FrozenClock) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=2)
        first, second = await derlg.sign_in_as(), await derlg.sign_in_as()
        booking = await hold(first, trip_id)
        assert refusal(await second.post("/bookings", json=wanted(trip_id)), 409) == "SOLD_OUT"
        clock.advance(timedelta(minutes=15))
        again = await hold(second, trip_id)
        assert again["status"] == "RESERVED"
        lapsed = read(await first.get(f"/bookings/{booking['id']}"))
        assert (lapsed["status"], lapsed["cancellation_reason"]) == ("CANCELLED", "HOLD_EXPIRED")

    async def test_at_most_five_open_holds(self, derlg: StorefrontClient, clock: FrozenClock) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=50)
        traveler = await derlg.sign_in_as()
        for _ in range(5):
            await hold(traveler, trip_id)
        assert refusal(await traveler.post("/bookings", json=wanted(trip_id)), 409) == "TOO_MANY_HOLDS"
        clock.advance(timedelta(minutes=15))
        await hold(traveler, trip_id)

    async def test_sold_out_says_how_many_are_left(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=3)
        await hold(await derlg.sign_in_as(), trip_id, people=2)
        answer = await (await derlg.sign_in_as()).post("/bookings", json=wanted(trip_id))
        assert answer.json()["error"]["details"] == {
            "day": TRAVEL_DATE.isoformat(), "requested": 2, "available": 1, "resource": "DEPARTURE",
        }  # fmt: skip

    async def test_extends_once_to_thirty_minutes(self, derlg: StorefrontClient, clock: FrozenClock) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=2)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        clock.advance(timedelta(minutes=14))
        extended = read(await traveler.post(f"/bookings/{booking['id']}/extend"))
        assert extended["reserved_until"] > booking["reserved_until"]
        assert refusal(await traveler.post(f"/bookings/{booking['id']}/extend"), 409) == "HOLD_ALREADY_EXTENDED"
        clock.advance(timedelta(minutes=15))
        other = await derlg.sign_in_as()
        assert refusal(await other.post("/bookings", json=wanted(trip_id)), 409) == "SOLD_OUT"
        clock.advance(timedelta(minutes=1))
        await hold(other, trip_id)
        too_late = await traveler.post(f"/bookings/{booking['id']}/extend")
        assert refusal(too_late, 409) == "HOLD_NOT_OPEN"
        assert too_late.json()["error"]["details"] == {"status": "CANCELLED"}

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"people_count": 0}, "people_count"),
            ({"people_count": 13}, "people_count"),
            ({"people_count": -1}, "people_count"),
            ({"people_count": 10**30}, "people_count"),
            ({"travel_date": "2026-12-01"}, "travel_date"),
            ({"travel_date": "2029-01-01"}, "travel_date"),
            ({"travel_date": "soon"}, "travel_date"),
            ({"travel_date": "0001-01-01"}, "travel_date"),
            ({"pickup_location": ""}, "pickup_location"),
            ({"pickup_location": "x" * 301}, "pickup_location"),
            ({"options": [{"key": "spa"}]}, "options"),
            ({"loyalty_points": 150}, "loyalty_points"),
            ({"loyalty_points": -100}, "loyalty_points"),
            ({"trip_id": "no"}, "trip_id"),
            ({"total_usd": "1.00"}, "total_usd"),
            ({"peopleCount": 2}, "peopleCount"),
            ({"travelers": [{"full_name": "Sok Dara"}] * 3}, "travelers"),
            ({"travelers": [{"full_name": "Sok Dara", "birth_date": "2026-12-24"}]}, "travelers.0.birth_date"),
            ({"customizations": {"wish": "x" * 8_000}}, "customizations"),
        ],
    )
    async def test_refuses_what_is_wrong_by_its_name(
        self, derlg: StorefrontClient, change: dict[str, object], field: str
    ) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        answer = await traveler.post("/bookings", json=wanted(trip_id) | change)
        assert field in faulty_fields(answer)
        assert await derlg.rows("SELECT id FROM bookings") == []
        assert await derlg.rows("SELECT id FROM claims") == []

    async def test_unknown_trip_other_type_and_strangers(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        assert refusal(await traveler.post("/bookings", json=wanted(uuid4())), 404) == "TRIP_NOT_FOUND"
        other_type = wanted(trip_id, booking_type="HOTEL_ONLY")
        assert faulty_fields(await traveler.post("/bookings", json=other_type)) == ["trip_id"]
        assert refusal(await derlg.post("/bookings", json=wanted(trip_id)), 401) == "NOT_AUTHENTICATED"

    async def test_a_price_that_has_moved_is_not_taken_silently(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        answer = await traveler.post("/bookings", json=wanted(trip_id, expected_total="199.00"))
        assert refusal(answer, 409) == "QUOTE_CHANGED"
        assert answer.json()["message"].startswith("The price is no longer")

    async def test_the_same_key_holds_once(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        headers = {"Idempotency-Key": "first-try"}
        once = await traveler.post("/bookings", json=wanted(trip_id), headers=headers)
        again = await traveler.post("/bookings", json=wanted(trip_id), headers=headers)
        assert once.content == again.content
        assert again.headers["idempotent-replayed"] == "true"
        assert len(await derlg.rows("SELECT id FROM bookings")) == 1


class TestReading:
    async def test_mine_are_mine_in_one_statement(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        mine, other = await derlg.sign_in_as(), await derlg.sign_in_as()
        first, second = await hold(mine, trip_id), await hold(mine, trip_id)
        await hold(other, trip_id)
        await mine.get("/bookings/my")
        async with derlg.statements() as statements:
            answer = await mine.get("/bookings/my")
        assert [b["id"] for b in answer.json()["data"]] == [second["id"], first["id"]]
        assert answer.json()["meta"] == {"page": 1, "per_page": 10, "total": 2}
        assert len(statements) == 1
        for booking in answer.json()["data"]:
            BookingOut.model_validate(booking)

    async def test_one_by_id_or_reference_for_its_owner_and_the_desk(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        mine, other, admin = await derlg.sign_in_as(), await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
        booking = await hold(mine, trip_id)
        for name in (booking["id"], booking["booking_ref"], booking["booking_ref"].lower()):
            detail = read(await mine.get(f"/bookings/{name}"))
            BookingDetail.model_validate(detail)
            assert detail["lines"][0]["amount"] == "200.00"
            assert refusal(await other.get(f"/bookings/{name}"), 404) == "BOOKING_NOT_FOUND"
            assert read(await admin.get(f"/bookings/{name}"))["id"] == booking["id"]
        assert refusal(await mine.get("/bookings/%00"), 400)
        assert refusal(await mine.get(f"/bookings/{uuid4()}"), 404) == "BOOKING_NOT_FOUND"

    async def test_availability_counts_live_claims(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=7)
        await hold(await derlg.sign_in_as(), trip_id, people=3)
        span = {"from": TRAVEL_DATE.isoformat(), "to": (TRAVEL_DATE + timedelta(days=1)).isoformat()}
        days = read(await derlg.get(f"/trips/{trip_id}/availability", params=span))
        assert [day["available"] for day in days] == [4, 7]
        wide = {"from": "2027-01-01", "to": "2028-01-01"}
        assert faulty_fields(await derlg.get(f"/trips/{trip_id}/availability", params=wide)) == ["to"]


class TestCancel:
    async def test_an_open_hold_costs_nothing(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=2)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        cancelled = read(await traveler.delete(f"/bookings/{booking['id']}"))
        assert cancelled["status"] == "CANCELLED"
        await hold(await derlg.sign_in_as(), trip_id)
        assert refusal(await traveler.delete(f"/bookings/{booking['id']}"), 409) == "BOOKING_NOT_CANCELLABLE"

    @pytest.mark.parametrize(
        ("days_before", "percent", "refund"), [(30, 100, "170.00"), (4, 50, "85.00"), (2, 0, "0.00")]
    )
    async def test_gives_back_what_the_preview_showed(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock, days_before: int, percent: int, refund: str
    ) -> None:
        trip_id = await put_trip_on_sale(derlg, permits="15.00")
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        assert booking["status"] == "CONFIRMED"
        start = date.fromisoformat(booking["travel_date"])
        today = clock.now().date()
        clock.advance(timedelta(days=(start - today).days - days_before))
        preview = read(await traveler.get(f"/bookings/{booking['id']}/cancellation-preview"))
        assert (preview["refund_percent"], preview["refund_amount"]) == (percent, refund)
        answer = await traveler.delete(f"/bookings/{booking['id']}", params={"quote_id": preview["quote_id"]})
        assert read(answer)["status"] == "CANCELLED"
        rows = await derlg.rows("SELECT amount::text, status FROM refunds")
        assert [row["amount"] for row in rows] == ([refund] if percent else [])

    async def test_a_quote_that_no_longer_holds_is_refused(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
    ) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        preview = read(await traveler.get(f"/bookings/{booking['id']}/cancellation-preview"))
        clock.advance(timedelta(days=46))
        answer = await traveler.post(f"/bookings/{booking['id']}/cancel", json={"quote_id": preview["quote_id"]})
        assert refusal(answer, 409) == "QUOTE_CHANGED"
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"

    async def test_the_agency_gives_everything_back(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg, policy="NON_REFUNDABLE", permits="15.00")
        traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        read(await admin.delete(f"/bookings/{booking['id']}"))
        rows = await derlg.rows("SELECT amount::text FROM refunds")
        assert rows == [{"amount": "200.00"}]

    async def test_not_somebody_elses(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        booking = await hold(await derlg.sign_in_as(), trip_id)
        other = await derlg.sign_in_as()
        assert refusal(await other.delete(f"/bookings/{booking['id']}"), 404) == "BOOKING_NOT_FOUND"
        assert refusal(await other.patch(f"/bookings/{booking['id']}", json={"people_count": 1}), 404)


class TestChange:
    async def test_an_open_hold_is_priced_and_claimed_anew(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=4)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        first = await open_intent(traveler, booking_id=booking["id"])
        changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 4}))
        assert changed["total_usd"] == "400.00"
        other = await derlg.sign_in_as()
        assert refusal(await other.post("/bookings", json=wanted(trip_id, people_count=1)), 409) == "SOLD_OUT"
        second = await open_intent(traveler, booking_id=booking["id"])
        assert second["amount"] == "400.00"
        assert second["payment_intent_id"] != first["payment_intent_id"]

    async def test_stock_that_is_gone_leaves_it_as_it_was(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=4)
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        await hold(await derlg.sign_in_as(), trip_id)
        answer = await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3})
        assert refusal(answer, 409) == "SOLD_OUT"
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["people_count"], after["total_usd"], after["version"]) == (2, "200.00", booking["version"])

    async def test_dearer_waits_for_its_payment(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=4)
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        waiting = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 4}))
        assert (waiting["people_count"], waiting["pending_change"]["amount_due"]) == (2, "200.00")
        again = await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3})
        assert refusal(again, 409) == "CHANGE_PENDING"
        intent = await open_intent(traveler, change_id=waiting["pending_change"]["id"])
        await pay(sandbox, intent["payment_intent_id"])
        await tell_all(traveler, sandbox, intent["payment_intent_id"])
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["people_count"], after["total_usd"], after["paid_usd"]) == (
            "CONFIRMED", 4, "400.00", "400.00",
        )  # fmt: skip
        assert after["pending_change"] is None
        live = "SELECT sum(quantity)::int AS seats FROM claims WHERE released_at IS NULL AND expires_at IS NULL"
        assert await derlg.rows(live) == [{"seats": 4}]
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        assert await derlg.rows("SELECT sum(amount)::text AS back FROM refunds") == [{"back": "400.00"}]

    async def test_cheaper_comes_back_by_the_policy(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
    ) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        clock.advance(timedelta(days=46))
        changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
        assert changed["total_usd"] == "100.00"
        assert await derlg.rows("SELECT amount::text, cause FROM refunds") == [
            {"amount": "50.00", "cause": "MODIFICATION"}
        ]

    async def test_cancelling_after_a_change_counts_what_the_change_gives_back(
        self, derlg: StorefrontClient, sandbox: str
    ) -> None:
        trip_id = await put_trip_on_sale(derlg, price="100.00", permits="10.00")
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id, people=3)
        read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
        shown = read(await traveler.get(f"/bookings/{booking['id']}/cancellation-preview"))
        assert (shown["tier"], shown["refund_amount"], shown["non_refundable_amount"]) == ("GRACE", "90.00", "30.00")
        read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={"quote_id": shown["quote_id"]}))
        asked = await derlg.rows("SELECT cause, amount::text FROM refunds ORDER BY cause DESC")
        assert [tuple(one.values()) for one in asked] == [("MODIFICATION", "180.00"), ("CANCELLATION", "90.00")]

    async def test_nothing_to_change_is_a_mistake(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        for nothing in ({}, {"travel_date": None}, {"people_count": None, "pickup_location": None}):
            assert faulty_fields(await traveler.patch(f"/bookings/{booking['id']}", json=nothing)) == ["travel_date"]
        assert read(await traveler.patch(f"/bookings/{booking['id']}", json={"special_requests": None}))["version"] == 2
