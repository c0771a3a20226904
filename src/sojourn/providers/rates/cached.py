"""The rates as everybody reads them: display, and what a payment in riel is charged at."""

from datetime import datetime, timedelta
from typing import Final

from sojourn.platform.redis.keys import CURRENCY_RATES, RATES_LIFE
from sojourn.platform.redis.port import Cache
from sojourn.providers.rates.port import Rates, RatesSource
from sojourn.providers.readings.keeping import Keeper, Reading

# Rules, section 2: served stale up to 24 hours, then omitted.
USABLE: Final = timedelta(hours=24)


class CachedRates:
    """One storefront's rates, asked for at most once an hour."""

    def __init__(self, source: RatesSource) -> None:
        self._source = source
        self._keeper = Keeper(key=CURRENCY_RATES, kind=Rates, fresh=RATES_LIFE, usable=USABLE, ask=source.latest)

    async def read(self, *, cache: Cache, now: datetime) -> Reading[Rates] | None:
        """The rates and how old they are; None when none are known that may be used. May ask the vendor: never
        within a transaction."""
        return await self._keeper.read(cache=cache, now=now)

    async def aclose(self) -> None:
        await self._keeper.aclose()
        await self._source.aclose()
