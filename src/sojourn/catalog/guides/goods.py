"""Guides as goods: how they are read, checked and given stock."""

from datetime import datetime
from uuid import UUID

from sojourn.catalog.guides import queries, rules
from sojourn.catalog.guides.models import GuideIn
from sojourn.catalog.shelving import Goods
from sojourn.platform.db.database import Connection


async def _put_stock(tx: Connection, guide_id: UUID, _: GuideIn, now: datetime) -> None:
    await queries.put_stock(tx, guide_id=guide_id, now=now)


GUIDE = Goods(name="guide", shelf=queries.GUIDES, model=GuideIn, faults=rules.faults_of, derive=_put_stock)
