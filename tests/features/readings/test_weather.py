"""The weather over HTTP: known places only, fresh, stale and gone."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.platform.kit.clock import FrozenClock

from .conftest import WEATHER_KEY, SetFaults

SetWeather = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
async def set_weather(set_faults: SetFaults, clock: FrozenClock) -> SetWeather:
    """The vendor plays the test's own moment, whatever else it is told."""

    async def put(**switches: object) -> None:
        await set_faults(WEATHER_KEY, weather={"at": clock.now().isoformat(), **switches})

    await put()
    return put


def _days_from(clock: FrozenClock) -> list[str]:
    """Five days, today in Phnom Penh the first."""
    today = clock.now() + timedelta(hours=7)
    return [f"{today + timedelta(days=number):%Y-%m-%d}" for number in range(5)]


async def test_the_weather_of_a_city(derlg: StorefrontClient, clock: FrozenClock) -> None:
    async with derlg.statements() as said:
        told = read(await derlg.get("/weather", params={"city": "Siem Reap"}))
    assert told["city"] == {
        "key": "siem-reap", "name": "Siem Reap", "latitude": 13.3633, "longitude": 103.8564, "distance_km": None,
    }  # fmt: skip
    assert told["current"]["condition"] in {"CLEAR", "CLOUDS"}
    assert told["current"]["observed_at"] == f"{clock.now():%Y-%m-%d}T03:00:00Z"
    assert 20 < told["current"]["temperature_c"] < 40
    assert [day["day"] for day in told["days"]] == _days_from(clock)
    assert all(day["low_c"] < day["high_c"] for day in told["days"])
    assert (told["as_of"], told["age_seconds"], told["is_stale"]) == (told["current"]["observed_at"], 0, False)
    assert told["source"] == "openweathermap.org"
    assert said == []


async def test_a_place_has_many_names(derlg: StorefrontClient) -> None:
    for name, key in (
        ("siem-reap", "siem-reap"), ("SIEMREAP", "siem-reap"), ("Siem Reap Province", "siem-reap"),
        ("សៀមរាប", "siem-reap"), ("暹粒", "siem-reap"), ("暹粒省", "siem-reap"), ("sihanoukville", "preah-sihanouk"),
        ("Banlung", "ratanakiri"), ("koh rong", "koh-rong"),
    ):  # fmt: skip
        assert read(await derlg.get("/weather", params={"city": name}))["city"]["key"] == key
    khmer = await derlg.get("/weather", params={"city": "Kampot"}, headers={"Accept-Language": "km"})
    assert read(khmer)["city"]["name"] == "កំពត"


@pytest.mark.parametrize("city", ["Atlantis", "London", "%", "13.36,103.85", "siem-reap-2", "💩"])
async def test_other_places_never_reach_the_vendor(
    derlg: StorefrontClient, sandbox: str, set_weather: SetWeather, city: str
) -> None:
    await set_weather(fail_next=1)
    answer = await derlg.get("/weather", params={"city": city})
    assert refusal(answer, 404) == "CITY_UNKNOWN"
    details = answer.json()["error"]["details"]
    assert details["field"] == "city"
    assert len(details["known"]) == 31
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:
        left = (await http.get("/_sandbox/faults", params={"account": WEATHER_KEY})).json()
    assert left["weather"]["fail_next"] == 1, "the vendor was asked"


async def test_the_nearest_place(derlg: StorefrontClient) -> None:
    at_angkor_wat = read(await derlg.get("/weather", params={"lat": 13.4125, "lng": 103.8670}))["city"]
    assert (at_angkor_wat["key"], at_angkor_wat["distance_km"]) == ("siem-reap", 5.6)
    in_bangkok = await derlg.get("/weather", params={"lat": 13.75, "lng": 100.5})
    assert refusal(in_bangkok, 404) == "CITY_UNKNOWN"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "city"), ("lat=13", "lng"), ("lng=103", "lat"), ("city=kampot&lat=13&lng=103", "city"),
        ("lat=91&lng=103", "lat"), ("lat=13&lng=181", "lng"), ("lat=nan&lng=103", "lat"), ("city=", "city"),
        ("town=kampot", "town"),
    ],
)  # fmt: skip
async def test_what_is_asked_wrongly(derlg: StorefrontClient, query: str, field: str) -> None:
    assert faulty_fields(await derlg.get(f"/weather?{query}")) == [field]


async def test_stale_for_twelve_hours_then_gone(
    derlg: StorefrontClient, clock: FrozenClock, set_weather: SetWeather
) -> None:
    fresh = read(await derlg.get("/weather", params={"city": "kampot"}))
    await set_weather(is_nonsense=True)
    clock.advance(timedelta(hours=12))
    stale = read(await derlg.get("/weather", params={"city": "kampot"}))
    assert stale == fresh | {"age_seconds": 43_200, "is_stale": True}
    elsewhere = await derlg.get("/weather", params={"city": "kep"})
    assert refusal(elsewhere, 503) == "WEATHER_UNAVAILABLE", "a place shows no other's weather"
    clock.advance(timedelta(seconds=1))
    assert refusal(await derlg.get("/weather", params={"city": "kampot"}), 503) == "WEATHER_UNAVAILABLE"


async def test_yesterday_is_no_forecast(derlg: StorefrontClient, clock: FrozenClock, set_weather: SetWeather) -> None:
    clock.advance(timedelta(hours=13, minutes=30))  # 23:30 in Phnom Penh
    await set_weather(at=(clock.now() - timedelta(hours=4)).isoformat())
    late = read(await derlg.get("/weather", params={"city": "kampot"}))["days"]
    assert [day["day"] for day in late] == _days_from(clock)
    clock.advance(timedelta(hours=1))
    await set_weather(fail_next=9)
    after_midnight = read(await derlg.get("/weather", params={"city": "kampot"}))["days"]
    assert [day["day"] for day in after_midnight] == _days_from(clock)
    assert after_midnight[:4] == late[1:]
