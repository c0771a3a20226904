"""The desk's departures over HTTP."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Day
from sojourn.platform.storefront import LimitClass
from sojourn.sales.bookings.errors import TripNotBookable
from sojourn.sales.departures import queries, service
from sojourn.sales.departures.models import (
    CancelDepartureIn,
    CancelledDeparture,
    Departure,
    DepartureIn,
    Manifest,
)

router = Router(
    prefix="/admin/trips/{trip_id}/departures", tags=["admin"], dependencies=[Depends(limited(LimitClass.DEFAULT))]
)

MAX_DAYS = 184


@router.get("", operation_id="list_departures", responses=refuses(TripNotBookable))
async def list_departures(
    ctx: Ctx,
    _: CurrentAdmin,
    trip_id: UUID,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
) -> list[Departure]:
    """Each day of a trip with what is confirmed, held and left; at most 184 days."""
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise InvalidInput.at("to", f"must lie 0 to {MAX_DAYS - 1} days after 'from'")
    async with ctx.read() as connection:
        resource_id, _title = await queries.get_resource(connection, trip_id=trip_id)
        return await queries.list_departures(connection, resource_id=resource_id, first=first, last=last, now=ctx.now())


@router.put("/{day}", operation_id="set_departure", responses=refuses(TripNotBookable))
async def set_departure(ctx: Ctx, admin: CurrentAdmin, trip_id: UUID, day: Day, body: DepartureIn) -> Departure:
    """Give one day a capacity of its own: 0 closes it, null makes it like the others again."""
    async with ctx.unit_of_work() as tx:
        resource_id = await service.set_capacity(
            tx, admin=admin, trip_id=trip_id, day=day, body=body, now=ctx.now(), origin=ctx.origin
        )
        await notify(tx, CATALOGUE_CHANGED)
        (departure,) = await queries.list_departures(tx, resource_id=resource_id, first=day, last=day, now=ctx.now())
    return departure


@router.get("/{day}/manifest", operation_id="get_departure_manifest", responses=refuses(TripNotBookable))
async def get_departure_manifest(ctx: Ctx, _: CurrentAdmin, trip_id: UUID, day: Day) -> Manifest:
    """The departure manifest: who travels, where they are picked up, what they asked for."""
    async with ctx.read() as connection:
        _resource, title = await queries.get_resource(connection, trip_id=trip_id)
        return await queries.get_manifest(connection, trip_id=trip_id, title=title, day=day)


@router.post("/{day}/cancel", operation_id="cancel_departure", status_code=202, responses=refuses(TripNotBookable))
async def cancel_departure(
    ctx: Ctx, admin: CurrentAdmin, trip_id: UUID, day: Day, body: CancelDepartureIn
) -> CancelledDeparture:
    """Close the day and cancel all its bookings: everything is refunded, everybody is told."""
    async with ctx.unit_of_work() as tx:
        found = await service.cancel(
            tx, admin=admin, trip_id=trip_id, day=day, reason=body.reason, now=ctx.now(), origin=ctx.origin
        )
        await notify(tx, CATALOGUE_CHANGED)
    return CancelledDeparture(day=day, bookings=found)
