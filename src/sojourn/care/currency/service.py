"""Exchange rates for display (docs/readings.md)."""

from datetime import datetime

from sojourn.care.currency.errors import RatesUnavailable
from sojourn.care.currency.models import RatesOut
from sojourn.care.currency.rules import rates_against
from sojourn.platform.errors import InvalidInput
from sojourn.platform.redis.port import Cache
from sojourn.providers.rates.cached import CachedRates


async def read_rates(rates: CachedRates, *, base: str, cache: Cache, now: datetime) -> RatesOut:
    """Units of every known currency for one unit of `base` (ISO 4217). Never within a transaction: it may ask the
    vendor.

    Raises `RatesUnavailable`, and `InvalidInput` at `base` when nobody gives its rate.
    """
    reading = await rates.read(cache=cache, now=now)
    if reading is None:
        raise RatesUnavailable
    if base not in reading.value.per_usd:
        raise InvalidInput.at("base", "must be a currency whose rate is known")
    return RatesOut(
        base=base,
        rates=rates_against(base, reading.value.per_usd),
        as_of=reading.as_of,
        age_seconds=reading.age_seconds,
        is_stale=reading.is_stale,
        published_at=reading.value.published_at,
        source=reading.value.source,
    )
