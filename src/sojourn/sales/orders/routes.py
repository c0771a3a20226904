"""Ordering services over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import NotAllowed, NotFound
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.sales.loyalty.errors import NotEnoughPoints
from sojourn.sales.orders import answers, cancellation, service
from sojourn.sales.orders.errors import (
    OrderNotFound,
    OrderNotModifiable,
    OrderVersionConflict,
    QuoteChanged,
    ServiceNotOnSale,
    TransitionNotAllowed,
)
from sojourn.sales.orders.models import (
    CancelIn,
    CancellationPreview,
    OrderChangeIn,
    OrderDetail,
    OrderFilters,
    OrderIn,
    OrderOut,
)

ordinary = [Depends(limited(LimitClass.DEFAULT))]
router = Router(prefix="/orders", tags=["orders"], dependencies=ordinary)
users_router = Router(prefix="/users", tags=["orders"], dependencies=ordinary)


@router.post("", operation_id="create_order", status_code=201, responses=refuses(ServiceNotOnSale, NotEnoughPoints))
async def create_order(ctx: Ctx, user: CurrentUser, body: OrderIn) -> OrderDetail | RawJson:
    """Order a service: priced now, it waits for its payment.

    Nothing is scarce, so nothing lapses but the points set aside (24 hours).
    """
    async with ctx.unit_of_work() as tx:
        order_id = await service.create_order(
            tx, buyer=user, body=body, storefront=ctx.storefront, now=ctx.now(), origin=ctx.origin
        )
        return await answers.get_order(tx, id_or_number=str(order_id), actor=user, today=ctx.today())


@router.get("", operation_id="list_my_orders")
async def list_my_orders(
    ctx: Ctx, user: CurrentUser, filters: Annotated[OrderFilters, Query()]
) -> Page[OrderOut] | RawJson:
    """Own orders, newest first."""
    async with ctx.read() as connection:
        return await answers.list_own(
            connection, user_id=user.user_id, statuses=filters.statuses, page=filters, today=ctx.today()
        )


@users_router.get("/{user_id}/orders", operation_id="list_orders_of_user")
async def list_orders_of_user(
    ctx: Ctx, user: CurrentUser, user_id: UUID, filters: Annotated[OrderFilters, Query()]
) -> Page[OrderOut] | RawJson:
    """A customer's orders, newest first: one's own, or anybody's for an admin."""
    if not (user.is_admin or user.user_id == user_id):
        raise NotFound
    async with ctx.read() as connection:
        return await answers.list_own(
            connection, user_id=user_id, statuses=filters.statuses, page=filters, today=ctx.today()
        )


@router.get("/{order_id}", operation_id="get_order", responses=refuses(OrderNotFound))
async def get_order(ctx: Ctx, user: CurrentUser, order_id: str) -> OrderDetail | RawJson:
    """One order by id or number: its owner's, its consultant's, or any for an admin."""
    async with ctx.read() as connection:
        return await answers.get_order(connection, id_or_number=order_id, actor=user, today=ctx.today())


@router.patch(
    "/{order_id}",
    operation_id="change_order",
    responses=refuses(OrderNotFound, NotAllowed, OrderNotModifiable, OrderVersionConflict),
)
async def change_order(ctx: Ctx, user: CurrentUser, order_id: str, body: OrderChangeIn) -> OrderDetail | RawJson:
    """Correct the customer's data or the details of the service while the work has not begun."""
    async with ctx.unit_of_work() as tx:
        await service.change_order(
            tx, id_or_number=order_id, actor=user, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await answers.get_order(tx, id_or_number=order_id, actor=user, today=ctx.today())


@router.get(
    "/{order_id}/cancellation-preview",
    operation_id="preview_order_cancellation",
    responses=refuses(OrderNotFound, TransitionNotAllowed),
)
async def preview_order_cancellation(ctx: Ctx, user: CurrentUser, order_id: str) -> CancellationPreview:
    """What cancelling now would bring: cash, points, and a quote that the cancel call may carry."""
    async with ctx.read() as connection:
        return await cancellation.preview(connection, id_or_number=order_id, actor=user, now=ctx.now())


@router.patch(
    "/{order_id}/cancel",
    operation_id="cancel_order",
    responses=refuses(OrderNotFound, NotAllowed, TransitionNotAllowed, QuoteChanged),
)
async def cancel_order(
    ctx: Ctx, user: CurrentUser, order_id: str, body: CancelIn | None = None
) -> OrderDetail | RawJson:
    """Cancel an order. A paid one is refunded by the stage of its work; an admin cancels for the agency."""
    async with ctx.unit_of_work() as tx:
        await cancellation.cancel_order(
            tx, id_or_number=order_id, actor=user, body=body or CancelIn(), rules=ctx.storefront.rules, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await answers.get_order(tx, id_or_number=order_id, actor=user, today=ctx.today())
