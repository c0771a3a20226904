"""What the desk does with a departure."""

from datetime import date, datetime
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.sales.departures import queries
from sojourn.sales.departures.models import DepartureIn
from sojourn.sales.effects import CANCEL_BOOKING


async def set_capacity(
    tx: Connection, *, admin: Actor, trip_id: UUID, day: date, body: DepartureIn, now: datetime, origin: Origin
) -> UUID:
    """A day of its own. Sold places stay sold: a capacity below them only stops further sales. Returns the resource."""
    resource_id, title = await queries.get_resource(tx, trip_id=trip_id)
    await queries.set_capacity(tx, resource_id=resource_id, day=day, capacity=body.capacity, reason=body.reason)
    act = Act(
        action="departure.capacity_set", subject_kind="TRIP", subject_id=trip_id, actor_id=admin.user_id,
        reference=title[:100], detail={"day": day.isoformat(), "capacity": body.capacity, "reason": body.reason},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return resource_id


async def cancel(
    tx: Connection, *, admin: Actor, trip_id: UUID, day: date, reason: str, now: datetime, origin: Origin
) -> int:
    """Close the day and cancel every booking of it in the agency's name, one job each. Returns how many.

    The day is closed under the stock's lock first, so no booking slips in behind the list.
    """
    await set_capacity(
        tx, admin=admin, trip_id=trip_id, day=day, body=DepartureIn(capacity=0, reason=reason), now=now, origin=origin
    )
    found = await queries.list_open_bookings(tx, trip_id=trip_id, day=day, now=now)
    await enqueue(
        tx,
        *(
            NewJob(
                kind=CANCEL_BOOKING,
                payload={"booking_id": booking_id, "admin_id": admin.user_id, "reason": reason},
                key=f"cancel-{booking_id}",
            )
            for booking_id in found
        ),
    )
    return len(found)
