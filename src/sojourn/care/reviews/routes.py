"""Reviews over HTTP: read by everybody, written by those who have travelled."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.care.reviews import errors, queries, service
from sojourn.care.reviews.models import (
    Histogram,
    OwnReview,
    ReportIn,
    ReviewFilters,
    ReviewIn,
    ReviewOut,
    ReviewPatch,
    Subject,
)
from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotFound
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass
from sojourn.sales.bookings.errors import BookingNotFound

shelf_router = Router(tags=["reviews"], dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))])
router = Router(prefix="/reviews", tags=["reviews"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

Filters = Annotated[ReviewFilters, Query()]
_MISSING: dict[Subject, type[NotFound]] = {
    Subject.TRIP: TripNotFound,
    Subject.HOTEL: HotelNotFound,
    Subject.VEHICLE: VehicleNotFound,
    Subject.GUIDE: GuideNotFound,
}


async def _subject_id(connection: Connection, subject: Subject, id_or_slug: str) -> UUID:
    found = await queries.find_subject(connection, subject=subject, id_or_slug=id_or_slug)
    if found is None:
        raise _MISSING[subject]
    return found


async def _page(
    ctx: Context, request: Request, subject: Subject, id_or_slug: str, filters: ReviewFilters
) -> Page[ReviewOut]:
    request.scope["is_public_answer"] = True
    async with ctx.read() as connection:
        subject_id = await _subject_id(connection, subject, id_or_slug)
        items, total = await queries.list_published(connection, subject=subject, subject_id=subject_id, filters=filters)
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


async def _histogram(ctx: Context, request: Request, subject: Subject, id_or_slug: str) -> Histogram:
    request.scope["is_public_answer"] = True
    async with ctx.read() as connection:
        subject_id = await _subject_id(connection, subject, id_or_slug)
        return await queries.get_histogram(connection, subject=subject, subject_id=subject_id)


@shelf_router.get("/trips/{trip_id}/reviews", operation_id="list_trip_reviews", responses=refuses(TripNotFound))
async def list_trip_reviews(ctx: Ctx, request: Request, trip_id: str, filters: Filters) -> Page[ReviewOut]:
    """What travellers say of a trip, by id or slug."""
    return await _page(ctx, request, Subject.TRIP, trip_id, filters)


@shelf_router.get("/trips/{trip_id}/ratings", operation_id="get_trip_ratings", responses=refuses(TripNotFound))
async def get_trip_ratings(ctx: Ctx, request: Request, trip_id: str) -> Histogram:
    """How a trip's ratings are spread."""
    return await _histogram(ctx, request, Subject.TRIP, trip_id)


@shelf_router.get("/hotels/{hotel_id}/reviews", operation_id="list_hotel_reviews", responses=refuses(HotelNotFound))
async def list_hotel_reviews(ctx: Ctx, request: Request, hotel_id: str, filters: Filters) -> Page[ReviewOut]:
    """What travellers say of a hotel, by id or slug."""
    return await _page(ctx, request, Subject.HOTEL, hotel_id, filters)


@shelf_router.get("/hotels/{hotel_id}/ratings", operation_id="get_hotel_ratings", responses=refuses(HotelNotFound))
async def get_hotel_ratings(ctx: Ctx, request: Request, hotel_id: str) -> Histogram:
    """How a hotel's ratings are spread."""
    return await _histogram(ctx, request, Subject.HOTEL, hotel_id)


@shelf_router.get(
    "/transportation/{vehicle_id}/reviews", operation_id="list_vehicle_reviews", responses=refuses(VehicleNotFound)
)
async def list_vehicle_reviews(ctx: Ctx, request: Request, vehicle_id: str, filters: Filters) -> Page[ReviewOut]:
    """What travellers say of a vehicle, by id or slug."""
    return await _page(ctx, request, Subject.VEHICLE, vehicle_id, filters)


