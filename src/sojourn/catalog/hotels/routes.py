"""Hotels over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import faults_of_past, refuse
from sojourn.catalog.hotels import queries
from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.hotels.goods import HOTEL
from sojourn.catalog.hotels.models import AdminHotelFilters, HotelFilters, HotelIn, HotelOut, HotelPatch
from sojourn.catalog.hotels.rules import faults_of_filters
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["hotels"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/hotels", operation_id="list_hotels", dependencies=_READS)
async def list_hotels(
    ctx: Ctx, request: Request, filters: Annotated[HotelFilters, Query()]
) -> Page[HotelOut] | RawJson:
    """Hotels on offer. `q` searches names and descriptions in every language; with nights, `rooms[].available`."""
    refuse((*faults_of_filters(filters), *faults_of_past("check_in", filters.check_in, today=ctx.today())))
    # What is free is counted anew each time; the rest of the shelf may be kept at the edge.
    request.scope["is_public_answer"] = filters.check_in is None
    return await _page(ctx, filters, is_active=True)


@router.get("/hotels/{hotel_id}", operation_id="get_hotel", dependencies=_READS, responses=refuses(HotelNotFound))
async def get_hotel(
    ctx: Ctx, request: Request, hotel_id: str, asked: Annotated[InLanguage, Query()]
) -> HotelOut | RawJson:
    """One hotel on offer, by id or slug."""
    return await shelf_routes.get_active(ctx, request, HOTEL, hotel_id, asked=asked)


@router.get("/admin/hotels", operation_id="list_all_hotels", dependencies=_WRITES)
async def list_all_hotels(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminHotelFilters, Query()]
) -> Page[HotelOut] | RawJson:
    """Every hotel, retired ones too."""
    refuse(faults_of_filters(filters))
    return await _page(ctx, filters, is_active=filters.is_active)


@router.post(
    "/hotels", operation_id="create_hotel", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken)
)
async def create_hotel(ctx: Ctx, admin: CurrentAdmin, body: HotelIn) -> HotelOut | RawJson:
    """Add a hotel. `cancellation_policy` is a preset's name or own tiers, the most hours first."""
    return await shelf_routes.create(ctx, HOTEL, admin=admin, body=body)


@router.patch(
    "/hotels/{hotel_id}",
    operation_id="change_hotel",
    dependencies=_WRITES,
    responses=refuses(HotelNotFound, SlugTaken, VersionConflict),
)
async def change_hotel(ctx: Ctx, admin: CurrentAdmin, hotel_id: UUID, body: HotelPatch) -> HotelOut | RawJson:
    """Change what is sent, leave the rest. Send the `version` you read to be told when somebody else was faster."""
    return await shelf_routes.change(ctx, HOTEL, hotel_id, admin=admin, body=body)


@router.delete(
    "/hotels/{hotel_id}", operation_id="retire_hotel", dependencies=_WRITES, responses=refuses(HotelNotFound)
)
async def retire_hotel(ctx: Ctx, admin: CurrentAdmin, hotel_id: UUID) -> None:
    """Take a hotel off the shelf. It is not deleted: what was sold of it stands."""
    await shelf_routes.retire(ctx, HOTEL, hotel_id, admin=admin)


async def _page(ctx: Ctx, filters: HotelFilters, *, is_active: bool | None) -> Page[HotelOut] | RawJson:
    language = filters.language or ctx.language
    async with ctx.read() as connection:
        body, total = await queries.list_hotels(
            connection, filters, language=language, is_active=is_active, now=ctx.now()
        )
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
