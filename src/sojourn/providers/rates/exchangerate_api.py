"""ExchangeRate-API, version 6: https://www.exchangerate-api.com/docs/standard-requests."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from sojourn.providers.rates.port import USD, CurrencyCode, Rate, Rates
from sojourn.providers.readings.source import HttpSource, SourceUnavailable, understood

OWN_BASE_URL: Final = "https://v6.exchangerate-api.com"
SECONDS: Final = 3.0


class _Latest(BaseModel):
    """What is asked of the answer; an error has neither rates nor base."""

    result: Literal["success"]
    base_code: Literal["USD"]
    conversion_rates: Mapping[CurrencyCode, Rate]
    time_last_update_unix: AwareDatetime | None = None


class ExchangeRateApi:
    """A `RatesSource`. The key goes in a header, as the vendor offers: addresses end up in logs."""

    def __init__(self, *, api_key: str, base_url: str = OWN_BASE_URL, seconds: float = SECONDS) -> None:
        self._http = HttpSource(
            base_url=base_url, seconds=seconds, headers={"Authorization": f"Bearer {api_key}"}, params={}
        )

    async def latest(self) -> Rates:
        told = understood(_Latest, await self._http.get(f"/v6/latest/{USD}", {}))
        try:
            return Rates(
                per_usd=told.conversion_rates,
                published_at=told.time_last_update_unix,
                source="exchangerate-api.com",
            )
        except ValidationError as error:
            raise SourceUnavailable(f"the rates are not believed: {error.errors()[0]['msg']}") from None

    async def aclose(self) -> None:
        await self._http.aclose()
