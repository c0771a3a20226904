"""A customer's own page."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import TypeAdapter

from sojourn.desk.dashboard import queries
from sojourn.desk.dashboard.models import OverviewOut
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders import answers
from sojourn.sales.orders.models import OrderOut, OrderStatus, PageIn

router = Router(prefix="/dashboard", tags=["dashboard"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

ACTIVE = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS)
SHOWN = 5
_ORDERS = TypeAdapter(list[OrderOut])


@router.get("/overview", operation_id="get_dashboard_overview")
async def get_dashboard_overview(ctx: Ctx, user: CurrentUser, vendors: TheVendors) -> OverviewOut:
    """Own orders, journeys, money and points at a glance. Two statements."""
    now = ctx.now()
    async with ctx.read() as connection:
        overview = await queries.get_overview(
            connection, user_id=user.user_id, is_live=vendors.payments.is_live,
            today=local_date(now, ctx.storefront.time_zone), now=now, shown=SHOWN,
        )  # fmt: skip
        recent = await answers.list_own(
            connection, user_id=user.user_id, statuses=None, page=PageIn(per_page=SHOWN), today=ctx.today()
        )
    orders = _ORDERS.validate_json(recent.body, by_name=True, by_alias=False)
    return OverviewOut(**overview | {"recent_orders": orders})


@router.get("/orders/active", operation_id="list_active_orders")
async def list_active_orders(ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]) -> Page[OrderOut] | RawJson:
    """Own orders that are neither completed nor cancelled, newest first."""
    async with ctx.read() as connection:
        return await answers.list_own(connection, user_id=user.user_id, statuses=ACTIVE, page=page, today=ctx.today())


@router.get("/orders/completed", operation_id="list_completed_orders")
async def list_completed_orders(
    ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]
) -> Page[OrderOut] | RawJson:
    """Own completed orders, newest first."""
    async with ctx.read() as connection:
        return await answers.list_own(
            connection, user_id=user.user_id, statuses=(OrderStatus.COMPLETED,), page=page, today=ctx.today()
        )
