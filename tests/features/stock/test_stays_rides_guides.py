"""Rooms, vehicles and guides: booked, priced, paid, changed, cancelled, lapsed; alone or with a trip."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.features.stock.conftest import Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import events_of, hold, open_intent, pay, put_trip_on_sale, tell, tell_all
from tests.support.system import System

from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import complete_ended, tidy_lapsed_holds
from sojourn.sales.bookings.models import BookingDetail, BookingOut, Quote
from sojourn.storefronts import STOREFRONTS

DAY = date(2027, 1, 20)
LIVE = """
SELECT r.kind, c.day, c.quantity FROM claims c JOIN resources r ON r.id = c.resource_id
 WHERE c.purchase_id = $1 AND c.released_at IS NULL ORDER BY r.kind, c.day
"""
TYPES = ("HOTEL_ONLY", "TRANSPORT_ONLY", "GUIDE_ONLY")
# Three days, two nights.
TOTALS = {"HOTEL_ONLY": "120.00", "TRANSPORT_ONLY": "225.00", "GUIDE_ONLY": "165.00"}


def in_days(days: int) -> str:
    return (DAY + timedelta(days=days)).isoformat()


def wanted(shop: Shop, booking_type: str, *, first: int = 0, last: int = 2, **more: object) -> dict[str, object]:
    subject = {
        "HOTEL_ONLY": {"hotel_room_id": shop.room_id}, "TRANSPORT_ONLY": {"vehicle_id": shop.vehicle["id"]},
        "GUIDE_ONLY": {"guide_id": shop.guide["id"]},
    }[booking_type]  # fmt: skip
    return {
        "booking_type": booking_type, **subject, "travel_date": in_days(first), "end_date": in_days(last),
        "people_count": 2, "pickup_location": "Airport", **more,
    }  # fmt: skip


async def book(client: StorefrontClient, body: dict[str, object]) -> Any:
    return read(await client.post("/bookings", json=body), 201)


async def quote(client: StorefrontClient, body: dict[str, object]) -> Any:
    asked = {name: value for name, value in body.items() if name != "pickup_location"}
    return read(await client.post("/bookings/quote", json=asked))


async def settle(client: StorefrontClient, sandbox: str, **purchase: object) -> None:
    intent = await open_intent(client, **purchase)
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(client, sandbox, intent["payment_intent_id"])


async def live(client: StorefrontClient, booking: Any) -> list[tuple[str, int, int]]:
    """Kind, day from `DAY` on, quantity of each live claim."""
    return [(row["kind"], (row["day"] - DAY).days, row["quantity"]) for row in await client.rows(LIVE, booking["id"])]


class TestPrices:
    async def test_nights_times_rooms_half_open(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        told = await quote(traveler, wanted(shop, "HOTEL_ONLY", last=3, rooms=2, people_count=4))
        Quote.model_validate(told)
        assert (told["price"]["total"], told["available"], told["rooms"]) == ("360.00", 2, 2)
        assert (told["title"], told["end_date"]) == ("Riverside Garden, Double room", in_days(3))
        (line,) = told["price"]["lines"]
        assert (line["kind"], line["quantity"], line["unit_price"]) == ("BASE", 6, "60.00")

    async def test_days_inclusive(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        for booking_type, one, three in (("TRANSPORT_ONLY", "75.00", "225.00"), ("GUIDE_ONLY", "55.00", "165.00")):
            body = wanted(shop, booking_type)
            assert (await quote(traveler, body))["price"]["total"] == three
            del body["end_date"]
            told = await quote(traveler, body)
            assert (told["price"]["total"], told["end_date"]) == (one, in_days(0))

    async def test_a_transfer_and_kilometres(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        body = wanted(shop, "TRANSPORT_ONLY", last=0)
        ride = {"from_place": "Siem Reap", "to_place": "Phnom Penh"}
        assert (await quote(traveler, {**body, "transfer": ride}))["price"]["total"] == "110.00"
        assert (await quote(traveler, {**body, "distance_km": 33}))["price"]["total"] == "18.15"
        back = {"from_place": "Phnom Penh", "to_place": "Siem Reap"}
        read(await shop.admin.patch(f"/transportation/{shop.vehicle['id']}", json={"per_km_rate_usd": None}))
        for wrong, field in (
            ({"transfer": back}, "transfer"), ({"distance_km": 33}, "distance_km"),
            ({"transfer": ride, "distance_km": 5}, "distance_km"),
            ({"transfer": ride, "end_date": in_days(1)}, "end_date"),
        ):  # fmt: skip
            assert faulty_fields(await traveler.post("/bookings", json={**body, **wrong})) == [field]

    async def test_a_student_saves_on_the_share_of_one(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        async with derlg.database.read() as connection:
            await connection.execute("UPDATE users SET is_student = true WHERE id = $1", traveler.user_id)
        booking = await book(traveler, wanted(shop, "GUIDE_ONLY", people_count=3))
        assert (booking["discount_amount_usd"], booking["total_usd"]) == ("5.50", "159.50")


class TestRefusals:
    async def test_each_by_its_field(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        stay, ride = wanted(shop, "HOTEL_ONLY"), wanted(shop, "TRANSPORT_ONLY")
        for body, field in (
            ({**stay, "hotel_room_id": None}, "hotel_room_id"), ({**stay, "guide_id": shop.guide["id"]}, "guide_id"),
            ({**stay, "end_date": None}, "end_date"), ({**stay, "end_date": in_days(0)}, "end_date"),
            ({**stay, "end_date": in_days(61)}, "end_date"), ({**stay, "people_count": 3}, "people_count"),
            ({**stay, "distance_km": 3}, "distance_km"), ({**stay, "options": [{"key": "x"}]}, "options"),
            ({**stay, "travel_date": "2026-12-01"}, "travel_date"), ({**stay, "rooms": 0}, "rooms"),
            ({**ride, "rooms": 1}, "rooms"), ({**ride, "people_count": 11}, "people_count"),
            ({**ride, "end_date": in_days(-1)}, "end_date"), ({**ride, "end_date": in_days(60)}, "end_date"),
            ({**ride, "pickup_location": None}, "pickup_location"),
            (wanted(shop, "GUIDE_ONLY", people_count=13), "people_count"),
            ({**ride, "booking_type": "PACKAGE"}, "trip_id"),
        ):  # fmt: skip
            assert faulty_fields(await traveler.post("/bookings", json=body)) == [field], body

    @pytest.mark.parametrize(
        ("booking_type", "field", "code"),
        [
            ("HOTEL_ONLY", "hotel_room_id", "ROOM_NOT_FOUND"), ("TRANSPORT_ONLY", "vehicle_id", "VEHICLE_NOT_FOUND"),
            ("GUIDE_ONLY", "guide_id", "GUIDE_NOT_FOUND"),
        ],
    )  # fmt: skip
    async def test_what_is_not_on_sale(
        self, derlg: StorefrontClient, shop: Shop, booking_type: str, field: str, code: str
    ) -> None:
        traveler = await derlg.sign_in_as()
        body = wanted(shop, booking_type)
        assert refusal(await traveler.post("/bookings", json={**body, field: str(uuid4())}), 404) == code
        for shelf, entry in (("hotels", shop.hotel), ("transportation", shop.vehicle), ("guides", shop.guide)):
            read(await shop.admin.delete(f"/{shelf}/{entry['id']}"))
        assert refusal(await traveler.post("/bookings", json=body), 404) == code


async def test_what_a_storefront_does_not_sell(
    start_system: Callable[..., AbstractAsyncContextManager[System]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = STOREFRONTS["derlg"].modules - {Module.GUIDES}
    monkeypatch.setitem(STOREFRONTS, "derlg", replace(STOREFRONTS["derlg"], modules=fewer))
    async with start_system() as system:
        traveler = await system.derlg.sign_in_as()
        body = {"travel_date": in_days(0), "people_count": 1, "guide_id": str(uuid4()), "pickup_location": "Lobby"}
        alone = await traveler.post("/bookings", json={**body, "booking_type": "GUIDE_ONLY"})
        assert refusal(alone, 422) == "BOOKING_TYPE_NOT_OFFERED"
        along = await traveler.post("/bookings", json={**body, "trip_id": str(await put_trip_on_sale(system.derlg))})
        assert refusal(along, 422) == "BOOKING_TYPE_NOT_OFFERED"
        refusal(await system.derlg.get("/guides"), 404)


class TestStock:
    async def test_back_to_back_nights_do_not_collide(self, derlg: StorefrontClient, shop: Shop) -> None:
        first, second = await derlg.sign_in_as(), await derlg.sign_in_as()
        await book(first, wanted(shop, "HOTEL_ONLY", first=0, last=2, rooms=2))
        booking = await book(second, wanted(shop, "HOTEL_ONLY", first=2, last=3, rooms=2))
        assert await live(derlg, booking) == [("ROOM", 2, 2)]
        answer = await second.post("/bookings", json=wanted(shop, "HOTEL_ONLY", first=1, last=3))
        assert refusal(answer, 409) == "SOLD_OUT"
        assert answer.json()["error"]["details"]["resource"] == "ROOM"

    async def test_a_vehicle_is_taken_to_its_last_day(self, derlg: StorefrontClient, shop: Shop) -> None:
        booking = await book(await derlg.sign_in_as(), wanted(shop, "TRANSPORT_ONLY"))
        assert await live(derlg, booking) == [("VEHICLE", 0, 1), ("VEHICLE", 1, 1), ("VEHICLE", 2, 1)]
        other = await derlg.sign_in_as()
        answer = await other.post("/bookings", json=wanted(shop, "TRANSPORT_ONLY", first=2, last=4))
        assert refusal(answer, 409) == "SOLD_OUT"
        await book(other, wanted(shop, "TRANSPORT_ONLY", first=3, last=4))

    @pytest.mark.parametrize("booking_type", TYPES)
    async def test_a_hold_is_two_statements(self, derlg: StorefrontClient, shop: Shop, booking_type: str) -> None:
        traveler = await derlg.sign_in_as()
        await quote(traveler, wanted(shop, booking_type))
        async with derlg.statements() as said:
            await book(traveler, wanted(shop, booking_type))
        assert [("hotel_rooms h" in text, "hold_stock" in text) for text in said] == [(True, False), (False, True)]


@pytest.mark.parametrize("booking_type", TYPES)
class TestWholeLife:
    async def test_paid_and_cancelled_by_its_policy(
        self, derlg: StorefrontClient, shop: Shop, sandbox: str, booking_type: str
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await book(traveler, wanted(shop, booking_type))
        BookingOut.model_validate(booking)
        assert (booking["total_usd"], booking["booking_type"]) == (TOTALS[booking_type], booking_type)
        await settle(traveler, sandbox, booking_id=booking["id"])
        paid = read(await traveler.get(f"/bookings/{booking['id']}"))
        BookingDetail.model_validate(paid)
        assert (paid["status"], paid["paid_usd"]) == ("CONFIRMED", TOTALS[booking_type])
        assert paid["loyalty_points_earned"] == int(float(TOTALS[booking_type]))
        policy = "MODERATE" if booking_type == "GUIDE_ONLY" else "FLEXIBLE"
        assert paid["cancellation_policy"]["name"] == policy
        shown = read(await traveler.get(f"/bookings/{booking['id']}/cancellation-preview"))
        assert shown["refund_amount"] == TOTALS[booking_type]
        gone = read(await traveler.delete(f"/bookings/{booking['id']}", params={"quote_id": shown["quote_id"]}))
        assert gone["status"] == "CANCELLED"
        assert await live(derlg, booking) == []

    async def test_a_lapsed_hold_is_free_and_a_late_payment_revives_it(
        self, derlg: StorefrontClient, shop: Shop, sandbox: str, work: Work, clock: FrozenClock, booking_type: str
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await book(traveler, wanted(shop, booking_type))
        taken = await live(derlg, booking)
        intent = await open_intent(traveler, booking_id=booking["id"])
        (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
        events = await events_of(sandbox, intent["payment_intent_id"])
        event = next(event for event in events if event["type"] == "payment_intent.succeeded")
        clock.advance(timedelta(minutes=16))
        await tidy_lapsed_holds(work)
        assert await live(derlg, booking) == []
        event["created"] = int(clock.now().timestamp())
        read(await tell(derlg, event))
        revived = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (revived["status"], revived["late_payment"]) == ("CONFIRMED", True)
        assert await live(derlg, booking) == taken

    async def test_moved_keeps_its_length(self, derlg: StorefrontClient, shop: Shop, booking_type: str) -> None:
        traveler = await derlg.sign_in_as()
        booking = await book(traveler, wanted(shop, booking_type))
        before = await live(derlg, booking)
        moved = read(await traveler.patch(f"/bookings/{booking['id']}", json={"travel_date": in_days(1)}))
        assert (moved["travel_date"], moved["end_date"]) == (in_days(1), in_days(3))
        assert moved["total_usd"] == TOTALS[booking_type]
        assert await live(derlg, booking) == [(kind, day + 1, quantity) for kind, day, quantity in before]

    async def test_a_longer_one_waits_for_its_difference(
        self, derlg: StorefrontClient, shop: Shop, sandbox: str, booking_type: str
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await book(traveler, wanted(shop, booking_type))
        await settle(traveler, sandbox, booking_id=booking["id"])
        shelf = {"HOTEL_ONLY": "hotels", "TRANSPORT_ONLY": "transportation", "GUIDE_ONLY": "guides"}[booking_type]
        entry = {"hotels": shop.hotel, "transportation": shop.vehicle, "guides": shop.guide}[shelf]
        dearer = (
            {"rooms": [{**_sent(shop.hotel["rooms"][0]), "nightly_rate_usd": "999.00"}]}
            if shelf == "hotels" else {"daily_rate_usd": "999.00"}
        )  # fmt: skip
        read(await shop.admin.patch(f"/{shelf}/{entry['id']}", json=dearer))
        changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"end_date": in_days(3)}))
        due = {"HOTEL_ONLY": "60.00", "TRANSPORT_ONLY": "75.00", "GUIDE_ONLY": "55.00"}[booking_type]
        assert (changed["pending_change"]["amount_due"], changed["end_date"]) == (due, in_days(2))
        other = await derlg.sign_in_as()
        last = 2 if booking_type == "HOTEL_ONLY" else 3
        one_more = {"rooms": 2} if booking_type == "HOTEL_ONLY" else {}
        body = wanted(shop, booking_type, first=last, last=last + 1, **one_more)
        assert refusal(await other.post("/bookings", json=body), 409) == "SOLD_OUT"
        await settle(traveler, sandbox, change_id=changed["pending_change"]["id"])
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["end_date"], after["pending_change"]) == (in_days(3), None)
        assert len(await live(derlg, booking)) == (3 if booking_type == "HOTEL_ONLY" else 4)


def _sent(room: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in room.items() if name not in {"id", "display_name", "available"}}


async def test_fewer_rooms_come_back_by_the_policy(derlg: StorefrontClient, shop: Shop, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await book(traveler, wanted(shop, "HOTEL_ONLY", rooms=2))
    await settle(traveler, sandbox, booking_id=booking["id"])
    changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"rooms": 1}))
    assert (changed["rooms"], changed["total_usd"]) == (1, "120.00")
    assert await live(derlg, booking) == [("ROOM", 0, 1), ("ROOM", 1, 1)]
    refunds = await derlg.rows("SELECT amount FROM refunds")
    assert [f"{row['amount']:.2f}" for row in refunds] == ["120.00"]


async def test_a_stay_is_completed_once_it_is_over(
    derlg: StorefrontClient, shop: Shop, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    traveler = await derlg.sign_in_as()
    body = wanted(shop, "HOTEL_ONLY")
    del body["pickup_location"]
    booking = await book(traveler, body)
    assert booking["pickup_location"] == "River Road 1, Siem Reap"
    await settle(traveler, sandbox, booking_id=booking["id"])
    clock.advance(timedelta(days=60))
    await complete_ended(work)
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "COMPLETED"


class TestWithATrip:
    def along(self, shop: Shop) -> dict[str, Any]:
        return {"hotel_room_id": shop.room_id, "vehicle_id": shop.vehicle["id"], "guide_id": shop.guide["id"]}

    async def test_all_of_it_is_priced_claimed_and_freed(
        self, derlg: StorefrontClient, shop: Shop, sandbox: str
    ) -> None:
        trip_id = await put_trip_on_sale(derlg, days=3, price="100.00")
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id, **self.along(shop))
        assert booking["total_usd"] == "710.00"  # 200 + 2 nights 120 + 3 days 225 + 3 days 165
        shown = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert [(line["kind"], line["amount"]) for line in shown["lines"]] == [
            ("BASE", "200.00"), ("OPTION", "120.00"), ("OPTION", "225.00"), ("OPTION", "165.00"),
        ]  # fmt: skip
        assert await live(derlg, booking) == [
            ("DEPARTURE", 0, 2), ("GUIDE", 0, 1), ("GUIDE", 1, 1), ("GUIDE", 2, 1), ("ROOM", 0, 1), ("ROOM", 1, 1),
            ("VEHICLE", 0, 1), ("VEHICLE", 1, 1), ("VEHICLE", 2, 1),
        ]  # fmt: skip
        await settle(traveler, sandbox, booking_id=booking["id"])
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        assert await live(derlg, booking) == []

    async def test_all_or_nothing(self, derlg: StorefrontClient, shop: Shop) -> None:
        trip_id = await put_trip_on_sale(derlg, days=3)
        await book(await derlg.sign_in_as(), wanted(shop, "GUIDE_ONLY", first=2, last=2))
        traveler = await derlg.sign_in_as()
        body = {
            "trip_id": str(trip_id), "travel_date": in_days(0), "people_count": 2, "pickup_location": "Lobby",
            **self.along(shop),
        }  # fmt: skip
        answer = await traveler.post("/bookings", json=body)
        assert refusal(answer, 409) == "SOLD_OUT"
        details = answer.json()["error"]["details"]
        assert (details["resource"], details["day"], details["available"]) == ("GUIDE", in_days(2), 0)
        assert await derlg.rows("SELECT 1 FROM bookings WHERE trip_id IS NOT NULL") == []
        left = await derlg.rows("SELECT sum(quantity) AS n FROM claims WHERE released_at IS NULL")
        assert left[0]["n"] == 1

    async def test_moves_as_one_or_stays(self, derlg: StorefrontClient, shop: Shop) -> None:
        trip_id = await put_trip_on_sale(derlg, days=3)
        await book(await derlg.sign_in_as(), wanted(shop, "TRANSPORT_ONLY", first=4, last=4))
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id, **self.along(shop))
        before = await live(derlg, booking)
        path = f"/bookings/{booking['id']}"
        assert refusal(await traveler.patch(path, json={"travel_date": in_days(2)}), 409) == "SOLD_OUT"
        assert await live(derlg, booking) == before
        read(await traveler.patch(path, json={"travel_date": in_days(1)}))
        assert await live(derlg, booking) == [(kind, day + 1, quantity) for kind, day, quantity in before]

    async def test_what_a_trip_does_not_take(self, derlg: StorefrontClient, shop: Shop) -> None:
        traveler = await derlg.sign_in_as()
        short, long = await put_trip_on_sale(derlg, days=1), await put_trip_on_sale(derlg, days=3)
        ride = {"from_place": "Siem Reap", "to_place": "Phnom Penh"}
        for trip_id, more, field in (
            (short, {"hotel_room_id": shop.room_id}, "hotel_room_id"), (long, {"end_date": in_days(5)}, "end_date"),
            (long, {"vehicle_id": shop.vehicle["id"], "transfer": ride}, "transfer"), (long, {"rooms": 2}, "rooms"),
        ):  # fmt: skip
            body = {
                "trip_id": str(trip_id), "travel_date": in_days(0), "people_count": 2, "pickup_location": "Lobby",
                **more,
            }  # fmt: skip
            assert faulty_fields(await traveler.post("/bookings", json=body)) == [field]