@shelf_router.get(
    "/transportation/{vehicle_id}/ratings", operation_id="get_vehicle_ratings", responses=refuses(VehicleNotFound)
)
async def get_vehicle_ratings(ctx: Ctx, request: Request, vehicle_id: str) -> Histogram:
    """How a vehicle's ratings are spread."""
    return await _histogram(ctx, request, Subject.VEHICLE, vehicle_id)


@shelf_router.get("/guides/{guide_id}/reviews", operation_id="list_guide_reviews", responses=refuses(GuideNotFound))
async def list_guide_reviews(ctx: Ctx, request: Request, guide_id: str, filters: Filters) -> Page[ReviewOut]:
    """What travellers say of a guide, by id or slug."""
    return await _page(ctx, request, Subject.GUIDE, guide_id, filters)


@shelf_router.get("/guides/{guide_id}/ratings", operation_id="get_guide_ratings", responses=refuses(GuideNotFound))
async def get_guide_ratings(ctx: Ctx, request: Request, guide_id: str) -> Histogram:
    """How a guide's ratings are spread."""
    return await _histogram(ctx, request, Subject.GUIDE, guide_id)


def _life(ctx: Context) -> timedelta:
    return timedelta(days=ctx.storefront.reviews.change_days)


@router.get("", operation_id="list_own_reviews")
async def list_own_reviews(ctx: Ctx, user: CurrentUser, filters: Annotated[PageIn, Query()]) -> Page[OwnReview]:
    """One's own reviews, newest first."""
    async with ctx.read() as connection:
        items, total = await queries.list_own(
            connection, user_id=user.user_id, life=_life(ctx), limit=filters.per_page, offset=filters.offset
        )
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.post(
    "",
    operation_id="write_review",
    status_code=201,
    responses=refuses(BookingNotFound, errors.BookingNotCompleted, errors.AlreadyReviewed),
)
async def write_review(ctx: Ctx, user: CurrentUser, body: ReviewIn) -> OwnReview:
    """Review a booking of one's own whose journey is over: once for each of its parts."""
    async with ctx.unit_of_work() as tx:
        review_id = await service.write(
            tx, user_id=user.user_id, body=body, language=ctx.language_for(user.language),
            rules=ctx.storefront.reviews, now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
        written = await queries.get_own(tx, review_id, user_id=user.user_id, life=_life(ctx))
    ctx.runtime.cache.drop()  # here at once; the other processes hear of it
    return written


@router.patch(
    "/{review_id}",
    operation_id="change_review",
    responses=refuses(errors.ReviewNotFound, errors.ReviewSettled),
)
async def change_review(ctx: Ctx, user: CurrentUser, review_id: UUID, body: ReviewPatch) -> OwnReview:
    """Change what is sent, within 30 days of writing."""
    async with ctx.unit_of_work() as tx:
        await service.change(
            tx, review_id=review_id, user_id=user.user_id, patch=body, rules=ctx.storefront.reviews, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        changed = await queries.get_own(tx, review_id, user_id=user.user_id, life=_life(ctx))
    ctx.runtime.cache.drop()
    return changed


@router.delete(
    "/{review_id}",
    operation_id="delete_review",
    responses=refuses(errors.ReviewNotFound, errors.ReviewSettled),
)
async def delete_review(ctx: Ctx, user: CurrentUser, review_id: UUID) -> None:
    """Take one's review back, within 30 days of writing."""
    async with ctx.unit_of_work() as tx:
        await service.delete(
            tx, review_id=review_id, user_id=user.user_id, rules=ctx.storefront.reviews, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
    ctx.runtime.cache.drop()


@router.post(
    "/{review_id}/reports",
    operation_id="report_review",
    responses=refuses(errors.ReviewNotFound, errors.OwnReview),
)
async def report_review(ctx: Ctx, user: CurrentUser, review_id: UUID, body: ReportIn) -> None:
    """Object to a review: the desk looks at it. Nobody counts twice."""
    async with ctx.unit_of_work() as tx:
        await service.report(tx, review_id=review_id, user_id=user.user_id, reason=body.reason, now=ctx.now())
