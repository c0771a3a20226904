"""The weather at a place, as a vendor of forecasts says. Degrees Celsius, millimetres, metres a second."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import AwareDatetime, Field, FiniteFloat

from sojourn.platform.kit.wire import Wire

Degrees = Annotated[FiniteFloat, Field(ge=-60, le=65)]
Percent = Annotated[int, Field(ge=0, le=100)]
Millimetres = Annotated[FiniteFloat, Field(ge=0, le=2_000)]
MetresPerSecond = Annotated[FiniteFloat, Field(ge=0, le=150)]


class Condition(StrEnum):
    CLEAR = "CLEAR"
    CLOUDS = "CLOUDS"
    MIST = "MIST"
    DRIZZLE = "DRIZZLE"
    RAIN = "RAIN"
    THUNDERSTORM = "THUNDERSTORM"
    SNOW = "SNOW"


class Sky(Wire):
    """`description` in English and `icon` are the vendor's; `condition` is what a screen translates."""

    condition: Condition
    description: str
    icon: str


class CurrentWeather(Sky):
    observed_at: AwareDatetime
    temperature_c: Degrees
    feels_like_c: Degrees
    humidity_percent: Percent
    clouds_percent: Percent
    wind_mps: MetresPerSecond
    rain_mm_last_hour: Millimetres


class DayForecast(Sky):
    """A day of the place's own calendar. `rain_chance_percent` is that of its wettest three hours."""

    day: date
    low_c: Degrees
    high_c: Degrees
    humidity_percent: Percent
    wind_mps: MetresPerSecond
    rain_chance_percent: Percent
    rain_mm: Millimetres


class Weather(Wire):
    """`days` are in order, and past the vendor's last word there is none."""

    current: CurrentWeather
    days: Annotated[tuple[DayForecast, ...], Field(min_length=1)]
    source: str


class WeatherSource(Protocol):
    async def at(self, *, latitude: float, longitude: float) -> Weather:
        """Ask the vendor. Raises `SourceUnavailable`."""
        ...

    async def aclose(self) -> None: ...
