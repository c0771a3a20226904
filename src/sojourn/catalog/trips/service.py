"""Changing trips: admins only. Each change takes the trip's seats along and drops the cached catalogue everywhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sojourn.catalog.departures import put_departure
from sojourn.catalog.errors import VersionConflict, refusing_taken_slug
from sojourn.catalog.faults import faults_in, invalid, refuse
from sojourn.catalog.policies import as_chosen, written_out
from sojourn.catalog.trips import queries
from sojourn.catalog.trips.models import TripIn, TripPatch
from sojourn.catalog.trips.rules import faults_of
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_id


def stored(trip: TripIn) -> dict[str, Any]:
    """The trip as its row holds it, in values of JSON: the policy is written out."""
    content = trip.model_dump(mode="json")
    return {**content, "cancellation_policy": written_out(content["cancellation_policy"])}


async def create_trip(tx: Connection, *, admin: Actor, body: TripIn, now: datetime, origin: Origin) -> UUID:
    """Put a new trip on the shelf. Raises `InvalidInput`, `SlugTaken`."""
    refuse(faults_of(body))
    trip_id = new_id()
    with refusing_taken_slug():
        await queries.insert_trip(tx, trip_id=trip_id, content=stored(body), now=now)
    await _announce(tx, "trip.created", trip_id=trip_id, trip=body, admin=admin, now=now, origin=origin)
    return trip_id


async def change_trip(
    tx: Connection, *, admin: Actor, trip_id: UUID, body: TripPatch, now: datetime, origin: Origin
) -> None:
    """Change the fields that `body` names. Bookings keep the trip as they were sold it.

    Raises `TripNotFound`, `VersionConflict`, `InvalidInput`, `SlugTaken`.
    """
    version, content = await queries.lock_trip(tx, trip_id)
    if body.version is not None and body.version != version:
        raise VersionConflict(details={"version": version})
    changes = body.model_dump(mode="json", exclude_unset=True, exclude={"version"})
    changed = _read({**content, **changes})
    refuse(faults_of(changed))
    with refusing_taken_slug():
        await queries.update_trip(tx, trip_id=trip_id, content=stored(changed), now=now)
    await _announce(tx, "trip.changed", trip_id=trip_id, trip=changed, admin=admin, now=now, origin=origin)


async def retire_trip(tx: Connection, *, admin: Actor, trip_id: UUID, now: datetime, origin: Origin) -> None:
    """Take a trip off the shelf; what was sold of it stands. A second time changes nothing. Raises `TripNotFound`."""
    _version, content = await queries.lock_trip(tx, trip_id)
    if await queries.retire_trip(tx, trip_id=trip_id, now=now):
        await _announce(tx, "trip.retired", trip_id=trip_id, trip=_read(content), admin=admin, now=now, origin=origin)


def _read(content: Mapping[str, Any]) -> TripIn:
    """What a row says, checked as what an admin sends is. Raises `InvalidInput`."""
    policy = content["cancellation_policy"]
    chosen = as_chosen(policy) if isinstance(policy, Mapping) else policy
    try:
        return TripIn.model_validate({**content, "cancellation_policy": chosen})
    except ValidationError as error:
        raise invalid(faults_in(error)) from None


async def _announce(
    tx: Connection, action: str, *, trip_id: UUID, trip: TripIn, admin: Actor, now: datetime, origin: Origin
) -> None:
    await put_departure(tx, trip_id=trip_id, now=now)
    await notify(tx, CATALOGUE_CHANGED)
    act = Act(
        action=action,
        subject_kind="TRIP",
        subject_id=trip_id,
        actor_id=admin.user_id,
        amount=trip.price_per_person_usd,
        currency="USD",
        reference=trip.slug,
    )
    await record(tx, act, now=now, origin=origin)
