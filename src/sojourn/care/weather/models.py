"""What is asked about the weather, and what is answered."""

from typing import Annotated

from pydantic import AwareDatetime, Field, FiniteFloat

from sojourn.platform.kit.wire import Text, Wire
from sojourn.providers.weather.port import CurrentWeather, DayForecast


class WeatherAsked(Wire):
    """`city` is the name of a known place in any of our languages, of a province for its seat, or its key; or else
    `lat` and `lng`, for the nearest known place."""

    city: Annotated[Text, Field(max_length=60)] | None = None
    lat: Annotated[FiniteFloat, Field(ge=-90, le=90)] | None = None
    lng: Annotated[FiniteFloat, Field(ge=-180, le=180)] | None = None


class CityOut(Wire):
    """`name` is in the language asked for. `distance_km` is from the position asked about, where one was."""

    key: str
    name: str
    latitude: float
    longitude: float
    distance_km: float | None


class WeatherOut(Wire):
    """Degrees Celsius, millimetres, metres a second; `days` by the place's own calendar, from today on, at most five.

    `as_of` is when we read it and `age_seconds` how long ago that is; `is_stale` when that is more than an hour and
    the vendor cannot be read.
    """

    city: CityOut
    current: CurrentWeather
    days: list[DayForecast]
    as_of: AwareDatetime
    age_seconds: int
    is_stale: bool
    source: str
