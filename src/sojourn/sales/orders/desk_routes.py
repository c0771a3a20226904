"""Orders at the agency's desk. Admins see all of them, a consultant those assigned to them; others are not found."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.catalog.values import containing
from sojourn.people.auth.access import CurrentAdmin, CurrentDesk
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.sales.orders import answers, staff
from sojourn.sales.orders.errors import (
    CaseStageNotAllowed,
    NoConsultantAvailable,
    OrderNotFound,
    OrderVersionConflict,
    StageNotAllowed,
    TransitionNotAllowed,
)
from sojourn.sales.orders.models import (
    AssignIn,
    CaseMoveIn,
    DeskFilters,
    NoteIn,
    OrderDetail,
    OrderEvent,
    OrderOut,
    StaffChangeIn,
)

router = Router(prefix="/admin/orders", tags=["orders"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_orders", responses=AS_FILE)
async def list_orders(
    ctx: Ctx, desk: CurrentDesk, request: Request, filters: Annotated[DeskFilters, Query()]
) -> Page[OrderOut] | RawJson | Response:
    """Orders by status, type, consultant, day and text; also as CSV. A consultant finds their own only."""
    if filters.from_date and filters.to_date and filters.from_date > filters.to_date:
        raise InvalidInput.at("from_date", "must not be after `to_date`")
    pattern = containing(filters.q.lower()) if filters.q else None
    only_of, zone = None if desk.is_admin else desk.user_id, ctx.storefront.time_zone
    if wants_csv(request, filters.format):
        chosen = answers.desk_arguments(
            filters, only_of=only_of, pattern=pattern, zone=zone, today=ctx.today(), limit=None, offset=0
        )
        statement, columns = answers.FILES[filters.sort], answers.FILE_COLUMNS
        what = Export(name="orders", columns=columns, statement=statement, arguments=chosen, actor_id=desk.user_id)
        return await export(ctx, what)
    async with ctx.read() as connection:
        return await answers.list_at_desk(
            connection, filters=filters, only_of=only_of, pattern=pattern, zone=zone, today=ctx.today()
        )


@router.get("/{order_id}", operation_id="get_order_at_desk", responses=refuses(OrderNotFound))
async def get_order_at_desk(ctx: Ctx, desk: CurrentDesk, order_id: str) -> OrderDetail | RawJson:
    """One order with its whole history, notes included."""
    async with ctx.read() as connection:
        return await answers.get_order(connection, id_or_number=order_id, actor=desk, today=ctx.today())


@router.patch(
    "/{order_id}",
    operation_id="update_order",
    responses=refuses(OrderNotFound, OrderVersionConflict, TransitionNotAllowed, StageNotAllowed),
)
async def update_order(ctx: Ctx, desk: CurrentDesk, order_id: str, body: StaffChangeIn) -> OrderDetail | RawJson:
    """Move an order forward, say how far its work is, or cancel it for the agency (admins)."""
    async with ctx.unit_of_work() as tx:
        await staff.change_order(
            tx, id_or_number=order_id, actor=desk, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await answers.get_order(tx, id_or_number=order_id, actor=desk, today=ctx.today())


@router.patch(
    "/{order_id}/case",
    operation_id="move_case",
    responses=refuses(OrderNotFound, OrderVersionConflict, CaseStageNotAllowed, TransitionNotAllowed),
)
async def move_case(ctx: Ctx, desk: CurrentDesk, order_id: str, body: CaseMoveIn) -> OrderDetail | RawJson:
    """Take a case to another stage of its service. Consultants go forward, admins also back, with a reason."""
    async with ctx.unit_of_work() as tx:
        await staff.move_case(
            tx, id_or_number=order_id, actor=desk, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await answers.get_order(tx, id_or_number=order_id, actor=desk, today=ctx.today())


@router.patch(
    "/{order_id}/assign",
    operation_id="assign_order",
    responses=refuses(OrderNotFound, OrderVersionConflict, TransitionNotAllowed, NoConsultantAvailable),
)
async def assign_order(ctx: Ctx, admin: CurrentAdmin, order_id: str, body: AssignIn) -> OrderDetail | RawJson:
    """Give an order to a consultant, to the freest one who speaks the customer's language, or to nobody.

    Where nobody speaks it the freest of all gets it, and the event's note says so."""
    async with ctx.unit_of_work() as tx:
        await staff.assign(tx, id_or_number=order_id, actor=admin, body=body, now=ctx.now(), origin=ctx.origin)
        return await answers.get_order(tx, id_or_number=order_id, actor=admin, today=ctx.today())


@router.post("/{order_id}/notes", operation_id="add_order_note", status_code=201, responses=refuses(OrderNotFound))
async def add_order_note(ctx: Ctx, desk: CurrentDesk, order_id: str, body: NoteIn) -> OrderEvent:
    """Keep a note with an order: for staff, or for its customer as well."""
    async with ctx.unit_of_work() as tx:
        return await staff.add_note(tx, id_or_number=order_id, actor=desk, body=body, now=ctx.now(), origin=ctx.origin)
