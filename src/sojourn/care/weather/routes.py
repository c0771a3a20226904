"""The weather over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.care.weather import service
from sojourn.care.weather.errors import CityUnknown, WeatherUnavailable
from sojourn.care.weather.models import WeatherAsked, WeatherOut
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/weather", tags=["weather"], dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))]
)


@router.get("", operation_id="get_weather", responses=refuses(CityUnknown, WeatherUnavailable))
async def get_weather(ctx: Ctx, vendors: TheVendors, asked: Annotated[WeatherAsked, Query()]) -> WeatherOut:
    """The weather now and on five days, read at most once an hour for each place. While the vendor is away the last
    reading is shown, with its age, for 12 hours; then there is none."""
    return await service.read_weather(
        vendors.weather, asked=asked, language=ctx.language, cache=ctx.runtime.shared, now=ctx.now()
    )
