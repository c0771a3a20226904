"""Bookings over HTTP."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.people.auth.access import CurrentAdmin, CurrentUser
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Day, Page
from sojourn.platform.storefront import LimitClass
from sojourn.sales.bookings import cancellation, changes, queries, service
from sojourn.sales.bookings.cancellation import Canceller
from sojourn.sales.bookings.errors import (
    AlreadyExtended,
    BookingNotFound,
    BookingTypeNotOffered,
    ChangePending,
    HoldNotOpen,
    NotCancellable,
    NotModifiable,
    QuoteChanged,
    RoomNotBookable,
    TripNotBookable,
)
from sojourn.sales.bookings.models import (
    AllBookingsIn,
    BookingDetail,
    BookingIn,
    BookingOut,
    CancelIn,
    CancellationPreview,
    ChangeIn,
    MyBookingsIn,
    Quote,
    QuoteIn,
)
from sojourn.sales.inventory.errors import SoldOut, TooManyHolds
from sojourn.sales.inventory.models import DayAvailability
from sojourn.sales.loyalty.errors import NotEnoughPoints

router = Router(prefix="/bookings", tags=["bookings"], dependencies=[Depends(limited(LimitClass.DEFAULT))])
departures_router = Router(
    prefix="/trips", tags=["trips"], dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))]
)
admin_router = Router(prefix="/admin/bookings", tags=["admin"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

MAX_DAYS = 92
NOT_FOUND = (TripNotBookable, RoomNotBookable, VehicleNotFound, GuideNotFound)
NOT_OFFERED = (*NOT_FOUND, BookingTypeNotOffered)


@router.post("/quote", operation_id="quote_booking", responses=refuses(*NOT_OFFERED))
async def quote_booking(ctx: Ctx, user: CurrentUser, body: QuoteIn) -> Quote:
    """The price of a booking, step by step, and how many places are left. Nothing is held."""
    async with ctx.read() as connection:
        return await service.quote(
            connection, storefront=ctx.storefront, user_id=user.user_id, body=body, now=ctx.now()
        )


@router.post(
    "",
    operation_id="hold_booking",
    status_code=201,
    responses=refuses(*NOT_OFFERED, SoldOut, TooManyHolds, QuoteChanged, NotEnoughPoints),
)
async def hold_booking(ctx: Ctx, user: CurrentUser, body: BookingIn) -> BookingOut | RawJson:
    """Hold places, rooms, a vehicle, a guide for 15 minutes, all or nothing: RESERVED until `reserved_until`.

    Pay by `/payments/create-intent`.
    """
    return await service.hold(ctx, user_id=user.user_id, body=body, language=ctx.language_for(user.language))


@router.get("/my", operation_id="list_my_bookings")
async def list_my_bookings(
    ctx: Ctx, user: CurrentUser, filters: Annotated[MyBookingsIn, Query()]
) -> Page[BookingOut] | RawJson:
    """Own bookings, newest first."""
    async with ctx.read() as connection:
        return await queries.list_mine(
            connection, user_id=user.user_id, status=filters.status, page=filters.page, per_page=filters.per_page,
            now=ctx.now(),
        )  # fmt: skip


@router.get("/{booking_id}", operation_id="get_booking", responses=refuses(BookingNotFound))
async def get_booking(ctx: Ctx, user: CurrentUser, booking_id: str) -> BookingDetail | RawJson:
    """One booking, by id or reference: its owner's, or any for an admin."""
    visible_to = None if user.is_admin else user.user_id
    async with ctx.read() as connection:
        return await queries.get_detail(connection, name=booking_id, user_id=visible_to, now=ctx.now())


@router.post(
    "/{booking_id}/extend",
    operation_id="extend_hold",
    responses=refuses(BookingNotFound, HoldNotOpen, AlreadyExtended),
)
async def extend_hold(ctx: Ctx, user: CurrentUser, booking_id: UUID) -> BookingDetail | RawJson:
    """Lengthen an open hold, once, to 30 minutes in all."""
    async with ctx.unit_of_work() as tx:
        await service.extend_hold(
            tx, storefront=ctx.storefront, user_id=user.user_id, booking_id=booking_id, now=ctx.now()
        )
        return await queries.get_detail(tx, name=str(booking_id), user_id=user.user_id, now=ctx.now())


