"""Reading what a booking takes: one statement for a trip, one for room, vehicle and guide together, if any."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import Refusal, granted
from sojourn.sales.bookings.errors import RoomNotBookable, TripNotBookable
from sojourn.sales.bookings.facts import Departure, Facts, Guide, Room, Vehicle, with_included_free

_DEPARTURES = """
SELECT w.position, t.id AS trip_id, t.title, t.slug, t.price_per_person_usd AS price_per_person,
       t.non_refundable_fee_usd AS non_refundable_fee, t.duration_days, t.min_people, t.max_people, t.options,
       t.cancellation_policy AS policy, t.meeting_point, t.hotel_room_id, t.vehicle_id, t.guide_id,
       r.id AS resource_id,
       coalesce(u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > w.now), false) AS is_student
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS w (trip_id, user_id, now, position)
  JOIN trips t ON t.id = w.trip_id AND t.is_active
  JOIN resources r ON r.kind = 'DEPARTURE' AND r.owner_id = t.id
  LEFT JOIN users u ON u.id = w.user_id
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


class Asked(NamedTuple):
    """What a customer asks for. `takes_included`: and what the trip includes, unless another one of its kind is
    named."""

    user_id: UUID
    trip_id: UUID | None
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    takes_included: bool
    now: datetime


async def get_facts(connection: Connection, asked: Asked) -> Facts:
    """What is on sale under these ids, for this customer.

    Raises TripNotBookable, RoomNotBookable, VehicleNotFound, GuideNotFound.
    """
    (facts,) = await list_facts(connection, [asked])
    return granted(facts)


async def list_facts(connection: Connection, asked: Sequence[Asked]) -> list[Facts | Refusal]:
    """`get_facts` of each, or its refusal: the trips in one statement."""
    departures = await _list_departures(connection, asked)
    return [await _complete(connection, one, departures.get(n)) for n, one in enumerate(asked, 1)]


async def _list_departures(connection: Connection, asked: Sequence[Asked]) -> dict[int, Departure]:
    """By position, from one."""
    if all(one.trip_id is None for one in asked):
        return {}
    trips, users, nows = zip(*((one.trip_id, one.user_id, one.now) for one in asked), strict=True)
    rows = [dict(row) for row in await connection.fetch(_DEPARTURES, trips, users, nows)]
    return {row.pop("position"): Departure(**row) for row in rows}


async def _complete(connection: Connection, asked: Asked, departure: Departure | None) -> Facts | Refusal:
    """The departure, if one was asked for, with what goes along or stands alone."""
    hotel_room_id, vehicle_id, guide_id = asked.hotel_room_id, asked.vehicle_id, asked.guide_id
    if asked.trip_id is not None:
        if departure is None:
            return TripNotBookable()
        if asked.takes_included:
            hotel_room_id = hotel_room_id or departure.hotel_room_id
            vehicle_id, guide_id = vehicle_id or departure.vehicle_id, guide_id or departure.guide_id
        if hotel_room_id is None and vehicle_id is None and guide_id is None:
            return Facts(departure=departure, is_student=departure.is_student)
    row = await connection.fetchrow(_STOCK, hotel_room_id, vehicle_id, guide_id, asked.user_id, asked.now)
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    try:
        room = _required(row["room"], hotel_room_id, RoomNotBookable)
        vehicle = _required(row["vehicle"], vehicle_id, VehicleNotFound)
        guide = _required(row["guide"], guide_id, GuideNotFound)
    except Refusal as refusal:
        return refusal
    facts = Facts(
        departure=departure,
        room=Room(**room) if room else None,
        vehicle=Vehicle(**vehicle) if vehicle else None,
        guide=Guide(**guide) if guide else None,
        is_student=row["is_student"],
    )
    return with_included_free(facts)


def _required(found: dict[str, Any] | None, asked: UUID | None, refusal: type[Refusal]) -> dict[str, Any] | None:
    """The fact in our own values; None when it was not asked for."""
    if asked is None:
        return None
    if found is None:
        raise refusal
    amounts = {name: Decimal(found[name]) for name in ("rate", "per_km") if found.get(name) is not None}
    return {**found, **amounts, "id": UUID(found["id"]), "resource_id": UUID(found["resource_id"])}
