"""Consultations over HTTP. Customers see their own, consultants their calendar, admins all; others are not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.care.consultations import closing, hours, queries, service
from sojourn.care.consultations.errors import (
    ConsultantNotFound,
    ConsultationClosed,
    ConsultationNotFound,
    NoMovesLeft,
    NoSessionsLeft,
    OrderNotOpen,
    SlotNotOffered,
    SlotTaken,
    TooEarly,
    TooLateToMove,
)
from sojourn.care.consultations.models import (
    Consultation,
    ConsultationCancelIn,
    ConsultationFilters,
    ConsultationIn,
    MoveIn,
    NotesIn,
    Slots,
    SlotsIn,
)
from sojourn.people.auth.access import Actor, CurrentDesk, CurrentUser
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders.errors import OrderNotFound

router = Router(prefix="/consultations", tags=["consultations"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


async def _shown(connection: Connection, ctx: Context, consultation_id: UUID, actor: Actor) -> Consultation:
    most = ctx.storefront.consultations.max_moves
    return await queries.get_consultation(connection, consultation_id=consultation_id, actor=actor, max_moves=most)


@router.get("/slots", operation_id="list_consultation_slots", responses=refuses(OrderNotFound, ConsultantNotFound))
async def list_consultation_slots(ctx: Ctx, user: CurrentUser, filters: Annotated[SlotsIn, Query()]) -> Slots:
    """Times that are free now, of an order's consultant or of one by id."""
    async with ctx.read() as connection:
        return await hours.list_slots(connection, actor=user, asked=filters, storefront=ctx.storefront, now=ctx.now())


@router.get("", operation_id="list_consultations", responses=AS_FILE)
async def list_consultations(
    ctx: Ctx, user: CurrentUser, request: Request, filters: Annotated[ConsultationFilters, Query()]
) -> Page[Consultation] | Response:
    """What the caller may see, latest start first; also as CSV."""
    if wants_csv(request, filters.format):
        what = Export(
            name="consultations", columns=queries.FILE_COLUMNS, statement=queries.LISTS[filters.sort],
            arguments=(*queries.arguments(filters, actor=user), None, 0), actor_id=user.user_id,
        )  # fmt: skip
        return await export(ctx, what)
    most = ctx.storefront.consultations.max_moves
    async with ctx.read() as connection:
        return await queries.list_consultations(connection, actor=user, filters=filters, max_moves=most)


