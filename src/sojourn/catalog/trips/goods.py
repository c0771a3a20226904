"""Trips as goods: how they are read, checked and given their seats."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.shelving import Goods
from sojourn.catalog.trips import queries, rules
from sojourn.catalog.trips.models import TripIn
from sojourn.platform.db.database import Connection


async def _put_stock(tx: Connection, trip_id: UUID, _: TripIn, now: datetime) -> None:
    await queries.put_stock(tx, trip_id=trip_id, now=now)


TRIP = Goods(
    name="trip",
    shelf=queries.TRIPS,
    model=TripIn,
    faults=rules.faults_of,
    amount=lambda trip: trip.price_per_person_usd,
    derive=_put_stock,
)
