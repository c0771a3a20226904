"""Availability calendars over HTTP: counted anew each time, never kept."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Day
from sojourn.platform.storefront import LimitClass
from sojourn.sales.inventory import stock_queries
from sojourn.sales.inventory.models import DayAvailability, RoomAvailability

_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
hotels_router = Router(prefix="/hotels", tags=["hotels"], dependencies=_READS)
vehicles_router = Router(prefix="/transportation", tags=["transportation"], dependencies=_READS)
guides_router = Router(prefix="/guides", tags=["guides"], dependencies=_READS)

MAX_DAYS = 92
From = Annotated[Day, Query(alias="from")]
To = Annotated[Day, Query(alias="to")]


@hotels_router.get("/{hotel_id}/availability", operation_id="get_hotel_availability", responses=refuses(HotelNotFound))
async def get_hotel_availability(ctx: Ctx, hotel_id: str, first: From, last: To) -> list[RoomAvailability] | RawJson:
    """Rooms left on each night, by id or slug of the hotel; both ends included, at most 92 nights."""
    _check(first, last)
    async with ctx.read() as connection:
        return await stock_queries.list_room_nights(
            connection, hotel_id, first=first, last=last, now=ctx.now(), today=ctx.today()
        )


@vehicles_router.get(
    "/{vehicle_id}/availability", operation_id="get_vehicle_availability", responses=refuses(VehicleNotFound)
)
async def get_vehicle_availability(ctx: Ctx, vehicle_id: str, first: From, last: To) -> list[DayAvailability] | RawJson:
    """Vehicles of this fleet left on each day, by id or slug; both ends included, at most 92 days."""
    _check(first, last)
    async with ctx.read() as connection:
        return await stock_queries.list_vehicle_days(
            connection, vehicle_id, first=first, last=last, now=ctx.now(), today=ctx.today()
        )


@guides_router.get("/{guide_id}/availability", operation_id="get_guide_availability", responses=refuses(GuideNotFound))
async def get_guide_availability(ctx: Ctx, guide_id: str, first: From, last: To) -> list[DayAvailability] | RawJson:
    """Whether the guide is free on each day, by id or slug; both ends included, at most 92 days."""
    _check(first, last)
    async with ctx.read() as connection:
        return await stock_queries.list_guide_days(
            connection, guide_id, first=first, last=last, now=ctx.now(), today=ctx.today()
        )


def _check(first: date, last: date) -> None:
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise InvalidInput.at("to", f"must lie 0 to {MAX_DAYS - 1} days after 'from'")
