"""Trips over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import Field

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import refuse
from sojourn.catalog.trips import queries
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.catalog.trips.goods import TRIP
from sojourn.catalog.trips.models import AdminTripFilters, TripFilters, TripIn, TripOut, TripPatch
from sojourn.catalog.trips.rules import faults_of_filters
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["trips"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


class FeaturedQuery(InLanguage):
    limit: Annotated[int, Field(ge=1, le=20)] = 5


@router.get("/trips", operation_id="list_trips", dependencies=_READS)
async def list_trips(ctx: Ctx, request: Request, filters: Annotated[TripFilters, Query()]) -> Page[TripOut] | RawJson:
    """Trips on offer. `province` is its English name or key; `q` searches names and summaries in every language."""
    refuse(faults_of_filters(filters))
    request.scope["is_public_answer"] = True
    return await _page(ctx, filters, is_active=True)


@router.get("/trips/featured", operation_id="list_featured_trips", dependencies=_READS)
async def list_featured_trips(
    ctx: Ctx, request: Request, asked: Annotated[FeaturedQuery, Query()]
) -> list[TripOut] | RawJson:
    """The best rated of the trips that the agency puts first."""
    request.scope["is_public_answer"] = True
    async with ctx.read() as connection:
        body = await queries.list_featured(connection, language=asked.language or ctx.language, limit=asked.limit)
    return RawJson(body)


@router.get("/trips/{trip_id}", operation_id="get_trip", dependencies=_READS, responses=refuses(TripNotFound))
async def get_trip(
    ctx: Ctx, request: Request, trip_id: str, asked: Annotated[InLanguage, Query()]
) -> TripOut | RawJson:
    """One trip on offer, by id or slug."""
    return await shelf_routes.get_active(ctx, request, TRIP, trip_id, asked=asked)


@router.get("/admin/trips", operation_id="list_all_trips", dependencies=_WRITES)
async def list_all_trips(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminTripFilters, Query()]
) -> Page[TripOut] | RawJson:
    """Every trip, retired ones too."""
    refuse(faults_of_filters(filters))
    return await _page(ctx, filters, is_active=filters.is_active)


@router.post("/trips", operation_id="create_trip", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken))
async def create_trip(ctx: Ctx, admin: CurrentAdmin, body: TripIn) -> TripOut | RawJson:
    """Add a trip. `cancellation_policy` is a preset's name or own tiers, the most hours first; `capacity_per_departure`
    the seats of one day; `included` what each party gets from stock within the price."""
    return await shelf_routes.create(ctx, TRIP, admin=admin, body=body)


@router.patch(
    "/trips/{trip_id}",
    operation_id="change_trip",
    dependencies=_WRITES,
    responses=refuses(TripNotFound, SlugTaken, VersionConflict),
)
async def change_trip(ctx: Ctx, admin: CurrentAdmin, trip_id: UUID, body: TripPatch) -> TripOut | RawJson:
    """Change what is sent, leave the rest; `included` is replaced as a whole. Send the `version` you read to be told
    when somebody else was faster."""
    return await shelf_routes.change(ctx, TRIP, trip_id, admin=admin, body=body)


@router.delete("/trips/{trip_id}", operation_id="retire_trip", dependencies=_WRITES, responses=refuses(TripNotFound))
async def retire_trip(ctx: Ctx, admin: CurrentAdmin, trip_id: UUID) -> None:
    """Take a trip off the shelf. It is not deleted: what was sold of it stands."""
    await shelf_routes.retire(ctx, TRIP, trip_id, admin=admin)


async def _page(ctx: Ctx, filters: TripFilters, *, is_active: bool | None) -> Page[TripOut] | RawJson:
    language = filters.language or ctx.language
    async with ctx.read() as connection:
        body, total = await queries.list_trips(connection, filters, language=language, is_active=is_active)
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
