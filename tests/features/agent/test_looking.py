"""What an agent finds: the shelf in short, what is free, what days would cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.features.agent.conftest import use
from tests.features.stock.conftest import Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import MORE, TRAVEL_DATE, hold, put_trip_on_sale

DAY = TRAVEL_DATE.isoformat()


def after(days: int) -> str:
    return (TRAVEL_DATE + timedelta(days=days)).isoformat()


async def test_trips_come_as_cards_in_the_language_asked_for(agent: StorefrontClient, trip_id: UUID) -> None:
    found = read(await use(agent, "search_trips", province="siem-reap", language="zh"))
    assert found["total"] == 1
    trip = found["items"][0]
    assert (trip["id"], trip["title"], trip["price_per_person_usd"]) == (str(trip_id), "吴哥窟", "100.00")
    assert "itinerary" not in trip
    whole = read(await use(agent, "get_trip", trip_id=trip["slug"]))
    assert (whole["id"], whole["cancellation_policy"]["name"]) == (str(trip_id), "MODERATE")
    assert faulty_fields(await use(agent, "search_trips", min_price="9.00", max_price="1.00")) == ["min_price"]
    assert refusal(await use(agent, "get_trip", trip_id="no-such-trip"), 404) == "TRIP_NOT_FOUND"


async def test_hotels_vehicles_and_guides_that_are_free(agent: StorefrontClient, shop: Shop) -> None:
    nights = {"check_in": DAY, "check_out": after(2)}
    hotels = read(await use(agent, "search_hotels", **nights))
    assert [hotel["id"] for hotel in hotels["items"]] == [shop.hotel["id"]]
    assert hotels["items"][0]["rooms"][0]["available"] == 2
    assert read(await use(agent, "get_hotel", hotel_id=shop.hotel["slug"]))["id"] == shop.hotel["id"]
    vehicles = read(await use(agent, "search_vehicles", travel_date=DAY))
    assert [vehicle["id"] for vehicle in vehicles["items"]] == [shop.vehicle["id"]]
    spoken = shop.guide["languages"][0]
    guides = read(await use(agent, "search_guides", language=spoken, available_date=DAY))
    assert [guide["id"] for guide in guides["items"]] == [shop.guide["id"]]
    guide = {"booking_type": "GUIDE_ONLY", "guide_id": shop.guide["id"], "travel_date": DAY, "people_count": 1, **MORE}
    read(await use(agent, "create_booking", **guide))
    assert read(await use(agent, "search_guides", available_date=DAY))["total"] == 0
    for kind, thing, left in (
        ("HOTEL", shop.hotel["id"], 2), ("VEHICLE", shop.vehicle["slug"], 1), ("GUIDE", shop.guide["id"], 0),
    ):  # fmt: skip
        asked = {"kind": kind, "id": thing, "first_day": DAY, "last_day": DAY}
        answer = read(await use(agent, "check_availability", **asked))
        days = answer["rooms"][0]["days"] if kind == "HOTEL" else answer["days"]
        assert [day["available"] for day in days] == [left]


@pytest.mark.parametrize("tool", ["suggest_trips", "estimate_budget", "search_trips", "list_festivals"])
async def test_a_province_of_blanks_is_refused(agent: StorefrontClient, tool: str) -> None:
    more = {"days": 2, "people": 2} if tool == "estimate_budget" else {}
    assert faulty_fields(await use(agent, tool, province="  ", **more)) == ["province"]


async def test_availability_of_a_trip_by_id_or_slug(agent: StorefrontClient, trip_id: UUID) -> None:
    for name in (str(trip_id), f"trip-{trip_id}"):
        answer = read(await use(agent, "check_availability", kind="TRIP", id=name, first_day=DAY, last_day=after(1)))
        assert [day["available"] for day in answer["days"]] == [4, 4]
    far = await use(agent, "check_availability", kind="TRIP", id=str(trip_id), first_day=DAY, last_day=after(92))
    assert faulty_fields(far) == ["last_day"]


async def test_suggestions_fit_the_party_the_purse_and_the_day(
    agent: StorefrontClient, derlg: StorefrontClient
) -> None:
    full = await put_trip_on_sale(derlg, seats=2, price="90.00")
    dear = await put_trip_on_sale(derlg, seats=9, price="900.00")
    fits = await put_trip_on_sale(derlg, seats=9, price="120.00")
    await hold(await derlg.sign_in_as(), full, people=2)
    answer = read(await use(agent, "suggest_trips", people=2, days=3, budget_per_person="200.00", travel_date=DAY))
    assert [suggestion["trip"]["id"] for suggestion in answer["suggestions"]] == [str(fits)]
    suggestion = answer["suggestions"][0]
    assert (suggestion["total_usd"], suggestion["available"]) == ("240.00", 9)
    assert "120.00 of 200.00 USD per person" in suggestion["reasons"]
    anything = read(await use(agent, "suggest_trips", people=2, limit=10))
    assert {s["trip"]["id"] for s in anything["suggestions"]} == {str(full), str(dear), str(fits)}
    assert read(await use(agent, "suggest_trips", people=2, days=2))["suggestions"] == []
    assert faulty_fields(await use(agent, "suggest_trips", travel_date="2020-01-01")) == ["travel_date"]
    assert faulty_fields(await use(agent, "search_guides", available_date="2020-01-01")) == ["available_date"]


async def test_a_suggestion_is_found_behind_those_that_are_full(
    agent: StorefrontClient, derlg: StorefrontClient
) -> None:
    async def asked() -> list[str]:
        answer = read(await use(agent, "suggest_trips", people=2, travel_date=DAY))
        return [suggestion["trip"]["id"] for suggestion in answer["suggestions"]]

    for _ in range(13):
        await put_trip_on_sale(derlg, seats=9, price="90.00")
    await derlg.rows("UPDATE resources SET capacity = 1 WHERE kind = 'DEPARTURE' RETURNING id")
    free = await put_trip_on_sale(derlg, seats=9, price="120.00")
    await asked()
    async with derlg.statements() as many:
        assert await asked() == [str(free)]
    async with derlg.statements() as few:
        read(await use(agent, "suggest_trips", people=2))
    assert len(many) == len(few) + 1


async def test_a_budget_adds_up_from_the_shelf(agent: StorefrontClient, shop: Shop, trip_id: UUID) -> None:
    province = shop.hotel["province"]
    asked = {"province": province, "days": 3, "people": 4, "travel_date": DAY}
    answer = read(await use(agent, "estimate_budget", **asked))
    lines = {line["kind"]: line for line in answer["lines"]}
    assert lines["LODGING"]["amount"] == "240.00"  # two double rooms, two nights, at 60.00
    assert lines["TRANSPORT"]["amount"] == "225.00"  # three days at 75.00
    assert lines["GUIDE"]["amount"] == "165.00"  # three days at 55.00
    assert lines["LODGING"]["item_id"] == shop.room_id
    assert (answer["total_usd"], answer["per_person_usd"]) == ("630.00", "157.50")
    assert answer["missing"] == []
    for line in answer["lines"]:
        assert Decimal(line["amount"]) == line["quantity"] * Decimal(line["unit_price"])
    assert {package["trip"]["id"]: package["total_usd"] for package in answer["packages"]} == {str(trip_id): "400.00"}
    one_day = read(await use(agent, "estimate_budget", **{**asked, "days": 1, "has_guide": False}))
    assert [line["kind"] for line in one_day["lines"]] == ["TRANSPORT"]


async def test_a_budget_says_what_it_could_not_find(agent: StorefrontClient, shop: Shop) -> None:
    asked = {"province": shop.hotel["province"], "days": 3, "people": 5, "travel_date": DAY}
    answer = read(await use(agent, "estimate_budget", **asked))  # two double rooms hold four
    assert "lodging" in answer["missing"]
    elsewhere = read(await use(agent, "estimate_budget", province="Mondulkiri", days=2, people=2))
    assert (elsewhere["lines"], elsewhere["total_usd"]) == ([], "0.00")
    assert elsewhere["missing"] == ["lodging", "transport", "guide"]


def place(slug: str, **more: object) -> dict[str, Any]:
    return {
        "slug": slug, "name": slug.title(), "category": "TEMPLE", "province": "Siem Reap", "latitude": 13.33,
        "longitude": 103.97, **more,
    }  # fmt: skip


async def test_places_and_festivals(agent: StorefrontClient, shop: Shop) -> None:
    read(await shop.admin.post("/places", json=place("bakong", name_zh="巴孔寺")), 201)
    found = read(await use(agent, "search_places", query="bakong", language="zh", near="13.36,103.86"))
    assert [(item["name"], item["distance_km"] > 5) for item in found["items"]] == [("巴孔寺", True)]
    festival = {
        "slug": "giant-puppets", "name": "Giant Puppets", "kind": "CULTURAL",
        "dates": [{"year": 2027, "starts_on": "2027-02-27", "ends_on": "2027-02-28", "source": "The organisers"}],
    }  # fmt: skip
    read(await shop.admin.post("/festivals", json=festival), 201)
    span = {"first_day": "2027-02-28", "last_day": "2027-03-05"}
    held = read(await use(agent, "list_festivals", **span))["items"]
    assert [(item["name"], item["starts_on"]) for item in held] == [("Giant Puppets", "2027-02-27")]
    assert read(await use(agent, "list_festivals"))["items"] == []
    wrong = await use(agent, "list_festivals", first_day="2027-03-05", last_day="2027-03-04")
    assert faulty_fields(wrong) == ["last_day"]


async def test_the_weather_and_what_money_is_worth(agent: StorefrontClient) -> None:
    weather = read(await use(agent, "get_weather", city="Siem Reap"))
    assert weather["city"]["name"] == "Siem Reap"
    assert weather["source"]
    refused = await use(agent, "get_weather", city="Atlantis")
    assert 400 <= refused.status_code < 500
    rates = read(await use(agent, "get_currency_rates"))
    assert (rates["base"], Decimal(rates["rates"]["KHR"]) > 1000) == ("USD", True)


@pytest.mark.parametrize("day", ["2026-12-01", "2030-01-01"])
async def test_days_that_cannot_be_booked(agent: StorefrontClient, trip_id: UUID, day: str) -> None:
    answer = await use(agent, "quote_booking", trip_id=str(trip_id), travel_date=day, people_count=2)
    assert faulty_fields(answer) == ["travel_date"]
    assert "named fields" in answer.json()["error"]["details"]["next_step"]


async def test_whom_to_call(agent: StorefrontClient) -> None:
    answer = read(await use(agent, "get_emergency_contacts", province="Siem Reap"))
    assert "117" in str(answer)
    assert 400 <= (await use(agent, "get_emergency_contacts", province="Atlantis")).status_code < 500
