"""The seats of a trip: one resource per trip, so many a day. What is taken of it is kept by sales."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.kit.ids import new_id

PUT_DEPARTURE = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT $2, 'DEPARTURE', id, title, coalesce(capacity_per_departure, max_people), is_active, $3 FROM trips WHERE id = $1
ON CONFLICT (kind, owner_id) DO UPDATE
   SET name = excluded.name, capacity = excluded.capacity, is_active = excluded.is_active
"""


async def put_departure(tx: Connection, *, trip_id: UUID, now: datetime) -> None:
    """Make the trip's seats what its row says, in the transaction that changed the row."""
    await tx.execute(PUT_DEPARTURE, trip_id, new_id(), now)
