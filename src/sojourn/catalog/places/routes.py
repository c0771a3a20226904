"""Places over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import refuse
from sojourn.catalog.places import queries
from sojourn.catalog.places.errors import PlaceNotFound
from sojourn.catalog.places.goods import PLACE
from sojourn.catalog.places.models import AdminPlaceSearch, PlaceIn, PlaceOut, PlacePatch, PlaceSearch
from sojourn.catalog.places.rules import faults_of_filters
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["explore"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/places", operation_id="list_places", dependencies=_READS)
async def list_places(ctx: Ctx, request: Request, filters: Annotated[PlaceSearch, Query()]) -> Page[PlaceOut] | RawJson:
    """Places worth seeing. `province` is its English name or key."""
    return await _page(ctx, request, filters)


@router.get("/places/search", operation_id="search_places", dependencies=_READS)
async def search_places(
    ctx: Ctx, request: Request, filters: Annotated[PlaceSearch, Query()]
) -> Page[PlaceOut] | RawJson:
    """Places by a text in their names, descriptions or province, in any of the three languages; by category, by
    province, by distance. What has the text in its name comes first."""
    return await _page(ctx, request, filters)


@router.get("/places/{place_id}", operation_id="get_place", dependencies=_READS, responses=refuses(PlaceNotFound))
async def get_place(
    ctx: Ctx, request: Request, place_id: str, asked: Annotated[InLanguage, Query()]
) -> PlaceOut | RawJson:
    """One place, by id or slug."""
    return await shelf_routes.get_active(ctx, request, PLACE, place_id, asked=asked)


@router.get("/admin/places", operation_id="list_all_places", dependencies=_WRITES)
async def list_all_places(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminPlaceSearch, Query()]
) -> Page[PlaceOut] | RawJson:
    """Every place, retired ones too."""
    return await _search(ctx, filters, is_active=filters.is_active)


@router.post(
    "/places", operation_id="create_place", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken)
)
async def create_place(ctx: Ctx, admin: CurrentAdmin, body: PlaceIn) -> PlaceOut | RawJson:
    """Add a place."""
    return await shelf_routes.create(ctx, PLACE, admin=admin, body=body)


@router.patch(
    "/places/{place_id}",
    operation_id="change_place",
    dependencies=_WRITES,
    responses=refuses(PlaceNotFound, SlugTaken, VersionConflict),
)
async def change_place(ctx: Ctx, admin: CurrentAdmin, place_id: UUID, body: PlacePatch) -> PlaceOut | RawJson:
    """Change what is sent, leave the rest. Send the `version` you read to be told when somebody else was faster."""
    return await shelf_routes.change(ctx, PLACE, place_id, admin=admin, body=body)


@router.delete(
    "/places/{place_id}", operation_id="retire_place", dependencies=_WRITES, responses=refuses(PlaceNotFound)
)
async def retire_place(ctx: Ctx, admin: CurrentAdmin, place_id: UUID) -> None:
    """Take a place off the shelf. It is not deleted."""
    await shelf_routes.retire(ctx, PLACE, place_id, admin=admin)


async def _page(ctx: Ctx, request: Request, filters: PlaceSearch) -> Page[PlaceOut] | RawJson:
    # Everybody stands somewhere else: what is near them is not worth keeping.
    request.scope["is_public_answer"] = filters.near is None
    return await _search(ctx, filters, is_active=True)


async def _search(ctx: Ctx, filters: PlaceSearch, *, is_active: bool | None) -> Page[PlaceOut] | RawJson:
    refuse(faults_of_filters(filters))
    language = filters.language or ctx.language
    async with ctx.read() as connection:
        body, total = await queries.search(connection, filters, language=language, is_active=is_active)
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
