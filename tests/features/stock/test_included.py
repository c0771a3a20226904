"""What a trip includes: taken from stock with each booking, within the price, all or nothing."""

from datetime import timedelta
from typing import Any

import pytest
from tests.features.catalog.samples import guide, room, trip
from tests.features.stock.conftest import Shop
from tests.features.stock.test_stays_rides_guides import book, in_days, live, settle, wanted
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import hold

from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import tidy_lapsed_holds

INCLUDED = {"room": {"hotel": "first", "key": "double"}, "vehicle": "first", "guide": "first"}
# Two days, one night, a party of two.
TAKEN = [("DEPARTURE", 0, 2), ("GUIDE", 0, 1), ("GUIDE", 1, 1), ("ROOM", 0, 1), ("VEHICLE", 0, 1), ("VEHICLE", 1, 1)]


async def sell(shop: Shop, **included: Any) -> dict[str, Any]:
    """A trip of two days, 100.00 a head, that includes so much."""
    body = trip(included=included, price_per_person_usd="100.00", non_refundable_fee_usd="0.00", min_people=1)
    shown: dict[str, Any] = read(await shop.admin.post("/trips", json=body), 201)
    return shown


def places(days: Any) -> list[int]:
    return [day["available"] for day in days]


async def calendar(client: StorefrontClient, trip_id: str, *, days: int = 1) -> list[int]:
    span = {"from": in_days(0), "to": in_days(days - 1)}
    return places(read(await client.get(f"/trips/{trip_id}/availability", params=span)))


class TestInTheCatalogue:
    async def test_is_said_by_slugs_and_kept_by_ids(self, derlg: StorefrontClient, shop: Shop) -> None:
        shown = await sell(shop, **INCLUDED)
        ids = [shown[name] for name in ("hotel_id", "hotel_room_id", "vehicle_id", "guide_id")]
        assert ids == [shop.hotel["id"], shop.room_id, shop.vehicle["id"], shop.guide["id"]]
        assert read(await derlg.get(f"/trips/{shown['slug']}")) == shown
        listed = read(await derlg.get("/trips"))
        assert listed == [shown]

    async def test_lives_through_changes_of_other_things(self, shop: Shop) -> None:
        shown = await sell(shop, **INCLUDED)
        read(await shop.admin.patch(f"/hotels/{shop.hotel['id']}", json={"slug": "renamed"}))
        path = f"/trips/{shown['id']}"
        titled = read(await shop.admin.patch(path, json={"title": "Slow Angkor"}))
        assert (titled["hotel_room_id"], titled["guide_id"]) == (shop.room_id, shop.guide["id"])
        fewer = read(await shop.admin.patch(path, json={"included": {"guide": "first"}}))
        names = ("hotel_id", "hotel_room_id", "vehicle_id", "guide_id")
        assert [fewer[name] for name in names] == [None, None, None, shop.guide["id"]]
        read(await shop.admin.delete(path))

    @pytest.mark.parametrize(
        ("included", "field"),
        [
            ({"room": {"hotel": "first", "key": "cave"}}, "included.room"),
            ({"room": {"hotel": "elsewhere", "key": "double"}}, "included.room"),
            ({"room": {"hotel": "first"}}, "included.room.key"),
            ({"vehicle": "submarine"}, "included.vehicle"),
            ({"guide": "nobody"}, "included.guide"),
            ({"boat": "first"}, "included.boat"),
        ],
    )
    async def test_what_is_not_there_is_named(self, shop: Shop, included: dict[str, Any], field: str) -> None:
        assert faulty_fields(await shop.admin.post("/trips", json=trip(included=included))) == [field]
        assert await shop.admin.rows("SELECT 1 FROM trips") == []

    async def test_a_day_has_no_night(self, shop: Shop) -> None:
        body = trip(included={"room": INCLUDED["room"]}, duration_days=1, itinerary=[])
        assert faulty_fields(await shop.admin.post("/trips", json=body)) == ["included.room"]


