"""Customers and consultants, for admins; each list can be had as JSON or as CSV."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.catalog.values import containing
from sojourn.desk.analytics import people_queries, service
from sojourn.desk.analytics.models import (
    ConsultantFilters,
    ConsultantRow,
    CustomerFilters,
    CustomerOut,
    CustomerPurchase,
    CustomerPurchaseFilters,
    CustomerRow,
)
from sojourn.desk.analytics.periods import Mode, moments, rows_url
from sojourn.desk.analytics.routes import mode_of
from sojourn.people.auth.access import CurrentAdmin
from sojourn.people.users.errors import UserNotFound
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(prefix="/admin", tags=["analytics"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

CUSTOMER_COLUMNS = (
    "id", "name", "email", "phone", "country", "is_active", "orders_count", "bookings_count", "lifetime_value",
    "currency", "last_purchase_at", "loyalty_points", "created_at",
)  # fmt: skip
PURCHASE_COLUMNS = (
    "purchase_kind", "purchase_id", "reference", "title", "type", "status", "total_amount", "paid_amount",
    "refunded_amount", "currency", "created_at", "confirmed_at",
)  # fmt: skip
CONSULTANT_COLUMNS = (
    "id", "name", "email", "is_active", "spoken_languages", "open_cases", "completed_cases", "seconds_to_assign",
    "seconds_to_complete", "last_assigned_at",
)  # fmt: skip


@router.get("/customers", operation_id="list_customers", responses=AS_FILE)
async def list_customers(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, request: Request, filters: Annotated[CustomerFilters, Query()]
) -> Page[CustomerRow] | Response:
    """Customers with what they have bought and brought in."""
    pattern = containing(filters.q.lower()) if filters.q else None
    is_live = mode_of(filters.mode, vendors) is Mode.LIVE
    chosen = (is_live, ctx.storefront.currency, pattern, filters.has_points, filters.is_active)
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name="customers", columns=CUSTOMER_COLUMNS, statement=people_queries.CUSTOMERS[filters.sort],
                arguments=(*chosen, None, 0), actor_id=admin.user_id, shown_as=CustomerRow,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await people_queries.list_customers(
            connection, sort=filters.sort, chosen=chosen, limit=filters.per_page, offset=filters.offset
        )
    items = [CustomerRow(**row, rows_url=service.customer_url(ctx.storefront, row["id"])) for row in rows]
    return Page[CustomerRow](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/customers/{user_id}", operation_id="get_customer", responses=refuses(UserNotFound))
async def get_customer(
    ctx: Ctx, _: CurrentAdmin, vendors: TheVendors, user_id: UUID, mode: Mode | None = None
) -> CustomerOut:
    """One customer, with money in each currency and the latest purchases."""
    return await service.customer(ctx, user_id=user_id, mode=mode_of(mode, vendors))


@router.get("/customers/{user_id}/purchases", operation_id="list_customer_purchases", responses=AS_FILE)
async def list_customer_purchases(
    ctx: Ctx, admin: CurrentAdmin, request: Request, user_id: UUID, filters: Annotated[CustomerPurchaseFilters, Query()]
) -> Page[CustomerPurchase] | Response:
    """What a customer has ordered and booked, newest first."""
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name="purchases", columns=PURCHASE_COLUMNS, statement=people_queries.PURCHASES,
                arguments=(user_id, ctx.now(), None, 0), actor_id=admin.user_id,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await people_queries.list_purchases(
            connection, user_id=user_id, now=ctx.now(), limit=filters.per_page, offset=filters.offset
        )
    items = [CustomerPurchase(**dict(row)) for row in rows]
    return Page[CustomerPurchase](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/consultants", operation_id="list_consultants_at_work", responses=AS_FILE)
async def list_consultants_at_work(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[ConsultantFilters, Query()]
) -> Page[ConsultantRow] | Response:
    """Consultants with their open and completed cases and how long those took."""
    span = moments(filters.from_date, filters.to_date, ctx.storefront.time_zone)
    chosen = (*span, filters.is_active, containing(filters.q.lower()) if filters.q else None, filters.language)
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name="consultants", columns=CONSULTANT_COLUMNS, statement=people_queries.CONSULTANTS[filters.sort],
                arguments=(*chosen, None, 0), actor_id=admin.user_id, shown_as=ConsultantRow,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await people_queries.list_consultants(
            connection, sort=filters.sort, chosen=chosen, limit=filters.per_page, offset=filters.offset
        )
    items = [
        ConsultantRow(**row, rows_url=rows_url(ctx.storefront, "/admin/orders", consultant=row["id"])) for row in rows
    ]
    return Page[ConsultantRow](items=items, page=filters.page, per_page=filters.per_page, total=total)
