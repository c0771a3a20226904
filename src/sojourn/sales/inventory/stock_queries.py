"""Calendars of rooms, vehicles and guides: what is left of them day by day."""

from datetime import date, datetime
from typing import LiteralString

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.catalog.values import find_id
from sojourn.platform.db.database import Connection
from sojourn.platform.http.dialect import RawJson

# The days of resource `r` from $3 to $4, both included, at $5; lapsed holds count as free. What is sold begins after
# today, $6.
_DAYS: LiteralString = """
    (SELECT json_agg(json_build_object('day', g.day::date, 'capacity', coalesce(d.capacity, r.capacity), 'available',
                     CASE WHEN g.day::date <= $6 THEN 0
                          ELSE greatest(coalesce(d.capacity, r.capacity) - coalesce(used.quantity, 0), 0) END)
                     ORDER BY g.day)
       FROM generate_series($3::date, $4::date, interval '1 day') AS g (day)
       LEFT JOIN resource_days d ON d.resource_id = r.id AND d.day = g.day::date
       LEFT JOIN (SELECT c.day, sum(c.quantity) AS quantity FROM claims c
                   WHERE c.resource_id = r.id AND c.day BETWEEN $3 AND $4 AND c.released_at IS NULL
                     AND (c.expires_at IS NULL OR c.expires_at > $5) GROUP BY c.day) AS used ON used.day = g.day::date)
"""
_ROOMS = f"""
SELECT (SELECT coalesce(json_agg(x), '[]')::text FROM (
            SELECT h.id AS hotel_room_id, h.key, h.name, {_DAYS} AS days
              FROM hotel_rooms h JOIN resources r ON r.kind = 'ROOM' AND r.owner_id = h.id
             WHERE h.hotel_id = t.id AND h.is_active ORDER BY h.position) AS x)
  FROM hotels t WHERE (t.id = $1 OR t.slug = $2) AND t.is_active
"""
_VEHICLE = f"""
SELECT {_DAYS}::text FROM vehicles t JOIN resources r ON r.kind = 'VEHICLE' AND r.owner_id = t.id
 WHERE (t.id = $1 OR t.slug = $2) AND t.is_active
"""
_GUIDE = f"""
SELECT {_DAYS}::text FROM guides t JOIN resources r ON r.kind = 'GUIDE' AND r.owner_id = t.id
 WHERE (t.id = $1 OR t.slug = $2) AND t.is_active
"""


async def list_room_nights(
    connection: Connection, id_or_slug: str, *, first: date, last: date, now: datetime, today: date
) -> RawJson:
    """Each room of a hotel with its nights. Raises HotelNotFound."""
    body = await connection.fetchval(_ROOMS, find_id(id_or_slug), id_or_slug, first, last, now, today)
    if body is None:
        raise HotelNotFound
    return RawJson(body.encode())


async def list_vehicle_days(
    connection: Connection, id_or_slug: str, *, first: date, last: date, now: datetime, today: date
) -> RawJson:
    """The days of a fleet. Raises VehicleNotFound."""
    body = await connection.fetchval(_VEHICLE, find_id(id_or_slug), id_or_slug, first, last, now, today)
    if body is None:
        raise VehicleNotFound
    return RawJson(body.encode())


async def list_guide_days(
    connection: Connection, id_or_slug: str, *, first: date, last: date, now: datetime, today: date
) -> RawJson:
    """The days of a guide. Raises GuideNotFound."""
    body = await connection.fetchval(_GUIDE, find_id(id_or_slug), id_or_slug, first, last, now, today)
    if body is None:
        raise GuideNotFound
    return RawJson(body.encode())
