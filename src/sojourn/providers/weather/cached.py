"""The weather of known places, each asked for at most once an hour."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sojourn.platform.redis.keys import WEATHER_LIFE
from sojourn.platform.redis.keys import weather as weather_key
from sojourn.platform.redis.port import Cache
from sojourn.providers.readings.keeping import Keeper, Reading
from sojourn.providers.weather.port import Weather, WeatherSource

# A forecast of five days is worth reading half a day later; its age is told.
USABLE: Final = timedelta(hours=12)


class CachedWeather:
    """One storefront's weather. `city` is the key of a known place: there must be few of them, for each is kept."""

    def __init__(self, source: WeatherSource) -> None:
        self._source = source
        self._keepers: dict[str, Keeper[Weather]] = {}

    async def read(
        self, city: str, *, latitude: float, longitude: float, cache: Cache, now: datetime
    ) -> Reading[Weather] | None:
        """The weather there and how old it is; None when none is known that may be shown. May ask the vendor: never
        within a transaction."""
        if city not in self._keepers:
            ask = partial(self._source.at, latitude=latitude, longitude=longitude)
            self._keepers[city] = Keeper(
                key=weather_key(city), kind=Weather, fresh=WEATHER_LIFE, usable=USABLE, ask=ask
            )
        return await self._keepers[city].read(cache=cache, now=now)

    async def aclose(self) -> None:
        for keeper in self._keepers.values():
            await keeper.aclose()
        await self._source.aclose()
