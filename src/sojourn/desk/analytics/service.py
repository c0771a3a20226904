"""Figures put together for the desk. Everything here reads; nothing is changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from sojourn.catalog.services import queries as services
from sojourn.desk.analytics import people_queries, queries
from sojourn.desk.analytics.figures import FIGURES
from sojourn.desk.analytics.models import (
    CustomerOut,
    CustomerPurchase,
    FigureOut,
    FiguresOut,
    MoneyOut,
    RevenueByBookingType,
    RevenueByServiceType,
    RevenueFilters,
    RevenueOut,
    RevenuePeriod,
    StatsOut,
    TopService,
    TopTrip,
)
from sojourn.desk.analytics.parts import Figure, FigureName, Measure
from sojourn.desk.analytics.periods import (
    Between,
    Mode,
    Step,
    days_of_revenue,
    end_of,
    moments,
    rows_url,
    today_in,
)
from sojourn.people.users.errors import UserNotFound
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.http.context import Context
from sojourn.platform.i18n import Language
from sojourn.platform.kit.money import ZERO, percent_of
from sojourn.platform.storefront import Module, SalesRules, Storefront
from sojourn.sales.bookings import queries as bookings
from sojourn.sales.bookings.models import AllBookingsIn, BookingOut
from sojourn.sales.orders import answers as orders
from sojourn.sales.orders.models import DeskFilters, OrderOut

BEST = 5
RECENT = 10
_ORDERS = TypeAdapter(list[OrderOut])
_BOOKINGS = TypeAdapter(list[BookingOut])


def revenue_arguments(ctx: Context, filters: RevenueFilters, *, first: date, last: date, mode: Mode) -> list[Any]:
    """The parameters of the statement on revenue."""
    zone = ctx.storefront.time_zone
    return [*moments(first, last, zone), mode is Mode.LIVE, filters.by, zone, filters.by_type, filters.type,
            filters.currency]  # fmt: skip


def revenue_days(ctx: Context, filters: RevenueFilters) -> tuple[date, date]:
    """The days to report on. Raises InvalidInput."""
    today = today_in(ctx.storefront, ctx.now())
    return days_of_revenue(filters.by, filters.from_date, filters.to_date, today=today)


async def revenue(ctx: Context, filters: RevenueFilters, *, mode: Mode) -> RevenueOut:
    """Gross, refunds and net per period. One statement. Raises InvalidInput."""
    first, last = revenue_days(ctx, filters)
    async with ctx.read() as connection:
        arguments = revenue_arguments(ctx, filters, first=first, last=last, mode=mode)
        rows = await queries.list_revenue(connection, arguments=arguments)
    periods = [_period(ctx.storefront, row, filters, first=first, last=last, mode=mode) for row in rows]
    return RevenueOut(mode=mode, by=filters.by, from_date=first, to_date=last, totals=_totals(periods), periods=periods)


def _period(
    storefront: Storefront, row: Row, filters: RevenueFilters, *, first: date, last: date, mode: Mode
) -> RevenuePeriod:
    """The first and the last period may be cut short by the days that were asked for."""
    start = max(row["period_start"], first)
    end = min(end_of(Step(filters.by), row["period_start"]), last)
    url = rows_url(
        storefront, "/admin/revenue/payments", from_date=start, to_date=end, mode=mode,
        type=row["type"] or filters.type, currency=row["currency"],
    )  # fmt: skip
    return RevenuePeriod(**dict(row) | {"period_start": start, "period_end": end, "rows_url": url})


def _totals(periods: Iterable[RevenuePeriod]) -> list[MoneyOut]:
    in_order = sorted(periods, key=lambda period: period.currency)
    return [
        _added_up(currency, list(group)) for currency, group in groupby(in_order, key=lambda period: period.currency)
    ]


def _added_up(currency: str, periods: Sequence[RevenuePeriod]) -> MoneyOut:
    gross = sum((period.gross for period in periods), ZERO)
    refunded = sum((period.refunded for period in periods), ZERO)
    return MoneyOut(currency=currency, gross=gross, refunded=refunded, net=gross - refunded)


async def stats(ctx: Context, filters: Between, *, mode: Mode) -> StatsOut:
    """The admin's first page: one statement of figures, and one for each kind of purchase that the agency sells."""
    storefront, now = ctx.storefront, ctx.now()
    span = moments(filters.from_date, filters.to_date, storefront.time_zone)
    async with ctx.read() as connection:
        row = await queries.get_stats(
            connection, span=span, is_live=mode is Mode.LIVE, now=now, currency=storefront.currency, best=BEST
        )
        sold = await _read_services(connection, [entry["id"] for entry in row["services"]], ctx.language)
        recent_orders = await _recent_orders(connection, ctx)
        recent_bookings = await _recent_bookings(connection, ctx)
    money = [MoneyOut(**entry) for entry in row["money"]]
    nothing = MoneyOut(currency=storefront.currency, gross=ZERO, refunded=ZERO, net=ZERO)
    own = next((entry for entry in money if entry.currency == storefront.currency), nothing)
    asked = {"from_date": filters.from_date, "to_date": filters.to_date, "mode": mode}
    return StatsOut(
        mode=mode,
        from_date=filters.from_date,
        to_date=filters.to_date,
        currency=storefront.currency,
        total_revenue=own.net,
        gross_revenue=own.gross,
        refunded_amount=own.refunded,
        revenue_by_currency=money,
        **{f"{name}_orders": count for name, count in row["orders"].items()},
        **{f"{name}_bookings": count for name, count in row["bookings"].items()},
        revenue_by_service_type=RevenueByServiceType(**_of(RevenueByServiceType, row["types"])),
        revenue_by_booking_type=RevenueByBookingType(**_of(RevenueByBookingType, row["types"])),
        top_services=[
            TopService(**{**sold[entry["id"]], **entry}, rows_url=_sales_url(storefront, asked, service_id=entry["id"]))
            for entry in row["services"]
        ],
        top_trips=[
            TopTrip(**entry, rows_url=_sales_url(storefront, asked, trip_id=entry["id"])) for entry in row["trips"]
        ],
        recent_orders=recent_orders,
        recent_bookings=recent_bookings,
        rows_urls=_stats_urls(storefront, asked),
    )


