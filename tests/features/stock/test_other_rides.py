"""Another ride for a booked vehicle, and days that are over."""

from datetime import date, timedelta
from typing import Any

import pytest
from tests.features.stock.conftest import Shop
from tests.features.stock.test_stays_rides_guides import book, in_days, settle, wanted
from tests.support.client import StorefrontClient, faulty_fields, read
from tests.support.selling import put_trip_on_sale

from sojourn.sales.bookings.models import BookingDetail


async def change(client: StorefrontClient, path: str, **what: object) -> Any:
    return read(await client.patch(path, json=what))


async def test_another_ride_is_another_price(derlg: StorefrontClient, shop: Shop) -> None:
    traveler = await derlg.sign_in_as()
    ride = {"from_place": "Siem Reap", "to_place": "Phnom Penh"}
    booking = await book(traveler, wanted(shop, "TRANSPORT_ONLY"))
    path = f"/bookings/{booking['id']}"
    assert (await change(traveler, path, transfer=ride))["total_usd"] == "110.00"
    read(await shop.admin.patch(f"/transportation/{shop.vehicle['id']}", json={
        "transfers": [{**ride, "price_usd": "150.00"}], "per_km_rate_usd": "0.60", "daily_rate_usd": "80.00",
    }))  # fmt: skip
    moved = await change(traveler, path, travel_date=in_days(1))
    assert (moved["total_usd"], moved["transfer"]) == ("110.00", ride), "what was agreed"
    assert (moved["travel_date"], moved["end_date"]) == (in_days(1), in_days(1))
    driven = await change(traveler, path, distance_km=100)
    assert (driven["total_usd"], driven["transfer"], driven["distance_km"]) == ("60.00", None, 100)
    assert (await change(traveler, path, distance_km=50))["total_usd"] == "30.00"
    hired = await change(traveler, path, distance_km=None, end_date=in_days(2))
    assert (hired["total_usd"], hired["distance_km"]) == ("160.00", None)
    unknown = {"from_place": "Siem Reap", "to_place": "Paris"}
    assert faulty_fields(await traveler.patch(path, json={"transfer": unknown})) == ["transfer"]
    guide = await book(traveler, wanted(shop, "GUIDE_ONLY", first=5, last=5))
    answer = await traveler.patch(f"/bookings/{guide['id']}", json={"transfer": ride})
    assert faulty_fields(answer) == ["transfer"]


async def test_a_dearer_ride_waits_for_its_payment(derlg: StorefrontClient, shop: Shop, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await book(traveler, wanted(shop, "TRANSPORT_ONLY", last=0, distance_km=100))
    await settle(traveler, sandbox, booking_id=booking["id"])
    ride = {"from_place": "Siem Reap", "to_place": "Phnom Penh"}
    waiting = await change(traveler, f"/bookings/{booking['id']}", transfer=ride)
    assert (waiting["distance_km"], waiting["pending_change"]["amount_due"]) == (100, "55.00")
    await settle(traveler, sandbox, change_id=waiting["pending_change"]["id"])
    after = read(await traveler.get(f"/bookings/{booking['id']}"))
    BookingDetail.model_validate(after)
    assert (after["total_usd"], after["transfer"], after["distance_km"]) == ("110.00", ride, None)


async def test_nothing_is_left_of_days_that_are_over(derlg: StorefrontClient, shop: Shop) -> None:
    today = date(2026, 12, 1)
    span = {"from": (today - timedelta(days=1)).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    trip_id = await put_trip_on_sale(derlg, seats=7)
    for path, last in (
        (f"/trips/{trip_id}", 7), (f"/transportation/{shop.vehicle['id']}", 1), (f"/guides/{shop.guide['id']}", 1),
    ):  # fmt: skip
        days = read(await derlg.get(f"{path}/availability", params=span))
        assert [day["available"] for day in days] == [0, 0, last]
    (room,) = read(await derlg.get(f"/hotels/{shop.hotel['id']}/availability", params=span))
    assert [day["available"] for day in room["days"]] == [0, 0, 2]


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("/hotels", {"check_in": "2026-12-01", "check_out": "2026-12-03"}, "check_in"),
        ("/transportation", {"travel_date": "2026-11-30"}, "travel_date"),
        ("/guides", {"available_date": "2020-01-01"}, "available_date"),
    ],
)
async def test_days_that_are_over_are_not_searched(
    derlg: StorefrontClient, shop: Shop, path: str, asked: dict[str, str], field: str
) -> None:
    assert faulty_fields(await derlg.get(path, params=asked)) == [field]
