"""The bookings that a guide leads, over HTTP. Everybody else's are not found."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.catalog.guides.errors import GuideNotLinked
from sojourn.people.auth.access import CurrentGuide
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.sales.assignments import queries
from sojourn.sales.assignments.models import AssignedBooking, AssignedBookingDetail, AssignedBookingsIn
from sojourn.sales.bookings.errors import BookingNotFound

router = Router(prefix="/guide/bookings", tags=["guides"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_assigned_bookings", responses=refuses(GuideNotLinked))
async def list_assigned_bookings(
    ctx: Ctx, guide: CurrentGuide, filters: Annotated[AssignedBookingsIn, Query()]
) -> Page[AssignedBooking] | RawJson:
    """The guide's own bookings, paid ones only: those ahead first, the soonest on top, then those that are over."""
    if filters.from_day is not None and filters.to_day is not None and filters.to_day < filters.from_day:
        raise InvalidInput.at("to", "must not lie before 'from'")
    async with ctx.read() as connection:
        return await queries.list_assigned(connection, user_id=guide.user_id, filters=filters, today=ctx.today())


@router.get("/{booking_id}", operation_id="get_assigned_booking", responses=refuses(GuideNotLinked, BookingNotFound))
async def get_assigned_booking(ctx: Ctx, guide: CurrentGuide, booking_id: str) -> AssignedBookingDetail | RawJson:
    """One of the guide's own bookings, by id or reference, with its travellers and whom to ring."""
    async with ctx.read() as connection:
        return await queries.get_assigned(connection, user_id=guide.user_id, name=booking_id)