def _of(model: type[RevenueByServiceType | RevenueByBookingType], types: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in types.items() if name in model.model_fields}


async def _read_services(connection: Connection, ids: list[str], language: Language) -> dict[str, dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if ids:
        found = json.loads(await services.list_with_ids(connection, [UUID(name) for name in ids], language=language))
    return {service["id"]: service for service in found}


def _sales_url(storefront: Storefront, asked: Mapping[str, object], **what: object) -> str:
    return rows_url(storefront, "/admin/revenue/payments", **asked, **what, currency=storefront.currency)


def _stats_urls(storefront: Storefront, asked: Mapping[str, object]) -> dict[str, str]:
    counts = (
        FigureName.TOTAL_ORDERS, FigureName.ACTIVE_ORDERS, FigureName.COMPLETED_ORDERS, FigureName.TOTAL_BOOKINGS,
        FigureName.ACTIVE_BOOKINGS, FigureName.COMPLETED_BOOKINGS,
    )  # fmt: skip
    urls = {name.value: _figure_url(storefront, name, asked) for name in counts}
    revenue = rows_url(storefront, "/admin/revenue/payments", **asked, currency=storefront.currency)
    return {"total_revenue": revenue, **urls}


def _figure_url(storefront: Storefront, name: FigureName, asked: Mapping[str, object]) -> str:
    return rows_url(storefront, f"/admin/figures/{name.value}", **asked)


async def _recent_orders(connection: Connection, ctx: Context) -> list[OrderOut]:
    storefront = ctx.storefront
    if Module.ORDERS not in storefront.modules:
        return []
    page = await orders.list_at_desk(
        connection, filters=DeskFilters(per_page=RECENT), only_of=None, pattern=None, zone=storefront.time_zone,
        today=ctx.today(),
    )  # fmt: skip
    return _ORDERS.validate_json(page.body, by_name=True, by_alias=False)


async def _recent_bookings(connection: Connection, ctx: Context) -> list[BookingOut]:
    if Module.BOOKINGS not in ctx.storefront.modules:
        return []
    page = await bookings.list_all(connection, filters=AllBookingsIn(per_page=RECENT), now=ctx.now())
    return _BOOKINGS.validate_json(page.body, by_name=True, by_alias=False)


async def figures(ctx: Context, filters: Between, *, mode: Mode) -> FiguresOut:
    """Every figure of the law with where its rows are. Two statements. Raises InvalidInput."""
    storefront, now = ctx.storefront, ctx.now()
    span = moments(filters.from_date, filters.to_date, storefront.time_zone)
    async with ctx.read() as connection:
        rows = await queries.list_figures(
            connection, span=span, is_live=mode is Mode.LIVE, now=now, currency=storefront.currency
        )
        available, pending = await queries.get_points(connection, now=now)
    asked = {"from_date": filters.from_date, "to_date": filters.to_date, "mode": mode}
    told = [_figure(storefront, figure, rows[name], asked) for name, figure in FIGURES.items()]
    told.append(_points(storefront, available=available, pending=pending))
    return FiguresOut(mode=mode, from_date=filters.from_date, to_date=filters.to_date, figures=told)


def _figure(storefront: Storefront, figure: Figure, row: Row, asked: Mapping[str, object]) -> FigureOut:
    is_money = figure.measure is Measure.PERCENT_OF_AMOUNT
    return FigureOut(
        name=figure.name,
        meaning=figure.meaning,
        measure=figure.measure,
        value=value_of(figure.measure, row),
        counted=row["counted"],
        total=row["total"],
        amount=(row["value"] or ZERO) if is_money else None,
        whole_amount=(row["whole"] or ZERO) if is_money else None,
        currency=storefront.currency if is_money else None,
        rows_url=_figure_url(storefront, figure.name, asked),
    )


def value_of(measure: Measure, row: Mapping[str, Any]) -> Decimal | None:
    """A figure's value from its sums; None where there is nothing to divide by."""
    if measure is Measure.COUNT:
        return Decimal(row["counted"])
    if measure is Measure.PERCENT:
        return _share(100 * Decimal(row["counted"]), row["total"], to=Decimal("0.1"))
    if measure is Measure.PERCENT_OF_AMOUNT:
        return _share(100 * (row["value"] or ZERO), row["whole"], to=Decimal("0.1"))
    return _share(row["value"] or ZERO, row["total"], to=Decimal(1))


def _share(part: Decimal, whole: Decimal | int | None, *, to: Decimal) -> Decimal | None:
    return (part / whole).quantize(to, ROUND_HALF_UP) if whole else None


def _points(storefront: Storefront, *, available: int, pending: int) -> FigureOut:
    return FigureOut(
        name="points_liability",
        meaning="Points that can be spent, of those and the promised ones; the amounts are what they would buy.",
        measure=Measure.POINTS,
        value=Decimal(available),
        counted=available,
        total=available + pending,
        amount=points_value(available, storefront.rules),
        whole_amount=points_value(available + pending, storefront.rules),
        currency=storefront.currency,
        rows_url=rows_url(storefront, "/admin/customers", has_points="true", sort="points"),
    )


def points_value(points: int, rules: SalesRules) -> Decimal:
    """What `points` are worth, whether or not they make whole blocks."""
    return percent_of(rules.points_block_value * points, Decimal(100) / rules.points_block)


async def customer(ctx: Context, *, user_id: UUID, mode: Mode) -> CustomerOut:
    """A customer and their latest purchases. Raises UserNotFound."""
    async with ctx.read() as connection:
        row = await people_queries.find_customer(
            connection, user_id=user_id, is_live=mode is Mode.LIVE, currency=ctx.storefront.currency
        )
        if row is None:
            raise UserNotFound
        bought, _ = await people_queries.list_purchases(
            connection, user_id=user_id, now=ctx.now(), limit=RECENT, offset=0
        )
    purchases = [CustomerPurchase(**dict(purchase)) for purchase in bought]
    return CustomerOut(**row | {"purchases": purchases, "rows_url": customer_url(ctx.storefront, user_id)})


def customer_url(storefront: Storefront, user_id: UUID) -> str:
    """Where all that a customer has ordered and booked is listed."""
    return rows_url(storefront, f"/admin/customers/{user_id}/purchases")
