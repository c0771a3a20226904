"""Every statement on departures."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.sales.bookings.errors import TripNotBookable
from sojourn.sales.departures.models import Departure, Manifest, ManifestEntry

_FIND = """
SELECT r.id, t.title FROM resources r JOIN trips t ON t.id = r.owner_id WHERE r.kind = 'DEPARTURE' AND r.owner_id = $1
"""
_LIST = """
SELECT g.day::date AS day, coalesce(d.capacity, r.capacity) AS capacity, coalesce(used.confirmed, 0) AS confirmed,
       coalesce(used.held, 0) AS held, d.resource_id IS NOT NULL AS has_own_capacity, d.reason
  FROM resources r
 CROSS JOIN generate_series($2::date, $3::date, interval '1 day') AS g (day)
  LEFT JOIN resource_days d ON d.resource_id = r.id AND d.day = g.day::date
  LEFT JOIN (
        SELECT c.day, coalesce(sum(c.quantity) FILTER (WHERE c.expires_at IS NULL), 0)::integer AS confirmed,
               coalesce(sum(c.quantity) FILTER (WHERE c.expires_at > $4), 0)::integer AS held
          FROM claims c WHERE c.resource_id = $1 AND c.day BETWEEN $2 AND $3 AND c.released_at IS NULL GROUP BY c.day
       ) AS used ON used.day = g.day::date
 WHERE r.id = $1 ORDER BY g.day
"""
_LOCK = "SELECT 1 FROM resources WHERE id = $1 FOR NO KEY UPDATE"
_SET = """
INSERT INTO resource_days (resource_id, day, capacity, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (resource_id, day) DO UPDATE SET capacity = excluded.capacity, reason = excluded.reason
"""
_UNSET = "DELETE FROM resource_days WHERE resource_id = $1 AND day = $2"
_MANIFEST = """
SELECT b.id AS booking_id, b.booking_ref, u.name AS customer_name, u.email AS customer_email,
       u.phone AS customer_phone, b.people_count, b.travelers, b.snapshot->'options' AS options, b.pickup_location,
       b.special_requests, b.total_usd, b.language
  FROM bookings b JOIN users u ON u.id = b.user_id
 WHERE b.trip_id = $1 AND b.travel_date = $2 AND b.status IN ('CONFIRMED', 'COMPLETED')
 ORDER BY b.created_at
"""
_LIST_OPEN = """
SELECT id FROM bookings
 WHERE trip_id = $1 AND travel_date = $2
   AND (status = 'CONFIRMED' OR (status = 'RESERVED' AND reserved_until > $3)) ORDER BY id
"""


async def get_resource(connection: Connection, *, trip_id: UUID) -> tuple[UUID, str]:
    """The resource behind a trip's departures, and the trip's title. Raises TripNotBookable."""
    row = await connection.fetchrow(_FIND, trip_id)
    if row is None:
        raise TripNotBookable
    return row["id"], row["title"]


async def list_departures(
    connection: Connection, *, resource_id: UUID, first: date, last: date, now: datetime
) -> list[Departure]:
    """Each day from `first` to `last`, both included."""
    rows = await connection.fetch(_LIST, resource_id, first, last, now)
    return [Departure(**row, available=max(row["capacity"] - row["confirmed"] - row["held"], 0)) for row in rows]


async def set_capacity(
    tx: Connection, *, resource_id: UUID, day: date, capacity: int | None, reason: str | None
) -> None:
    """Give a day its own capacity, or (None) the trip's again. The stock is locked: no claim is counted meanwhile."""
    await tx.execute(_LOCK, resource_id)
    if capacity is None:
        await tx.execute(_UNSET, resource_id, day)
    else:
        await tx.execute(_SET, resource_id, day, capacity, reason)


async def get_manifest(connection: Connection, *, trip_id: UUID, title: str, day: date) -> Manifest:
    """Who travels on that day."""
    entries = [ManifestEntry(**row) for row in await connection.fetch(_MANIFEST, trip_id, day)]
    people = sum(entry.people_count for entry in entries)
    return Manifest(trip_id=trip_id, title=title, day=day, people=people, bookings=entries)


async def list_open_bookings(connection: Connection, *, trip_id: UUID, day: date, now: datetime) -> Sequence[UUID]:
    """Bookings of that day that are paid or held."""
    return [row["id"] for row in await connection.fetch(_LIST_OPEN, trip_id, day, now)]
