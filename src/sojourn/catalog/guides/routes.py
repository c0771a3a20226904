"""Guides over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import faults_of_past, refuse
from sojourn.catalog.guides import queries
from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.guides.goods import GUIDE
from sojourn.catalog.guides.models import AdminGuideFilters, GuideFilters, GuideIn, GuideOut, GuidePatch
from sojourn.catalog.guides.rules import faults_of_filters
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["guides"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/guides", operation_id="list_guides", dependencies=_READS)
async def list_guides(
    ctx: Ctx, request: Request, filters: Annotated[GuideFilters, Query()]
) -> Page[GuideOut] | RawJson:
    """Guides on offer. `province` is its English name or key."""
    refuse((*faults_of_filters(filters), *faults_of_past("available_date", filters.available_date, today=ctx.today())))
    # What is free is counted anew each time; the rest of the shelf may be kept at the edge.
    request.scope["is_public_answer"] = filters.available_date is None
    return await _page(ctx, filters, is_active=True)


@router.get("/guides/{guide_id}", operation_id="get_guide", dependencies=_READS, responses=refuses(GuideNotFound))
async def get_guide(
    ctx: Ctx, request: Request, guide_id: str, asked: Annotated[InLanguage, Query()]
) -> GuideOut | RawJson:
    """One guide on offer, by id or slug."""
    return await shelf_routes.get_active(ctx, request, GUIDE, guide_id, asked=asked)


@router.get("/admin/guides", operation_id="list_all_guides", dependencies=_WRITES)
async def list_all_guides(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminGuideFilters, Query()]
) -> Page[GuideOut] | RawJson:
    """Every guide, retired ones too."""
    refuse(faults_of_filters(filters))
    return await _page(ctx, filters, is_active=filters.is_active)


@router.post(
    "/guides", operation_id="create_guide", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken)
)
async def create_guide(ctx: Ctx, admin: CurrentAdmin, body: GuideIn) -> GuideOut | RawJson:
    """Add a guide. `cancellation_policy` is a preset's name or own tiers, the most hours first."""
    return await shelf_routes.create(ctx, GUIDE, admin=admin, body=body)


@router.patch(
    "/guides/{guide_id}",
    operation_id="change_guide",
    dependencies=_WRITES,
    responses=refuses(GuideNotFound, SlugTaken, VersionConflict),
)
async def change_guide(ctx: Ctx, admin: CurrentAdmin, guide_id: UUID, body: GuidePatch) -> GuideOut | RawJson:
    """Change what is sent, leave the rest. Send the `version` you read to be told when somebody else was faster."""
    return await shelf_routes.change(ctx, GUIDE, guide_id, admin=admin, body=body)


@router.delete(
    "/guides/{guide_id}", operation_id="retire_guide", dependencies=_WRITES, responses=refuses(GuideNotFound)
)
async def retire_guide(ctx: Ctx, admin: CurrentAdmin, guide_id: UUID) -> None:
    """Take a guide off the shelf. It is not deleted: what was sold of it stands."""
    await shelf_routes.retire(ctx, GUIDE, guide_id, admin=admin)


async def _page(ctx: Ctx, filters: GuideFilters, *, is_active: bool | None) -> Page[GuideOut] | RawJson:
    language = filters.shown_in(ctx.language)
    async with ctx.read() as connection:
        body, total = await queries.list_guides(
            connection, filters, language=language, is_active=is_active, now=ctx.now()
        )
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
