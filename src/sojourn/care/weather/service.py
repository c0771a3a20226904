"""The weather where travellers go (docs/readings.md)."""

from datetime import datetime
from typing import Final

from sojourn.care.weather.cities import City, find_city, find_nearest, known_cities
from sojourn.care.weather.errors import CityUnknown, WeatherUnavailable
from sojourn.care.weather.models import CityOut, WeatherAsked, WeatherOut
from sojourn.platform.errors import InvalidInput
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import local_date
from sojourn.platform.redis.port import Cache
from sojourn.providers.weather.cached import CachedWeather

MAX_DAYS: Final = 5
# All known places lie in Cambodia.
ZONE: Final = "Asia/Phnom_Penh"


async def read_weather(
    weather: CachedWeather, *, asked: WeatherAsked, language: Language, cache: Cache, now: datetime
) -> WeatherOut:
    """The weather at the place asked about. Never within a transaction: it may ask the vendor.

    Raises `InvalidInput`, `CityUnknown`, `WeatherUnavailable`.
    """
    city, distance_km = _place(asked)
    reading = await weather.read(city.key, latitude=city.latitude, longitude=city.longitude, cache=cache, now=now)
    if reading is None:
        raise WeatherUnavailable
    today = local_date(now, ZONE)
    return WeatherOut(
        city=CityOut(
            key=city.key,
            name=city.name(language),
            latitude=city.latitude,
            longitude=city.longitude,
            distance_km=distance_km,
        ),
        current=reading.value.current,
        days=[day for day in reading.value.days if day.day >= today][:MAX_DAYS],
        as_of=reading.as_of,
        age_seconds=reading.age_seconds,
        is_stale=reading.is_stale,
        source=reading.value.source,
    )


def _place(asked: WeatherAsked) -> tuple[City, float | None]:
    if asked.city is not None:
        if asked.lat is not None or asked.lng is not None:
            raise InvalidInput.at("city", "must not stand beside lat and lng")
        city = find_city(asked.city)
        if city is None:
            raise _unknown("city")
        return city, None
    if asked.lat is None and asked.lng is None:
        raise InvalidInput.at("city", "is needed, or lat and lng", kind="missing")
    if asked.lat is None or asked.lng is None:
        raise InvalidInput.at("lat" if asked.lat is None else "lng", "is needed as well", kind="missing")
    found = find_nearest(asked.lat, asked.lng)
    if found is None:
        raise _unknown("lat")
    city, distance_km = found
    return city, round(distance_km, 1)


def _unknown(field: str) -> CityUnknown:
    return CityUnknown(details={"field": field, "known": [city.key for city in known_cities()]})