@router.patch(
    "/{booking_id}",
    operation_id="modify_booking",
    responses=refuses(BookingNotFound, NotModifiable, ChangePending, SoldOut, *NOT_FOUND),
)
async def modify_booking(ctx: Ctx, user: CurrentUser, booking_id: UUID, body: ChangeIn) -> BookingDetail | RawJson:
    """Change date, party or extras. Where the price rises, `pending_change` waits for its payment."""
    changes.check_something_changes(body)
    async with ctx.unit_of_work() as tx:
        await changes.modify(
            tx, storefront=ctx.storefront, user_id=user.user_id, booking_id=booking_id, body=body, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await queries.get_detail(tx, name=str(booking_id), user_id=user.user_id, now=ctx.now())


@router.get(
    "/{booking_id}/cancellation-preview",
    operation_id="preview_cancellation",
    responses=refuses(BookingNotFound, NotCancellable),
)
async def preview_cancellation(ctx: Ctx, user: CurrentUser, booking_id: UUID) -> CancellationPreview:
    """What cancelling now would bring back. Send its `quote_id` with the cancel call."""
    async with ctx.read() as connection:
        booking = await queries.get_visible(
            connection, booking_id=booking_id, user_id=None if user.is_admin else user.user_id
        )
        is_agency = user.is_admin and booking.user_id != user.user_id
        return await cancellation.preview(
            connection, booking, storefront=ctx.storefront, now=ctx.now(), by_agency=is_agency
        )


@router.delete(
    "/{booking_id}",
    operation_id="cancel_booking",
    status_code=200,
    responses=refuses(BookingNotFound, NotCancellable, QuoteChanged),
)
async def cancel_booking(
    ctx: Ctx, user: CurrentUser, booking_id: UUID, how: Annotated[CancelIn, Query()]
) -> BookingDetail | RawJson:
    """Cancel. Owners by the policy; an admin cancels in the agency's name and everything comes back."""
    return await _cancel(ctx, user, booking_id, how)


@router.post(
    "/{booking_id}/cancel",
    operation_id="cancel_booking_by_post",
    responses=refuses(BookingNotFound, NotCancellable, QuoteChanged),
)
async def cancel_booking_by_post(
    ctx: Ctx, user: CurrentUser, booking_id: UUID, body: CancelIn
) -> BookingDetail | RawJson:
    """The same as DELETE, for clients that want a body."""
    return await _cancel(ctx, user, booking_id, body)


async def _cancel(ctx: Ctx, user: CurrentUser, booking_id: UUID, how: CancelIn) -> RawJson:
    async with ctx.unit_of_work() as tx:
        booking = await queries.get_visible(tx, booking_id=booking_id, user_id=None if user.is_admin else user.user_id)
        canceller = Canceller(user_id=user.user_id, is_agency=user.is_admin and booking.user_id != user.user_id)
        await cancellation.cancel(
            tx, storefront=ctx.storefront, booking_id=booking_id, canceller=canceller, body=how, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await queries.get_detail(tx, name=str(booking_id), user_id=None, now=ctx.now())


@departures_router.get(
    "/{trip_id}/availability", operation_id="get_trip_availability", responses=refuses(TripNotBookable)
)
async def get_trip_availability(
    ctx: Ctx, trip_id: UUID, first: Annotated[Day, Query(alias="from")], last: Annotated[Day, Query(alias="to")]
) -> list[DayAvailability]:
    """Places left on each day, both ends included; at most 92 days."""
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise InvalidInput.at("to", f"must lie 0 to {MAX_DAYS - 1} days after 'from'")
    async with ctx.read() as connection:
        return await service.list_availability(
            connection, trip_id=trip_id, first=first, last=last, now=ctx.now(), today=ctx.today()
        )


@admin_router.get("", operation_id="list_all_bookings")
async def list_all_bookings(
    ctx: Ctx, _: CurrentAdmin, filters: Annotated[AllBookingsIn, Query()]
) -> Page[BookingOut] | RawJson:
    """All bookings, newest first, for the desk."""
    async with ctx.read() as connection:
        return await queries.list_all(connection, filters=filters, now=ctx.now())