class TestInABooking:
    async def test_is_taken_shown_and_given_back(self, derlg: StorefrontClient, shop: Shop, sandbox: str) -> None:
        sold = await sell(shop, **INCLUDED)
        traveler = await derlg.sign_in_as()
        told = read(
            await traveler.post(
                "/bookings/quote", json={"trip_id": sold["id"], "travel_date": in_days(0), "people_count": 2}
            )
        )
        booking = await hold(traveler, sold["id"])
        for shown in (told, booking):
            assert shown["hotel_room_id"] == shop.room_id
            assert (shown["vehicle_id"], shown["guide_id"]) == (shop.vehicle["id"], shop.guide["id"])
            assert shown["rooms"] == 1
        assert told["price"]["total"] == booking["total_usd"] == "200.00"
        detail = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert [(line["description"], line["amount"]) for line in detail["lines"]] == [
            ("Angkor sunrise", "200.00"), ("Riverside Garden, Double room: 1 night, 1 room", "0.00"),
            ("Temple van: 2 days", "0.00"), ("Sok Dara: 2 days", "0.00"),
        ]  # fmt: skip
        assert await live(derlg, booking) == TAKEN
        await settle(traveler, sandbox, booking_id=booking["id"])
        assert await live(derlg, booking) == TAKEN
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        assert await live(derlg, booking) == []

    async def test_costs_a_statement_more(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, **INCLUDED)
        traveler = await derlg.sign_in_as()
        await hold(traveler, sold["id"])
        async with derlg.statements() as statements:
            await hold(traveler, sold["id"], travel_date=in_days(5))
        assert len(statements) == 3, statements

    async def test_is_free_again_when_the_hold_lapses(
        self, derlg: StorefrontClient, shop: Shop, work: Work, clock: FrozenClock
    ) -> None:
        sold = await sell(shop, **INCLUDED)
        first, second = await derlg.sign_in_as(), await derlg.sign_in_as()
        lapsed = await hold(first, sold["id"])
        body = {"trip_id": sold["id"], "travel_date": in_days(0), "people_count": 2, "pickup_location": "Lobby"}
        assert refusal(await second.post("/bookings", json=body), 409) == "SOLD_OUT"
        clock.advance(timedelta(minutes=16))
        booking = await book(second, body)
        await tidy_lapsed_holds(work)
        assert (await live(derlg, lapsed), await live(derlg, booking)) == ([], TAKEN)

    async def test_all_or_nothing(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, **INCLUDED)
        await book(await derlg.sign_in_as(), wanted(shop, "GUIDE_ONLY", first=1, last=1))
        body = {"trip_id": sold["id"], "travel_date": in_days(0), "people_count": 2, "pickup_location": "Lobby"}
        answer = await (await derlg.sign_in_as()).post("/bookings", json=body)
        assert refusal(answer, 409) == "SOLD_OUT"
        assert answer.json()["error"]["details"]["resource"] == "GUIDE"
        left = await derlg.rows("SELECT sum(quantity) AS n FROM claims WHERE released_at IS NULL")
        assert left[0]["n"] == 1

    async def test_rooms_follow_the_party(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, room=INCLUDED["room"])
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, sold["id"], people=3)
        assert (booking["rooms"], booking["vehicle_id"]) == (2, None)
        path = f"/bookings/{booking['id']}"
        assert refusal(await traveler.patch(path, json={"people_count": 5}), 409) == "SOLD_OUT"
        smaller = read(await traveler.patch(path, json={"people_count": 2, "travel_date": in_days(1)}))
        assert (smaller["rooms"], smaller["total_usd"]) == (1, "200.00")
        assert await live(derlg, booking) == [("DEPARTURE", 1, 2), ("ROOM", 1, 1)]
        assert faulty_fields(await traveler.patch(path, json={"rooms": 2})) == ["rooms"]

    async def test_what_was_sold_stays_sold(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, room=INCLUDED["room"])
        traveler = await derlg.sign_in_as()
        with_room = await hold(traveler, sold["id"])
        read(await shop.admin.patch(f"/trips/{sold['id']}", json={"included": {"guide": "first"}}))
        with_guide = await hold(traveler, sold["id"])
        for booking, kind in ((with_room, "ROOM"), (with_guide, "GUIDE")):
            moved = read(await traveler.patch(f"/bookings/{booking['id']}", json={"travel_date": in_days(5)}))
            assert moved["total_usd"] == "200.00"
            assert {taken for taken, _day, _n in await live(derlg, booking)} == {"DEPARTURE", kind}

    async def test_another_one_comes_in_its_place_at_its_price(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, **INCLUDED)
        other = read(await shop.admin.post("/guides", json=guide("second", daily_rate_usd="70.00")), 201)
        booking = await hold(await derlg.sign_in_as(), sold["id"], guide_id=other["id"])
        assert (booking["guide_id"], booking["total_usd"]) == (other["id"], "340.00")
        named = await hold(await derlg.sign_in_as(), sold["id"], travel_date=in_days(9), guide_id=shop.guide["id"])
        assert (named["guide_id"], named["total_usd"]) == (shop.guide["id"], "200.00")


class TestInACalendar:
    async def test_there_are_as_many_places_as_of_all_of_it(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, room=INCLUDED["room"])
        assert await calendar(derlg, sold["id"], days=3) == [4, 4, 4]  # two rooms for two; 24 seats
        await book(await derlg.sign_in_as(), wanted(shop, "HOTEL_ONLY", first=1, last=2))
        assert await calendar(derlg, sold["id"], days=3) == [4, 2, 4]
        read(await shop.admin.patch(f"/trips/{sold['id']}", json={"included": INCLUDED}))
        await book(await derlg.sign_in_as(), wanted(shop, "TRANSPORT_ONLY", first=1, last=1))
        assert await calendar(derlg, sold["id"], days=3) == [0, 0, 4]

    async def test_a_retired_room_sells_nothing_more(self, derlg: StorefrontClient, shop: Shop) -> None:
        sold = await sell(shop, room=INCLUDED["room"])
        read(await shop.admin.patch(f"/hotels/{shop.hotel['id']}", json={"rooms": [room("suite")]}))
        assert await calendar(derlg, sold["id"]) == [0]
        body = {"trip_id": sold["id"], "travel_date": in_days(0), "people_count": 2, "pickup_location": "Lobby"}
        assert refusal(await (await derlg.sign_in_as()).post("/bookings", json=body), 404) == "ROOM_NOT_FOUND"
        read(await shop.admin.delete(f"/trips/{sold['id']}"))
