"""Festivals over HTTP: the public calendar, and the admin's side of it."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import refuse
from sojourn.catalog.festivals import queries
from sojourn.catalog.festivals.errors import FestivalNotFound
from sojourn.catalog.festivals.goods import FESTIVAL
from sojourn.catalog.festivals.models import (
    AdminFestivalFilters,
    FestivalFilters,
    FestivalIn,
    FestivalOut,
    FestivalPatch,
    OccurrenceOut,
    UpcomingFilters,
)
from sojourn.catalog.festivals.rules import faults_of_filters, span_of
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["festivals"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/festivals", operation_id="list_festivals", dependencies=_READS)
async def list_festivals(
    ctx: Ctx, request: Request, filters: Annotated[FestivalFilters, Query()]
) -> Page[OccurrenceOut] | RawJson:
    """What is held in a year or in one of its months, in the order of time. One that runs over the end of a month is
    in both. Years are known from last year to ten years ahead."""
    today = local_date(ctx.now(), ctx.storefront.time_zone)
    refuse(faults_of_filters(filters, today))
    request.scope["is_public_answer"] = filters.year is not None  # which year is this one changes at midnight
    first, last = span_of(filters, today)
    async with ctx.read() as connection:
        body, total = await queries.list_held_between(
            connection, first, last, province=filters.province, language=filters.language or ctx.language,
            limit=filters.per_page, offset=filters.offset,
        )  # fmt: skip
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/festivals/upcoming", operation_id="list_upcoming_festivals", dependencies=_READS)
async def list_upcoming_festivals(
    ctx: Ctx, filters: Annotated[UpcomingFilters, Query()]
) -> Page[OccurrenceOut] | RawJson:
    """What is held now or begins within `within_days`, in the order of time, by the agency's own calendar day."""
    today = local_date(ctx.now(), ctx.storefront.time_zone)
    async with ctx.read() as connection:
        body, total = await queries.list_held_between(
            connection, today, today + timedelta(days=filters.within_days), province=filters.province,
            language=filters.language or ctx.language, limit=filters.per_page, offset=filters.offset,
        )  # fmt: skip
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)


@router.get(
    "/festivals/{festival_id}",
    operation_id="get_festival",
    dependencies=_READS,
    responses=refuses(FestivalNotFound),
)
async def get_festival(
    ctx: Ctx, request: Request, festival_id: str, asked: Annotated[InLanguage, Query()]
) -> FestivalOut | RawJson:
    """One festival with its days, by id or slug."""
    return await shelf_routes.get_active(ctx, request, FESTIVAL, festival_id, asked=asked)


@router.get("/admin/festivals", operation_id="list_all_festivals", dependencies=_WRITES)
async def list_all_festivals(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminFestivalFilters, Query()]
) -> Page[FestivalOut] | RawJson:
    """Every festival, retired ones too, by name."""
    async with ctx.read() as connection:
        body, total = await queries.list_festivals(
            connection, is_active=filters.is_active, language=filters.language or ctx.language,
            limit=filters.per_page, offset=filters.offset,
        )  # fmt: skip
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)


@router.post(
    "/festivals", operation_id="create_festival", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken)
)
async def create_festival(ctx: Ctx, admin: CurrentAdmin, body: FestivalIn) -> FestivalOut | RawJson:
    """Add a festival. What `dates` say of a year counts more than what `reckoning` finds for it."""
    return await shelf_routes.create(ctx, FESTIVAL, admin=admin, body=body)


@router.patch(
    "/festivals/{festival_id}",
    operation_id="change_festival",
    dependencies=_WRITES,
    responses=refuses(FestivalNotFound, SlugTaken, VersionConflict),
)
async def change_festival(
    ctx: Ctx, admin: CurrentAdmin, festival_id: UUID, body: FestivalPatch
) -> FestivalOut | RawJson:
    """Change what is sent, leave the rest; `dates` are replaced as a whole. Send the `version` you read to be told when
    somebody else was faster."""
    return await shelf_routes.change(ctx, FESTIVAL, festival_id, admin=admin, body=body)


@router.delete(
    "/festivals/{festival_id}",
    operation_id="retire_festival",
    dependencies=_WRITES,
    responses=refuses(FestivalNotFound),
)
async def retire_festival(ctx: Ctx, admin: CurrentAdmin, festival_id: UUID) -> None:
    """Take a festival off the calendar. It is not deleted."""
    await shelf_routes.retire(ctx, FESTIVAL, festival_id, admin=admin)
