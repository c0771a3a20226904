"""Currencies over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.care.currency import service
from sojourn.care.currency.errors import RatesUnavailable
from sojourn.care.currency.models import RatesAsked, RatesOut
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/currency", tags=["currency"], dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))]
)


@router.get("/rates", operation_id="get_currency_rates", responses=refuses(RatesUnavailable))
async def get_currency_rates(ctx: Ctx, vendors: TheVendors, asked: Annotated[RatesAsked, Query()]) -> RatesOut:
    """What currencies are worth, read at most once an hour. While the vendor is away the last rates are shown, with
    their age, for 24 hours; then there are none."""
    return await service.read_rates(vendors.rates, base=asked.base, cache=ctx.runtime.shared, now=ctx.now())
