"""OpenWeatherMap over HTTP: Cambodian weather by the season, the same for the same place and hour."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.sandbox import faults
from sojourn.sandbox.errors import Json
from sojourn.sandbox.store import Store

OFFSET_SECONDS: Final = 7 * 3600
STEP: Final = timedelta(hours=3)
STEPS: Final = 40
# From May to October the rain comes in the afternoon.
WET_MONTHS: Final = range(5, 11)
KELVIN: Final = 273.15
NONSENSE_C: Final = 999.0


class WeatherApi:
    """Serves the current weather and the forecast of five days; any key will do."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        return [
            Route("/data/2.5/weather", self.current, methods=["GET"]),
            Route("/data/2.5/forecast", self.forecast, methods=["GET"]),
        ]

    async def current(self, request: Request) -> Response:
        asked = await self._admit(request)
        return asked if isinstance(asked, Response) else JSONResponse(asked.current())

    async def forecast(self, request: Request) -> Response:
        asked = await self._admit(request)
        return asked if isinstance(asked, Response) else JSONResponse(asked.forecast())

    async def _admit(self, request: Request) -> "_Place | Response":
        query = request.query_params
        key = query.get("appid", "")
        if not key:
            return _refuse(401, "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info.")
        switches = faults.read(self._store, key).weather
        await asyncio.sleep(switches.delay_ms / 1000)
        if faults.take(self._store, key, "weather.fail_next"):
            return _refuse(switches.status, "The sandbox was told to fail this request.")
        try:
            latitude, longitude = float(query["lat"]), float(query["lon"])
        except (KeyError, ValueError):
            return _refuse(400, "Nothing to geocode")
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            return _refuse(400, "wrong latitude" if abs(longitude) <= 180 else "wrong longitude")
        return _Place(
            latitude,
            longitude,
            now=(switches.at or datetime.now(UTC)).astimezone(UTC),
            zero=0.0 if query.get("units") == "metric" else KELVIN,
            is_nonsense=switches.is_nonsense,
        )


class _Place:
    def __init__(self, latitude: float, longitude: float, *, now: datetime, zero: float, is_nonsense: bool) -> None:
        self._latitude = latitude
        self._longitude = longitude
        self._now = now
        self._zero = zero
        self._is_nonsense = is_nonsense

    def current(self) -> Json:
        told = self._report(self._now)
        if "rain" in told:
            told["rain"] = {"1h": round(told["rain"]["3h"] / 3, 2)}
        return {
            "coord": self._coordinates(),
            "base": "stations",
            **told,
            "sys": {"country": "KH"},
            "timezone": OFFSET_SECONDS,
            "id": 1831142,
            "name": "Sandbox",
            "cod": 200,
        }

    def forecast(self) -> Json:
        last = datetime.fromtimestamp(self._now.timestamp() // STEP.seconds * STEP.seconds, UTC)
        moments = [last + STEP * number for number in range(1, STEPS + 1)]
        steps = [{**self._report(at), "pop": self._chance(at), "dt_txt": f"{at:%Y-%m-%d %H:%M:%S}"} for at in moments]
        city = {
            "id": 1831142, "name": "Sandbox", "coord": self._coordinates(), "country": "KH", "timezone": OFFSET_SECONDS,
        }  # fmt: skip
        return {"cod": "200", "message": 0, "cnt": STEPS, "list": steps, "city": city}

    def _coordinates(self) -> Json:
        return {"lat": self._latitude, "lon": self._longitude}

    def _report(self, at: datetime) -> Json:
        degrees = round(self._degrees(at) + self._zero, 2)
        told: Json = {
            "dt": int(at.timestamp()),
            "main": {
                "temp": degrees,
                "feels_like": round(degrees + 3.1, 2),
                "temp_min": degrees,
                "temp_max": degrees,
                "pressure": 1009,
                "humidity": round(60 + 25 * self._chance(at)),
            },
            "weather": [self._sky(at)],
            "clouds": {"all": round(100 * self._chance(at))},
            "wind": {"speed": round(2 + 2 * self._wave(at, hours=30), 2), "deg": 220},
            "visibility": 10_000,
        }
        if self._is_wet(at):
            told["rain"] = {"3h": round(6 * self._chance(at), 2)}
        return told

    def _degrees(self, at: datetime) -> float:
        if self._is_nonsense:
            return NONSENSE_C
        local_hour = (at.hour + at.minute / 60 + OFFSET_SECONDS / 3600) % 24
        # Warmest at two in the afternoon; a little cooler towards the north.
        return 32 - (self._latitude - 10) / 4 + 4 * math.cos((local_hour - 14) / 24 * math.tau)

    def _chance(self, at: datetime) -> float:
        season = 0.6 if at.month in WET_MONTHS else 0.1
        return round(min(1.0, season + 0.3 * self._wave(at, hours=18)), 2)

    def _is_wet(self, at: datetime) -> bool:
        return self._chance(at) > 0.5

    def _sky(self, at: datetime) -> Json:
        local_hour = (at.hour + OFFSET_SECONDS // 3600) % 24
        half = "d" if 6 <= local_hour < 18 else "n"
        if self._is_wet(at):
            return {"id": 501, "main": "Rain", "description": "moderate rain", "icon": f"10{half}"}
        if self._chance(at) > 0.25:
            return {"id": 802, "main": "Clouds", "description": "scattered clouds", "icon": f"03{half}"}
        return {"id": 800, "main": "Clear", "description": "clear sky", "icon": f"01{half}"}

    def _wave(self, at: datetime, *, hours: int) -> float:
        """Between 0 and 1, smooth in time, different from place to place."""
        turn = at.timestamp() / 3600 / hours + self._latitude + self._longitude
        return (1 + math.sin(turn * math.tau)) / 2


def _refuse(status: int, message: str) -> Response:
    return JSONResponse({"cod": status, "message": message}, status_code=status)
