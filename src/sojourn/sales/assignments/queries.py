"""Bookings as their guide reads them. A hold is no assignment, and what was cancelled is none any more."""

from datetime import date
from uuid import UUID

from sojourn.catalog.guides.errors import GuideNotLinked
from sojourn.catalog.values import find_id
from sojourn.platform.db.database import Connection
from sojourn.platform.http.dialect import RawJson
from sojourn.sales.assignments.models import AssignedBookingsIn
from sojourn.sales.bookings.errors import BookingNotFound

_WIRE = """
    b.id, b.booking_ref, b.booking_type, b.status, b.title,
    (SELECT t.name || ', ' || h.name FROM hotel_rooms h JOIN hotels t ON t.id = h.hotel_id
      WHERE h.id = b.hotel_room_id) AS hotel_name,
    (SELECT v.name FROM vehicles v WHERE v.id = b.vehicle_id) AS vehicle_name,
    b.travel_date, b.end_date, b.time_zone, b.snapshot->>'meeting_point' AS meeting_point, b.pickup_location,
    b.people_count, b.language"""
_PEOPLE = """
    b.special_requests,
    (SELECT json_build_object('name', u.name, 'email', u.email, 'phone', u.phone)
       FROM users u WHERE u.id = b.user_id AND u.deleted_at IS NULL) AS lead_traveler,
    (SELECT coalesce(json_agg(json_build_object('full_name', p->>'full_name', 'dietary_needs', p->>'dietary_needs')
                              ORDER BY position), '[]')
       FROM jsonb_array_elements(b.travelers) WITH ORDINALITY AS t (p, position)) AS travelers"""
# As the index bookings_of_guide has it.
_ASSIGNED = "b.guide_id = g.id AND b.status IN ('CONFIRMED', 'COMPLETED')"
_CHOSEN = f"{_ASSIGNED} AND ($5::date IS NULL OR b.end_date >= $5) AND ($6::date IS NULL OR b.travel_date <= $6)"

# What is ahead or under way first, the soonest on top; then what is over, the latest on top. $4 is today.
_LIST = f"""
SELECT (SELECT coalesce(json_agg(wire), '[]')::text FROM (
            SELECT {_WIRE} FROM bookings b WHERE {_CHOSEN}
             ORDER BY b.end_date < $4, CASE WHEN b.end_date >= $4 THEN b.travel_date END, b.travel_date DESC, b.id
             LIMIT $2 OFFSET $3) AS wire) AS items,
       (SELECT count(*) FROM bookings b WHERE {_CHOSEN}) AS total
  FROM guides g WHERE g.user_id = $1
"""
_DETAIL = f"""
SELECT (SELECT row_to_json(wire)::text FROM (
            SELECT {_WIRE}, {_PEOPLE} FROM bookings b
             WHERE (b.id = $2 OR b.booking_ref = $3) AND {_ASSIGNED}) AS wire) AS booking
  FROM guides g WHERE g.user_id = $1
"""


async def list_assigned(connection: Connection, *, user_id: UUID, filters: AssignedBookingsIn, today: date) -> RawJson:
    """One page of what the guide with this account leads: one statement. Raises GuideNotLinked."""
    row = await connection.fetchrow(
        _LIST, user_id, filters.per_page, filters.offset, today, filters.from_day, filters.to_day
    )
    if row is None:
        raise GuideNotLinked
    return RawJson(row["items"].encode(), filters.page, filters.per_page, row["total"])


async def get_assigned(connection: Connection, *, user_id: UUID, name: str) -> RawJson:
    """One of them by id or reference: one statement. Raises GuideNotLinked, BookingNotFound."""
    booking_id = find_id(name)
    row = await connection.fetchrow(_DETAIL, user_id, booking_id, None if booking_id else name.upper())
    if row is None:
        raise GuideNotLinked
    if row["booking"] is None:
        raise BookingNotFound(details={"booking_id": name[:64]})
    return RawJson(row["booking"].encode())
