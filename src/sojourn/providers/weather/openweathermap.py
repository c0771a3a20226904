"""OpenWeatherMap: current weather and the 5 day / 3 hour forecast (https://openweathermap.org/api)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, FiniteFloat, ValidationError

from sojourn.providers.readings.source import HttpSource, SourceUnavailable, understood
from sojourn.providers.weather.port import (
    Condition,
    CurrentWeather,
    DayForecast,
    Degrees,
    MetresPerSecond,
    Millimetres,
    Percent,
    Weather,
)

OWN_BASE_URL: Final = "https://api.openweathermap.org"
SECONDS: Final = 3.0
# https://openweathermap.org/weather-conditions: the hundreds of a condition's number are its group.
GROUPS: Final[Mapping[int, Condition]] = {
    2: Condition.THUNDERSTORM,
    3: Condition.DRIZZLE,
    5: Condition.RAIN,
    6: Condition.SNOW,
    7: Condition.MIST,
    8: Condition.CLOUDS,
}
CLEAR_SKY: Final = 800
# What a day looked like is what it looked like around noon: nobody plans an outing by the sky at midnight.
NOON: Final = time(13)

Moment = Annotated[AwareDatetime, Field(gt=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


class _Sky(BaseModel):
    id: Annotated[int, Field(ge=200, lt=900)]
    description: str
    icon: str


class _Main(BaseModel):
    temp: Degrees
    feels_like: Degrees
    temp_min: Degrees
    temp_max: Degrees
    humidity: Percent


class _Wind(BaseModel):
    speed: MetresPerSecond


class _Clouds(BaseModel):
    all: Percent


class _Rain(BaseModel):
    one_hour: Millimetres = Field(default=0.0, alias="1h")
    three_hours: Millimetres = Field(default=0.0, alias="3h")


class _Report(BaseModel):
    """What both answers say of a moment."""

    dt: Moment
    weather: Annotated[Sequence[_Sky], Field(min_length=1)]
    main: _Main
    wind: _Wind
    clouds: _Clouds
    rain: _Rain = _Rain()


class _Current(_Report):
    cod: Literal[200]


class _Step(_Report):
    pop: Annotated[FiniteFloat, Field(ge=0, le=1)]


class _City(BaseModel):
    timezone: Annotated[int, Field(ge=-43_200, le=50_400)]


class _Forecast(BaseModel):
    cod: Literal["200"]
    list: Annotated[Sequence[_Step], Field(min_length=1)]
    city: _City


class OpenWeatherMap:
    """A `WeatherSource`."""

    def __init__(self, *, api_key: str, base_url: str = OWN_BASE_URL, seconds: float = SECONDS) -> None:
        self._http = HttpSource(
            base_url=base_url, seconds=seconds, headers={}, params={"appid": api_key, "units": "metric"}
        )

    async def at(self, *, latitude: float, longitude: float) -> Weather:
        place = {"lat": f"{latitude:.4f}", "lon": f"{longitude:.4f}"}
        current = understood(_Current, await self._http.get("/data/2.5/weather", place))
        forecast = understood(_Forecast, await self._http.get("/data/2.5/forecast", place))
        try:
            days = _by_day(forecast.list, offset=timedelta(seconds=forecast.city.timezone))
        except ValidationError as error:
            raise SourceUnavailable(f"the forecast is not believed: {error.errors()[0]['msg']}") from None
        return Weather(current=_read_current(current), days=days, source="openweathermap.org")

    async def aclose(self) -> None:
        await self._http.aclose()


def _condition(sky: _Sky) -> Condition:
    return Condition.CLEAR if sky.id == CLEAR_SKY else GROUPS.get(sky.id // 100, Condition.CLOUDS)


def _read_current(told: _Current) -> CurrentWeather:
    sky = told.weather[0]
    return CurrentWeather(
        condition=_condition(sky),
        description=sky.description,
        icon=sky.icon,
        observed_at=told.dt,
        temperature_c=told.main.temp,
        feels_like_c=told.main.feels_like,
        humidity_percent=told.main.humidity,
        clouds_percent=told.clouds.all,
        wind_mps=told.wind.speed,
        rain_mm_last_hour=told.rain.one_hour,
    )


def _by_day(steps: Iterable[_Step], *, offset: timedelta) -> tuple[DayForecast, ...]:
    """The steps of three hours, put together to days of the place's own calendar."""
    days: dict[date, list[tuple[datetime, _Step]]] = defaultdict(list)
    for step in steps:
        at = step.dt.astimezone(timezone(offset))
        days[at.date()].append((at, step))
    return tuple(_day(day, days[day]) for day in sorted(days))


def _day(day: date, moments: Sequence[tuple[datetime, _Step]]) -> DayForecast:
    steps = [step for _at, step in moments]
    noon = datetime.combine(day, NOON, moments[0][0].tzinfo)
    sky = min(moments, key=lambda moment: abs(moment[0] - noon))[1].weather[0]
    return DayForecast(
        day=day,
        condition=_condition(sky),
        description=sky.description,
        icon=sky.icon,
        low_c=min(step.main.temp_min for step in steps),
        high_c=max(step.main.temp_max for step in steps),
        humidity_percent=round(sum(step.main.humidity for step in steps) / len(steps)),
        wind_mps=max(step.wind.speed for step in steps),
        rain_chance_percent=round(100 * max(step.pop for step in steps)),
        rain_mm=round(sum(step.rain.three_hours for step in steps), 2),
    )
