"""Vehicles over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import faults_of_past, refuse
from sojourn.catalog.transportation import queries
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.catalog.transportation.goods import VEHICLE
from sojourn.catalog.transportation.models import (
    AdminVehicleFilters,
    VehicleFilters,
    VehicleIn,
    VehicleOut,
    VehiclePatch,
)
from sojourn.catalog.transportation.rules import faults_of_filters
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(tags=["transportation"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]


@router.get("/transportation", operation_id="list_vehicles", dependencies=_READS)
async def list_vehicles(
    ctx: Ctx, request: Request, filters: Annotated[VehicleFilters, Query()]
) -> Page[VehicleOut] | RawJson:
    """Vehicles on offer. `province` is its English name or key."""
    refuse((*faults_of_filters(filters), *faults_of_past("travel_date", filters.travel_date, today=ctx.today())))
    # What is free is counted anew each time; the rest of the shelf may be kept at the edge.
    request.scope["is_public_answer"] = filters.travel_date is None
    return await _page(ctx, filters, is_active=True)


@router.get(
    "/transportation/{vehicle_id}", operation_id="get_vehicle", dependencies=_READS, responses=refuses(VehicleNotFound)
)
async def get_vehicle(
    ctx: Ctx, request: Request, vehicle_id: str, asked: Annotated[InLanguage, Query()]
) -> VehicleOut | RawJson:
    """One vehicle on offer, by id or slug."""
    return await shelf_routes.get_active(ctx, request, VEHICLE, vehicle_id, asked=asked)


@router.get("/admin/transportation", operation_id="list_all_vehicles", dependencies=_WRITES)
async def list_all_vehicles(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AdminVehicleFilters, Query()]
) -> Page[VehicleOut] | RawJson:
    """Every vehicle, retired ones too."""
    refuse(faults_of_filters(filters))
    return await _page(ctx, filters, is_active=filters.is_active)


@router.post(
    "/transportation",
    operation_id="create_vehicle",
    status_code=201,
    dependencies=_WRITES,
    responses=refuses(SlugTaken),
)
async def create_vehicle(ctx: Ctx, admin: CurrentAdmin, body: VehicleIn) -> VehicleOut | RawJson:
    """Add a vehicle. `cancellation_policy` is a preset's name or own tiers, the most hours first."""
    return await shelf_routes.create(ctx, VEHICLE, admin=admin, body=body)


@router.patch(
    "/transportation/{vehicle_id}",
    operation_id="change_vehicle",
    dependencies=_WRITES,
    responses=refuses(VehicleNotFound, SlugTaken, VersionConflict),
)
async def change_vehicle(ctx: Ctx, admin: CurrentAdmin, vehicle_id: UUID, body: VehiclePatch) -> VehicleOut | RawJson:
    """Change what is sent, leave the rest. Send the `version` you read to be told when somebody else was faster."""
    return await shelf_routes.change(ctx, VEHICLE, vehicle_id, admin=admin, body=body)


@router.delete(
    "/transportation/{vehicle_id}",
    operation_id="retire_vehicle",
    dependencies=_WRITES,
    responses=refuses(VehicleNotFound),
)
async def retire_vehicle(ctx: Ctx, admin: CurrentAdmin, vehicle_id: UUID) -> None:
    """Take a vehicle off the shelf. It is not deleted: what was sold of it stands."""
    await shelf_routes.retire(ctx, VEHICLE, vehicle_id, admin=admin)


async def _page(ctx: Ctx, filters: VehicleFilters, *, is_active: bool | None) -> Page[VehicleOut] | RawJson:
    language = filters.language or ctx.language
    async with ctx.read() as connection:
        body, total = await queries.list_vehicles(
            connection, filters, language=language, is_active=is_active, now=ctx.now()
        )
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
