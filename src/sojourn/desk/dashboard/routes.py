"""A customer's own page."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import TypeAdapter

from sojourn.care.consultations import queries as consultations
from sojourn.care.consultations.models import Consultation
from sojourn.care.documents import answers as documents
from sojourn.care.documents.models import DocumentsStatus
from sojourn.desk.dashboard import queries
from sojourn.desk.dashboard.models import OverviewOut
from sojourn.people.auth.access import Actor, CurrentUser
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass, Module
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders import answers
from sojourn.sales.orders.models import OrderOut, OrderStatus

router = Router(prefix="/dashboard", tags=["dashboard"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

ACTIVE = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS)
SHOWN = 5
_ORDERS = TypeAdapter(list[OrderOut])
_DOCUMENTS = TypeAdapter(DocumentsStatus)


@router.get("/overview", operation_id="get_dashboard_overview")
async def get_dashboard_overview(ctx: Ctx, user: CurrentUser, vendors: TheVendors) -> OverviewOut:
    """Own orders, journeys, documents, consultations, money and points at a glance. Four statements."""
    now = ctx.now()
    async with ctx.read() as connection:
        overview = await queries.get_overview(
            connection, user_id=user.user_id, is_live=vendors.payments.is_live,
            today=local_date(now, ctx.storefront.time_zone), now=now, shown=SHOWN,
        )  # fmt: skip
        recent = await answers.list_own(
            connection, user_id=user.user_id, statuses=None, page=PageIn(per_page=SHOWN), today=ctx.today()
        )
        handed_in = await _documents(connection, ctx, user)
        meetings = await _consultations(connection, ctx, user)
    orders = _ORDERS.validate_json(recent.body, by_name=True, by_alias=False)
    return OverviewOut(
        **overview | {"recent_orders": orders, "documents": handed_in, "upcoming_consultations": meetings}
    )


async def _documents(connection: Connection, ctx: Context, user: Actor) -> DocumentsStatus | None:
    if Module.DOCUMENTS not in ctx.storefront.modules:
        return None
    status = await documents.get_status(connection, user_id=user.user_id)
    return _DOCUMENTS.validate_json(status.body, by_name=True, by_alias=False)


async def _consultations(connection: Connection, ctx: Context, user: Actor) -> list[Consultation]:
    if Module.CONSULTATIONS not in ctx.storefront.modules:
        return []
    return await consultations.list_upcoming(
        connection, user_id=user.user_id, now=ctx.now(), limit=SHOWN,
        max_moves=ctx.storefront.consultations.max_moves,
    )  # fmt: skip


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
