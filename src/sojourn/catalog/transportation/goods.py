"""Vehicles as goods: how they are read, checked and given stock."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.shelving import Goods
from sojourn.catalog.transportation import queries, rules
from sojourn.catalog.transportation.models import VehicleIn
from sojourn.platform.db.database import Connection


async def _put_stock(tx: Connection, vehicle_id: UUID, _: VehicleIn, now: datetime) -> None:
    await queries.put_stock(tx, vehicle_id=vehicle_id, now=now)


VEHICLE = Goods(name="vehicle", shelf=queries.VEHICLES, model=VehicleIn, faults=rules.faults_of, derive=_put_stock)