@router.post(
    "",
    operation_id="book_consultation",
    status_code=201,
    responses=refuses(OrderNotFound, ConsultantNotFound, OrderNotOpen, NoSessionsLeft, SlotNotOffered, SlotTaken),
)
async def book_consultation(ctx: Ctx, user: CurrentUser, vendors: TheVendors, body: ConsultationIn) -> Consultation:
    """Book one of the sessions that an order includes. Staff may do it for the customer, at any free time."""
    async with ctx.unit_of_work() as tx:
        consultation_id = await service.book(
            tx, actor=user, body=body, storefront=ctx.storefront, rooms=vendors.meetings, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await _shown(tx, ctx, consultation_id, user)


@router.get("/{consultation_id}", operation_id="get_consultation", responses=refuses(ConsultationNotFound))
async def get_consultation(ctx: Ctx, user: CurrentUser, consultation_id: UUID) -> Consultation:
    """One consultation."""
    async with ctx.read() as connection:
        return await _shown(connection, ctx, consultation_id, user)


@router.post(
    "/{consultation_id}/move",
    operation_id="move_consultation",
    responses=refuses(
        ConsultationNotFound, ConsultantNotFound, ConsultationClosed, TooLateToMove, NoMovesLeft, SlotNotOffered,
        SlotTaken,
    ),
)  # fmt: skip
async def move_consultation(ctx: Ctx, user: CurrentUser, consultation_id: UUID, body: MoveIn) -> Consultation:
    """Choose another time: customers twice, until 24 hours before; staff whenever it is needed."""
    async with ctx.unit_of_work() as tx:
        await service.move(
            tx, consultation_id=consultation_id, actor=user, starts_at=body.starts_at,
            rules=ctx.storefront.consultations, now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
        return await _shown(tx, ctx, consultation_id, user)


@router.post(
    "/{consultation_id}/cancel",
    operation_id="cancel_consultation",
    responses=refuses(ConsultationNotFound, ConsultationClosed),
)
async def cancel_consultation(
    ctx: Ctx, user: CurrentUser, consultation_id: UUID, body: ConsultationCancelIn | None = None
) -> Consultation:
    """Free the slot. Later than 24 hours before, a customer's session counts as used (`isSessionUsed`)."""
    async with ctx.unit_of_work() as tx:
        await closing.cancel(
            tx, consultation_id=consultation_id, actor=user, reason=body.reason if body else None,
            rules=ctx.storefront.consultations, now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
        return await _shown(tx, ctx, consultation_id, user)


@router.post(
    "/{consultation_id}/approve",
    operation_id="approve_consultation",
    responses=refuses(ConsultationNotFound, ConsultationClosed),
)
async def approve_consultation(ctx: Ctx, desk: CurrentDesk, vendors: TheVendors, consultation_id: UUID) -> Consultation:
    """Say yes to a request; to say no, cancel it."""
    async with ctx.unit_of_work() as tx:
        await closing.approve(
            tx, consultation_id=consultation_id, actor=desk, rooms=vendors.meetings, now=ctx.now(), origin=ctx.origin
        )
        return await _shown(tx, ctx, consultation_id, desk)


@router.post(
    "/{consultation_id}/complete",
    operation_id="complete_consultation",
    responses=refuses(ConsultationNotFound, ConsultationClosed, TooEarly),
)
async def complete_consultation(ctx: Ctx, desk: CurrentDesk, consultation_id: UUID) -> Consultation:
    """It was held."""
    async with ctx.unit_of_work() as tx:
        await closing.complete(tx, consultation_id=consultation_id, actor=desk, now=ctx.now(), origin=ctx.origin)
        return await _shown(tx, ctx, consultation_id, desk)


@router.post(
    "/{consultation_id}/no-show",
    operation_id="mark_consultation_no_show",
    responses=refuses(ConsultationNotFound, ConsultationClosed, TooEarly),
)
async def mark_consultation_no_show(ctx: Ctx, desk: CurrentDesk, consultation_id: UUID) -> Consultation:
    """The customer has not come within 15 minutes; the session is used."""
    async with ctx.unit_of_work() as tx:
        await closing.mark_no_show(
            tx, consultation_id=consultation_id, actor=desk, rules=ctx.storefront.consultations, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await _shown(tx, ctx, consultation_id, desk)


@router.post(
    "/{consultation_id}/waive",
    operation_id="waive_consultation",
    responses=refuses(ConsultationNotFound, ConsultationClosed),
)
async def waive_consultation(ctx: Ctx, desk: CurrentDesk, consultation_id: UUID) -> Consultation:
    """Give the customer back a session that a late cancellation or a no-show has used."""
    async with ctx.unit_of_work() as tx:
        await closing.waive(tx, consultation_id=consultation_id, actor=desk, now=ctx.now(), origin=ctx.origin)
        return await _shown(tx, ctx, consultation_id, desk)


@router.put(
    "/{consultation_id}/notes",
    operation_id="write_consultation_notes",
    responses=refuses(ConsultationNotFound),
)
async def write_consultation_notes(ctx: Ctx, desk: CurrentDesk, consultation_id: UUID, body: NotesIn) -> Consultation:
    """Keep what was talked about, for staff."""
    async with ctx.unit_of_work() as tx:
        await closing.write_notes(
            tx, consultation_id=consultation_id, actor=desk, notes=body.notes, now=ctx.now(), origin=ctx.origin
        )
        return await _shown(tx, ctx, consultation_id, desk)
