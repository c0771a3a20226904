"""No key, no rates: prices are in US dollars, and nothing is charged in another currency."""

from sojourn.providers.rates.port import Rates
from sojourn.providers.readings.source import SourceUnavailable


class NoRates:
    """A `RatesSource` for a deployment without `EXCHANGE_RATE_API_KEY`."""

    async def latest(self) -> Rates:
        raise SourceUnavailable("EXCHANGE_RATE_API_KEY is not set")

    async def aclose(self) -> None:
        """Nothing is open."""
