"""Hotels as goods: how they are read, checked and given stock."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.hotels import queries, rules
from sojourn.catalog.hotels.models import HotelIn
from sojourn.catalog.shelving import Goods
from sojourn.platform.db.database import Connection


async def _put_stock(tx: Connection, hotel_id: UUID, hotel: HotelIn, now: datetime) -> None:
    await queries.put_rooms(tx, hotel_id=hotel_id, rooms=hotel.rooms, now=now)


HOTEL = Goods(name="hotel", shelf=queries.HOTELS, model=HotelIn, faults=rules.faults_of, derive=_put_stock)
