"""OpenWeatherMap: what it is asked, how its steps become days, what is believed, and the sandbox that plays it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.features.providers.scripted_server import DROPPED, SILENT, ScriptedServer

from sojourn.providers.readings.source import SourceUnavailable
from sojourn.providers.weather.none import NoWeather
from sojourn.providers.weather.openweathermap import OpenWeatherMap
from sojourn.providers.weather.port import Condition, Weather

from .conftest import SetFaults

# As https://openweathermap.org/current and https://openweathermap.org/forecast5 show them.
CURRENT: dict[str, Any] = {
    "coord": {"lon": 103.8564, "lat": 13.3633},
    "weather": [{"id": 501, "main": "Rain", "description": "moderate rain", "icon": "10d"}],
    "base": "stations",
    "main": {"temp": 25.33, "feels_like": 26.1, "temp_min": 23.5, "temp_max": 27.45, "pressure": 1021, "humidity": 60},
    "visibility": 10000,
    "wind": {"speed": 4.09, "deg": 121, "gust": 3.47},
    "rain": {"1h": 2.73},
    "clouds": {"all": 83},
    "dt": 1795000000,
    "sys": {"type": 1, "id": 6736, "country": "KH", "sunrise": 1794956400, "sunset": 1794998400},
    "timezone": 25200,
    "id": 1822214,
    "name": "Siem Reap",
    "cod": 200,
}


def step(
    at: datetime, *, low: float = 24, high: float = 30, sky: int = 800, pop: float = 0, rain: float | None = None,
    wind: float = 2, humidity: int = 70,
) -> dict[str, Any]:  # fmt: skip
    told: dict[str, Any] = {
        "dt": int(at.timestamp()),
        "main": {"temp": high, "feels_like": high, "temp_min": low, "temp_max": high, "humidity": humidity},
        "weather": [{"id": sky, "main": "X", "description": f"sky {sky}", "icon": "01d"}],
        "clouds": {"all": 10},
        "wind": {"speed": wind},
        "visibility": 10000,
        "pop": pop,
        "sys": {"pod": "d"},
        "dt_txt": f"{at:%Y-%m-%d %H:%M:%S}",
    }
    return told if rain is None else told | {"rain": {"3h": rain}}


def forecast(*steps: dict[str, Any], zone: int = 25200) -> dict[str, Any]:
    return {"cod": "200", "message": 0, "cnt": len(steps), "list": list(steps), "city": {"timezone": zone}}


NOON = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)  # 13:00 in Phnom Penh
FORECAST = forecast(step(NOON))


@pytest.fixture
async def vendor(scripted: ScriptedServer) -> AsyncIterator[OpenWeatherMap]:
    opened = OpenWeatherMap(api_key="k-1", base_url=scripted.url, seconds=0.5)
    yield opened
    await opened.aclose()


async def told(vendor: OpenWeatherMap, scripted: ScriptedServer, current: object, steps: object) -> Weather:
    scripted.will_answer(200, current)
    scripted.will_answer(200, steps)
    return await vendor.at(latitude=13.3633, longitude=103.8564)


async def test_what_it_is_asked_and_what_is_read(vendor: OpenWeatherMap, scripted: ScriptedServer) -> None:
    weather = await told(vendor, scripted, CURRENT, FORECAST)
    query = "?appid=k-1&units=metric&lat=13.3633&lon=103.8564 HTTP/1.1"
    assert [asked.line for asked in scripted.asked] == [
        f"GET /data/2.5/weather{query}",
        f"GET /data/2.5/forecast{query}",
    ]
    assert weather.source == "openweathermap.org"
    assert weather.current.model_dump() == {
        "condition": Condition.RAIN,
        "description": "moderate rain",
        "icon": "10d",
        "observed_at": datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC),
        "temperature_c": 25.33,
        "feels_like_c": 26.1,
        "humidity_percent": 60,
        "clouds_percent": 83,
        "wind_mps": 4.09,
        "rain_mm_last_hour": 2.73,
    }
    assert Weather.model_validate_json(weather.model_dump_json()) == weather


async def test_dry_air_names_no_rain(vendor: OpenWeatherMap, scripted: ScriptedServer) -> None:
    dry = {name: value for name, value in CURRENT.items() if name != "rain"}
    weather = await told(vendor, scripted, dry, FORECAST)
    assert weather.current.rain_mm_last_hour == 0


async def test_steps_become_days_of_the_places_own_calendar(vendor: OpenWeatherMap, scripted: ScriptedServer) -> None:
    # 16:00 UTC is 23:00 of the same day there, 17:00 UTC is midnight of the next one.
    steps = [
        step(NOON - timedelta(hours=3), low=23, sky=802, rain=1.2, pop=0.4, humidity=60),
        step(NOON, high=34, sky=211, rain=6.1, pop=0.85, wind=7, humidity=80),
        step(NOON + timedelta(hours=10), low=22.5, humidity=75),
        step(NOON + timedelta(hours=11), low=21, high=25, sky=500),
    ]
    first, second = (await told(vendor, scripted, CURRENT, forecast(*steps))).days
    assert first.model_dump() == {
        "condition": Condition.THUNDERSTORM,
        "description": "sky 211",
        "icon": "01d",
        "day": date(2026, 12, 1),
        "low_c": 22.5,
        "high_c": 34,
        "humidity_percent": 72,
        "wind_mps": 7,
        "rain_chance_percent": 85,
        "rain_mm": 7.3,
    }
    assert (second.day, second.low_c, second.high_c) == (date(2026, 12, 2), 21, 25)
    elsewhere = (await told(vendor, scripted, CURRENT, forecast(*steps, zone=-36_000))).days
    assert [day.day for day in elsewhere] == [date(2026, 11, 30), date(2026, 12, 1)]


@pytest.mark.parametrize(
    ("number", "condition"),
    [
        (200, Condition.THUNDERSTORM), (321, Condition.DRIZZLE), (531, Condition.RAIN), (602, Condition.SNOW),
        (741, Condition.MIST), (800, Condition.CLEAR), (801, Condition.CLOUDS), (804, Condition.CLOUDS),
        (404, Condition.CLOUDS),
    ],
)  # fmt: skip
async def test_conditions(vendor: OpenWeatherMap, scripted: ScriptedServer, number: int, condition: Condition) -> None:
    weather = await told(vendor, scripted, CURRENT, forecast(step(NOON, sky=number)))
    assert weather.days[0].condition is condition


@pytest.mark.parametrize(
    "current",
    [
        b"",
        b"<html>",
        b"[]",
        {},
        {"cod": 200},
        CURRENT | {"cod": "404"},
        CURRENT | {"weather": []},
        CURRENT | {"weather": [{"id": 0, "description": "?", "icon": "?"}]},
        CURRENT | {"main": {}},
        CURRENT | {"main": CURRENT["main"] | {"temp": 298.5}},
        CURRENT | {"main": CURRENT["main"] | {"temp": float("nan")}},
        CURRENT | {"main": CURRENT["main"] | {"humidity": 101}},
        CURRENT | {"wind": {"speed": -1}},
        CURRENT | {"rain": {"1h": 1e9}},
        CURRENT | {"dt": 253402300799},
        CURRENT | {"dt": 0},
    ],
    ids=lambda answer: str(answer)[-60:],
)
async def test_a_present_that_is_not_believed(
    vendor: OpenWeatherMap, scripted: ScriptedServer, current: object
) -> None:
    scripted.will_answer(200, current)
    with pytest.raises(SourceUnavailable):
        await vendor.at(latitude=13, longitude=103)


@pytest.mark.parametrize(
    "steps",
    [
        b"{}",
        forecast(),
        {"cod": "200", "list": [step(NOON)]},
        forecast(step(NOON, pop=1.1)),
        forecast(step(NOON, high=99)),
        forecast(step(NOON, rain=1_500), step(NOON - timedelta(hours=3), rain=1_500)),
        forecast(step(NOON), zone=10**9),
    ],
    ids=["empty", "no-steps", "no-city", "chance", "heat", "flood", "zone"],
)
async def test_a_forecast_that_is_not_believed(vendor: OpenWeatherMap, scripted: ScriptedServer, steps: object) -> None:
    with pytest.raises(SourceUnavailable):
        await told(vendor, scripted, CURRENT, steps)


@pytest.mark.parametrize("silence", [DROPPED, SILENT])
async def test_a_vendor_that_says_nothing(vendor: OpenWeatherMap, scripted: ScriptedServer, silence: object) -> None:
    scripted.answers.append(silence)
    with pytest.raises(SourceUnavailable, match="no answer"):
        await vendor.at(latitude=13, longitude=103)


async def test_a_refusal_names_no_key(vendor: OpenWeatherMap, scripted: ScriptedServer) -> None:
    scripted.will_answer(401, {"cod": 401, "message": "Invalid API key."})
    with pytest.raises(SourceUnavailable, match=r"401.*Invalid API key") as refused:
        await vendor.at(latitude=13, longitude=103)
    assert "k-1" not in str(refused.value)


async def test_without_a_key_there_is_none() -> None:
    with pytest.raises(SourceUnavailable, match="OPENWEATHER_API_KEY"):
        await NoWeather().at(latitude=13, longitude=103)


@pytest.mark.parametrize("month", [1, 8])
async def test_the_sandbox_plays_it(sandbox: str, set_faults: SetFaults, month: int) -> None:
    key = f"plays-{month}"
    now = datetime(2026, month, 10, 3, 30, tzinfo=UTC)
    await set_faults(key, weather={"at": now.isoformat()})
    vendor = OpenWeatherMap(api_key=key, base_url=sandbox)
    weather = await vendor.at(latitude=13.3633, longitude=103.8564)
    assert weather == await vendor.at(latitude=13.3633, longitude=103.8564)
    assert weather != await vendor.at(latitude=10.6104, longitude=104.1815)
    await vendor.aclose()
    assert weather.current.observed_at == now
    assert [day.day for day in weather.days][:5] == [date(2026, month, day) for day in range(10, 15)]
    assert all(20 < day.low_c < day.high_c < 40 for day in weather.days[:5])
    assert any(day.rain_mm > 0 for day in weather.days) == (month == 8)


async def test_the_sandbox_goes_wrong_when_told_to(sandbox: str, set_faults: SetFaults) -> None:
    await set_faults("weather-fails", weather={"fail_next": 1, "status": 500})
    vendor = OpenWeatherMap(api_key="weather-fails", base_url=sandbox)
    with pytest.raises(SourceUnavailable, match="500"):
        await vendor.at(latitude=13, longitude=103)
    await set_faults("weather-fails", weather={"is_nonsense": True})
    with pytest.raises(SourceUnavailable, match="not believed"):
        await vendor.at(latitude=13, longitude=103)
    await vendor.aclose()
    await set_faults("weather-fails", weather={"delay_ms": 5_000})
    slow = OpenWeatherMap(api_key="weather-fails", base_url=sandbox, seconds=0.2)
    with pytest.raises(SourceUnavailable, match="no answer"):
        await slow.at(latitude=13, longitude=103)
    await slow.aclose()


@pytest.mark.parametrize(
    ("query", "status"),
    [("lat=1&lon=1", 401), ("appid=k", 400), ("appid=k&lat=x&lon=1", 400), ("appid=k&lat=91&lon=1", 400),
     ("appid=k&lat=nan&lon=1", 400), ("appid=k&lat=1&lon=181", 400)],
)  # fmt: skip
async def test_the_sandbox_refuses_as_the_vendor_does(sandbox: str, query: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:
        answer = await http.get(f"/data/2.5/weather?{query}")
        assert (answer.status_code, answer.json()["cod"]) == (status, status)
        kelvin = (await http.get("/data/2.5/weather?appid=k&lat=13&lon=103")).json()["main"]["temp"]
        assert 290 < kelvin < 315
