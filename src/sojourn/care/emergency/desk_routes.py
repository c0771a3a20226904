"""Calls for help at the agency's desk. Admins only: it is where people are, and whom they know."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from sojourn.care.emergency import queries, service
from sojourn.care.emergency.errors import AlertClosed, AlertNotFound
from sojourn.care.emergency.models import AlertAtDesk, AlertFilters, ResolutionIn
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page

router = Router(prefix="/admin/emergency/alerts", tags=["admin"])


@router.get("", operation_id="list_alerts_at_desk")
async def list_alerts_at_desk(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AlertFilters, Query()]
) -> Page[AlertAtDesk]:
    """Calls for help, newest first; `status=OPEN` for those nobody looks after."""
    async with ctx.read() as connection:
        items, total = await queries.list_at_desk(connection, filters=filters)
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/{alert_id}", operation_id="get_alert_at_desk", responses=refuses(AlertNotFound))
async def get_alert_at_desk(ctx: Ctx, admin: CurrentAdmin, alert_id: UUID) -> AlertAtDesk:
    """One call for help, with the traveller's own emergency contact."""
    async with ctx.read() as connection:
        return await queries.get_at_desk(connection, alert_id)


@router.post("/{alert_id}/acknowledge", operation_id="acknowledge_alert", responses=refuses(AlertNotFound, AlertClosed))
async def acknowledge_alert(ctx: Ctx, admin: CurrentAdmin, alert_id: UUID) -> AlertAtDesk:
    """Look after it: nobody else is woken any more, and the traveller hears that help is on its way."""
    async with ctx.unit_of_work() as tx:
        await service.acknowledge(tx, alert_id=alert_id, admin=admin, now=ctx.now(), origin=ctx.origin)
        return await queries.get_at_desk(tx, alert_id)


@router.post("/{alert_id}/resolve", operation_id="resolve_alert", responses=refuses(AlertNotFound, AlertClosed))
async def resolve_alert(ctx: Ctx, admin: CurrentAdmin, alert_id: UUID, body: ResolutionIn) -> AlertAtDesk:
    """It is over; `note` says what was done."""
    async with ctx.unit_of_work() as tx:
        await service.resolve(tx, alert_id=alert_id, admin=admin, note=body.note, now=ctx.now(), origin=ctx.origin)
        return await queries.get_at_desk(tx, alert_id)
