"""Festivals on the shelf: how they are read, checked and given their days."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sojourn.catalog.festivals import queries, rules
from sojourn.catalog.festivals.models import FestivalIn
from sojourn.catalog.shelving import Goods
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    from sojourn.catalog.festivals import reckoning
else:
    reckoning = lazily("sojourn.catalog.festivals.reckoning")


async def put_days(tx: Connection, festival_id: UUID, festival: FestivalIn, now: datetime) -> None:
    """Make the festival's days what it says, for the years that may be asked about, and the one that may be next."""
    first, last = rules.known_years(now.date())
    days = list(reckoning.occurrences(festival, first_year=first, last_year=last + 1))
    await queries.put_days(tx, festival_id=festival_id, days=days)


FESTIVAL = Goods(name="festival", shelf=queries.FESTIVALS, model=FestivalIn, faults=rules.faults_of, derive=put_days)
