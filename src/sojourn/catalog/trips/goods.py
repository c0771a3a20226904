"""Trips as goods: how they are read, checked, given their seats and joined to what they include."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.faults import refuse
from sojourn.catalog.shelving import Goods
from sojourn.catalog.trips import queries, rules
from sojourn.catalog.trips.models import TripIn
from sojourn.platform.db.database import Connection


async def _put_stock(tx: Connection, trip_id: UUID, trip: TripIn, now: datetime) -> None:
    """Raises InvalidInput where something that the trip includes is not there."""
    await queries.put_stock(tx, trip_id=trip_id, now=now)
    found = await queries.find_included(tx, trip.included)
    refuse(rules.faults_of_included(trip.included, found))
    await queries.put_included(tx, trip_id=trip_id, found=found)


TRIP = Goods(
    name="trip",
    shelf=queries.TRIPS,
    model=TripIn,
    faults=rules.faults_of,
    amount=lambda trip: trip.price_per_person_usd,
    derive=_put_stock,
)
