"""Services over HTTP: the public shelf, and the admin's side of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from sojourn.catalog import shelf_routes
from sojourn.catalog.errors import SlugTaken, VersionConflict
from sojourn.catalog.faults import refuse
from sojourn.catalog.services import queries
from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.catalog.services.goods import SERVICE
from sojourn.catalog.services.models import (
    NewService,
    ServiceFilters,
    ServiceOut,
    ServicePatch,
    ServiceType,
    TypedServiceFilters,
)
from sojourn.catalog.services.rules import faults_of_filters
from sojourn.catalog.services.service import named
from sojourn.catalog.values import InLanguage
from sojourn.people.auth.access import CurrentAdmin, MaybeUser
from sojourn.platform.errors import NotAllowed
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/services", tags=["services"])
_READS = [Depends(limited(LimitClass.CATALOG, by_address=True))]
_WRITES = [Depends(limited(LimitClass.DEFAULT))]

Filters = Annotated[TypedServiceFilters, Query()]


@router.get("", operation_id="list_services", dependencies=_READS, responses=refuses(NotAllowed))
async def list_services(
    ctx: Ctx, request: Request, caller: MaybeUser, filters: Annotated[ServiceFilters, Query()]
) -> Page[ServiceOut] | RawJson:
    """Services on offer; admins may ask for the retired ones (`active=false`). `q` searches in every language."""
    if not filters.active and not (caller and caller.is_admin):
        raise NotAllowed
    return await _page(ctx, request, filters, kind=filters.type, is_active=filters.active)


@router.get("/main", operation_id="list_main_services", dependencies=_READS)
async def list_main_services(ctx: Ctx, request: Request, filters: Filters) -> Page[ServiceOut] | RawJson:
    """Packages."""
    return await _page(ctx, request, filters, kind=ServiceType.MAIN)


@router.get("/micro", operation_id="list_micro_services", dependencies=_READS)
async def list_micro_services(ctx: Ctx, request: Request, filters: Filters) -> Page[ServiceOut] | RawJson:
    """Single pieces of work."""
    return await _page(ctx, request, filters, kind=ServiceType.MICRO)


@router.get("/digital", operation_id="list_digital_services", dependencies=_READS)
async def list_digital_services(ctx: Ctx, request: Request, filters: Filters) -> Page[ServiceOut] | RawJson:
    """Guides to download."""
    return await _page(ctx, request, filters, kind=ServiceType.DIGITAL)


@router.get("/{service_id}", operation_id="get_service", dependencies=_READS, responses=refuses(ServiceNotFound))
async def get_service(
    ctx: Ctx, request: Request, service_id: str, asked: Annotated[InLanguage, Query()]
) -> ServiceOut | RawJson:
    """One service on offer, by id or slug."""
    return await shelf_routes.get_active(ctx, request, SERVICE, service_id, asked=asked)


@router.post("", operation_id="create_service", status_code=201, dependencies=_WRITES, responses=refuses(SlugTaken))
async def create_service(ctx: Ctx, admin: CurrentAdmin, body: NewService) -> ServiceOut | RawJson:
    """Add a service. `price` is `service_fee` + `government_fee`; leave `service_fee` out to have it worked out, and
    `slug` to have it made of the title."""
    async with ctx.read() as connection:
        service = await named(connection, body)
    return await shelf_routes.create(ctx, SERVICE, admin=admin, body=service)


@router.patch(
    "/{service_id}",
    operation_id="change_service",
    dependencies=_WRITES,
    responses=refuses(ServiceNotFound, SlugTaken, VersionConflict),
)
async def change_service(ctx: Ctx, admin: CurrentAdmin, service_id: UUID, body: ServicePatch) -> ServiceOut | RawJson:
    """Change what is sent, leave the rest. Send the `version` you read to be told when somebody else was faster."""
    return await shelf_routes.change(ctx, SERVICE, service_id, admin=admin, body=body)


@router.delete("/{service_id}", operation_id="retire_service", dependencies=_WRITES, responses=refuses(ServiceNotFound))
async def retire_service(ctx: Ctx, admin: CurrentAdmin, service_id: UUID) -> None:
    """Take a service off the shelf. It is not deleted: what was ordered of it stands."""
    await shelf_routes.retire(ctx, SERVICE, service_id, admin=admin)


async def _page(
    ctx: Ctx, request: Request, filters: TypedServiceFilters, *, kind: ServiceType | None, is_active: bool = True
) -> Page[ServiceOut] | RawJson:
    refuse(faults_of_filters(filters))
    request.scope["is_public_answer"] = is_active
    language = filters.language or ctx.language
    async with ctx.read() as connection:
        body, total = await queries.list_services(
            connection, filters, kind=kind, is_active=is_active, language=language
        )
    return RawJson(body, page=filters.page, per_page=filters.per_page, total=total)
