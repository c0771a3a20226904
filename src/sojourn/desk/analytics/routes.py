"""Money and rates, for admins; each can be had as JSON or as CSV."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.desk.analytics import queries, service
from sojourn.desk.analytics.figures import LISTS
from sojourn.desk.analytics.models import (
    FigureRow,
    FigureRowFilters,
    FiguresOut,
    OccupancyFilters,
    OccupancyRow,
    RevenueFilters,
    RevenueOut,
    RevenuePayment,
    RevenuePaymentFilters,
    StatsOut,
)
from sojourn.desk.analytics.parts import FigureName
from sojourn.desk.analytics.periods import Between, Mode, check_order, moments, rows_url, today_in
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors, Vendors

router = Router(prefix="/admin", tags=["analytics"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

DAYS_AHEAD = 90
REVENUE_COLUMNS = ("period_start", "type", "currency", "gross", "refunded", "net", "payments_count")
PAYMENT_COLUMNS = (
    "payment_id", "paid_at", "purchase_kind", "purchase_id", "reference", "type", "currency", "gross", "refunded",
    "net", "method", "user_id", "customer_name", "customer_email",
)  # fmt: skip
FIGURE_COLUMNS = (
    "purchase_kind", "purchase_id", "reference", "title", "type", "status", "at", "is_counted", "value", "whole",
    "total_amount", "currency", "user_id", "customer_name", "customer_email",
)  # fmt: skip
OCCUPANCY_COLUMNS = (
    "trip_id", "slug", "title", "departures", "seats", "seats_sold", "seats_held", "occupancy_percent",
)  # fmt: skip


def mode_of(asked: Mode | None, vendors: Vendors) -> Mode:
    """The mode asked for, else that in which the storefront takes money now."""
    return asked or (Mode.LIVE if vendors.payments.is_live else Mode.TEST)


@router.get("/dashboard/stats", operation_id="get_dashboard_stats")
async def get_dashboard_stats(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, filters: Annotated[Between, Query()]
) -> StatsOut:
    """Revenue, orders and bookings at a glance: sums, best sellers and what was bought last."""
    return await service.stats(ctx, filters, mode=mode_of(filters.mode, vendors))


@router.get("/revenue", operation_id="get_revenue", responses=AS_FILE)
async def get_revenue(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, request: Request, filters: Annotated[RevenueFilters, Query()]
) -> RevenueOut | Response:
    """Gross, refunds and net by day, week, month or year of payment; refunds count on the day of their payment."""
    mode = mode_of(filters.mode, vendors)
    if not wants_csv(request, filters.format):
        return await service.revenue(ctx, filters, mode=mode)
    first, last = service.revenue_days(ctx, filters)
    arguments = service.revenue_arguments(ctx, filters, first=first, last=last, mode=mode)
    return await export(
        ctx,
        Export(
            name="revenue", columns=REVENUE_COLUMNS, statement=queries.REVENUE, arguments=arguments,
            actor_id=admin.user_id,
        ),
    )  # fmt: skip


@router.get("/revenue/payments", operation_id="list_revenue_payments", responses=AS_FILE)
async def list_revenue_payments(
    ctx: Ctx,
    admin: CurrentAdmin,
    vendors: TheVendors,
    request: Request,
    filters: Annotated[RevenuePaymentFilters, Query()],
) -> Page[RevenuePayment] | Response:
    """The payments behind revenue, newest first."""
    chosen = (
        *moments(filters.from_date, filters.to_date, ctx.storefront.time_zone),
        mode_of(filters.mode, vendors) is Mode.LIVE, filters.type, filters.currency, filters.service_id,
        filters.trip_id,
    )  # fmt: skip
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name="revenue-payments", columns=PAYMENT_COLUMNS, statement=queries.PAYMENTS[filters.sort],
                arguments=(*chosen, None, 0), actor_id=admin.user_id,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await queries.list_payments(
            connection, sort=filters.sort, chosen=chosen, limit=filters.per_page, offset=filters.offset
        )
    items = [RevenuePayment(**dict(row)) for row in rows]
    return Page[RevenuePayment](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/figures", operation_id="get_figures")
async def get_figures(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, filters: Annotated[Between, Query()]
) -> FiguresOut:
    """Rates and counts as the business law defines them, each with where its rows are."""
    return await service.figures(ctx, filters, mode=mode_of(filters.mode, vendors))


@router.get("/figures/{figure}", operation_id="list_figure_rows", responses=AS_FILE)
async def list_figure_rows(
    ctx: Ctx,
    admin: CurrentAdmin,
    vendors: TheVendors,
    request: Request,
    figure: FigureName,
    filters: Annotated[FigureRowFilters, Query()],
) -> Page[FigureRow] | Response:
    """The purchases behind a figure, newest first."""
    chosen = (
        *moments(filters.from_date, filters.to_date, ctx.storefront.time_zone),
        mode_of(filters.mode, vendors) is Mode.LIVE, ctx.now(), ctx.storefront.currency, filters.is_counted,
    )  # fmt: skip
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name=figure.value, columns=FIGURE_COLUMNS, statement=LISTS[figure], arguments=(*chosen, None, 0),
                actor_id=admin.user_id,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await queries.list_figure_rows(
            connection, name=figure, chosen=chosen, limit=filters.per_page, offset=filters.offset
        )
    items = [FigureRow(**dict(row)) for row in rows]
    return Page[FigureRow](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/occupancy", operation_id="list_occupancy", responses=AS_FILE)
async def list_occupancy(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[OccupancyFilters, Query()]
) -> Page[OccupancyRow] | Response:
    """How full the trips are on the days of travel asked for, fullest first."""
    today = today_in(ctx.storefront, ctx.now())
    first = filters.from_date or min(today, filters.to_date or today)
    last = filters.to_date or first + timedelta(days=DAYS_AHEAD)
    check_order(first, last)
    if wants_csv(request, filters.format):
        return await export(
            ctx,
            Export(
                name="occupancy", columns=OCCUPANCY_COLUMNS, statement=queries.OCCUPANCY,
                arguments=(first, last, ctx.now(), None, 0), actor_id=admin.user_id,
            ),
        )  # fmt: skip
    async with ctx.read() as connection:
        rows, total = await queries.list_occupancy(
            connection, first=first, last=last, now=ctx.now(), limit=filters.per_page, offset=filters.offset
        )
    items = [
        OccupancyRow(**row, rows_url=rows_url(ctx.storefront, "/admin/bookings", trip_id=row["trip_id"]))
        for row in rows
    ]
    return Page[OccupancyRow](items=items, page=filters.page, per_page=filters.per_page, total=total)
