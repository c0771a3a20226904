"""Reading what a booking takes: one statement for a trip, one for room, vehicle and guide together, if any."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import Refusal
from sojourn.sales.bookings.errors import RoomNotBookable, TripNotBookable
from sojourn.sales.bookings.facts import Departure, Facts, Guide, Room, Vehicle, with_included_free

_DEPARTURE = """
SELECT t.id AS trip_id, t.title, t.slug, t.price_per_person_usd AS price_per_person,
       t.non_refundable_fee_usd AS non_refundable_fee, t.duration_days, t.min_people, t.max_people, t.options,
       t.cancellation_policy AS policy, t.meeting_point, t.hotel_room_id, t.vehicle_id, t.guide_id,
       r.id AS resource_id,
       u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > $3) AS is_student
  FROM trips t
  JOIN resources r ON r.kind = 'DEPARTURE' AND r.owner_id = t.id
  LEFT JOIN users u ON u.id = $2
 WHERE t.id = $1 AND t.is_active
"""
_STOCK = """
SELECT coalesce((SELECT u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > $5)
                   FROM users u WHERE u.id = $4), false) AS is_student,
       (SELECT jsonb_build_object('id', h.id, 'title', t.name || ', ' || h.name, 'rate', h.nightly_rate_usd::text,
               'max_guests', h.max_guests, 'address', t.address, 'policy', t.cancellation_policy, 'resource_id', r.id)
          FROM hotel_rooms h JOIN hotels t ON t.id = h.hotel_id
          JOIN resources r ON r.kind = 'ROOM' AND r.owner_id = h.id
         WHERE h.id = $1 AND h.is_active AND t.is_active) AS room,
       (SELECT jsonb_build_object('id', t.id, 'title', t.name, 'rate', t.daily_rate_usd::text,
               'per_km', t.per_km_rate_usd::text, 'transfers', t.transfers, 'capacity', t.capacity,
               'policy', t.cancellation_policy, 'resource_id', r.id)
          FROM vehicles t JOIN resources r ON r.kind = 'VEHICLE' AND r.owner_id = t.id
         WHERE t.id = $2 AND t.is_active) AS vehicle,
       (SELECT jsonb_build_object('id', t.id, 'title', t.name, 'rate', t.daily_rate_usd::text, 'max_group', t.max_group,
               'policy', t.cancellation_policy, 'resource_id', r.id)
          FROM guides t JOIN resources r ON r.kind = 'GUIDE' AND r.owner_id = t.id
         WHERE t.id = $3 AND t.is_active) AS guide
"""


async def get_facts(
    connection: Connection, *, user_id: UUID, trip_id: UUID | None, hotel_room_id: UUID | None,
    vehicle_id: UUID | None, guide_id: UUID | None, takes_included: bool, now: datetime,
) -> Facts:  # fmt: skip
    """What is on sale under these ids, for this customer. `takes_included`: and what the trip includes, unless another
    one of its kind was named.

    Raises TripNotBookable, RoomNotBookable, VehicleNotFound, GuideNotFound.
    """
    departure = None
    if trip_id is not None:
        departure = await _get_departure(connection, trip_id=trip_id, user_id=user_id, now=now)
        if takes_included:
            hotel_room_id = hotel_room_id or departure.hotel_room_id
            vehicle_id, guide_id = vehicle_id or departure.vehicle_id, guide_id or departure.guide_id
        if hotel_room_id is None and vehicle_id is None and guide_id is None:
            return Facts(departure=departure, is_student=departure.is_student)
    row = await connection.fetchrow(_STOCK, hotel_room_id, vehicle_id, guide_id, user_id, now)
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    room, vehicle = (
        _required(row["room"], hotel_room_id, RoomNotBookable),
        _required(row["vehicle"], vehicle_id, VehicleNotFound),
    )
    guide = _required(row["guide"], guide_id, GuideNotFound)
    facts = Facts(
        departure=departure,
        room=Room(**room) if room else None,
        vehicle=Vehicle(**vehicle) if vehicle else None,
        guide=Guide(**guide) if guide else None,
        is_student=row["is_student"],
    )
    return with_included_free(facts)


async def _get_departure(connection: Connection, *, trip_id: UUID, user_id: UUID, now: datetime) -> Departure:
    row = await connection.fetchrow(_DEPARTURE, trip_id, user_id, now)
    if row is None:
        raise TripNotBookable
    return Departure(**{**row, "is_student": bool(row["is_student"])})


def _required(found: dict[str, Any] | None, asked: UUID | None, refusal: type[Refusal]) -> dict[str, Any] | None:
    """The fact in our own values; None when it was not asked for."""
    if asked is None:
        return None
    if found is None:
        raise refusal
    amounts = {name: Decimal(found[name]) for name in ("rate", "per_km") if found.get(name) is not None}
    return {**found, **amounts, "id": UUID(found["id"]), "resource_id": UUID(found["resource_id"])}
