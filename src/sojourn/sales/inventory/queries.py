"""Every statement on resources and claims. `take_claims` is a function of the database (migrations/sql/0038): the
lock, the count and the insert in one round trip, under the one lock law (docs/inventory.md)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from sojourn.platform.db.database import Connection
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import Claim, DayAvailability, ResourceKind
from sojourn.sales.purchases import PurchaseKind

NOT_ENOUGH_LEFT = "SJ001"

_TAKE = "SELECT take_claims($1, $2, $3, $4, $5, $6, $7, $8)"
_KEEP = "UPDATE claims SET expires_at = NULL WHERE purchase_id = $1 AND released_at IS NULL"
_EXTEND = "UPDATE claims SET expires_at = $2 WHERE purchase_id = $1 AND released_at IS NULL"
_RELEASE = "UPDATE claims SET released_at = $2 WHERE purchase_id = $1 AND released_at IS NULL"
# A departure is worth no more places than what its trip includes is; most trips include nothing, and are not asked.
_INCLUDED = """CASE WHEN num_nonnulls(t.hotel_room_id, t.vehicle_id, t.guide_id) > 0
                 THEN included_left(t.id, {day}, {now}) END"""
_AVAILABILITY = f"""
SELECT g.day::date AS day, coalesce(d.capacity, r.capacity) AS capacity,
       least(greatest(coalesce(d.capacity, r.capacity) - coalesce(used.quantity, 0), 0),
             {_INCLUDED.format(day="g.day::date", now="$4")})::integer AS available
  FROM resources r
  LEFT JOIN trips t ON t.id = r.owner_id
 CROSS JOIN generate_series($2::date, $3::date, interval '1 day') AS g (day)
  LEFT JOIN resource_days d ON d.resource_id = r.id AND d.day = g.day::date
  LEFT JOIN (
        SELECT c.day, sum(c.quantity) AS quantity FROM claims c
         WHERE c.resource_id = $1 AND c.day BETWEEN $2 AND $3 AND c.released_at IS NULL
           AND (c.expires_at IS NULL OR c.expires_at > $4)
         GROUP BY c.day
       ) AS used ON used.day = g.day::date
 WHERE r.id = $1 AND r.is_active
 ORDER BY g.day
"""
_LEFT_OF_TRIPS = f"""
SELECT r.owner_id AS trip_id,
       least(greatest(coalesce(d.capacity, r.capacity) - coalesce(used.quantity, 0), 0),
             {_INCLUDED.format(day="$2", now="$3")})::integer AS places_left
  FROM resources r
  JOIN trips t ON t.id = r.owner_id
  LEFT JOIN resource_days d ON d.resource_id = r.id AND d.day = $2
  LEFT JOIN LATERAL (
        SELECT sum(c.quantity) AS quantity FROM claims c
         WHERE c.resource_id = r.id AND c.day = $2 AND c.released_at IS NULL
           AND (c.expires_at IS NULL OR c.expires_at > $3)
       ) AS used ON true
 WHERE r.kind = 'DEPARTURE' AND r.owner_id = ANY ($1::uuid[]) AND r.is_active
"""
_FIND_RESOURCES = """
SELECT kind, id FROM resources
 WHERE (kind, owner_id) IN (('DEPARTURE', $1::uuid), ('ROOM', $2::uuid), ('VEHICLE', $3::uuid), ('GUIDE', $4::uuid))
"""
_FIND_DEPARTURE = "SELECT id FROM resources WHERE kind = 'DEPARTURE' AND owner_id = $1"


def columns(claims: Sequence[Claim]) -> tuple[list[UUID], list[date], list[int], list[int]]:
    """Claims as the arrays that `take_claims` takes."""
    return (
        [claim.resource_id for claim in claims],
        [claim.day for claim in claims],
        [claim.minute for claim in claims],
        [claim.quantity for claim in claims],
    )


@contextmanager
def refusing_stock(claims: Sequence[Claim] = ()) -> Iterator[None]:
    """Turn the database's own refusal into ours: `SoldOut`, naming which of `claims` it was."""
    try:
        yield
    except asyncpg.PostgresError as fault:
        if fault.sqlstate == NOT_ENOUGH_LEFT:
            raise sold_out(json.loads(fault.detail or "{}"), claims) from None
        raise


def sold_out(lacking: Mapping[str, Any], claims: Sequence[Claim]) -> SoldOut:
    """What the database says is lacking, naming which of `claims` it was."""
    details = {name: lacking[name] for name in ("day", "requested", "available")}
    kinds = {str(claim.resource_id): claim.kind.value for claim in claims if claim.kind is not None}
    if lacking["resource_id"] in kinds:
        details["resource"] = kinds[lacking["resource_id"]]
    return SoldOut(details=details)


async def take(
    tx: Connection,
    *,
    kind: PurchaseKind,
    purchase_id: UUID,
    claims: Sequence[Claim],
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Claim stock, all or nothing, in place of whatever this purchase had. Raises `SoldOut`.

    Locks the resources until the transaction ends: call it as late as possible.
    """
    with refusing_stock(claims):
        await tx.execute(_TAKE, kind, purchase_id, expires_at, now, *columns(claims))


async def keep(tx: Connection, *, purchase_id: UUID) -> None:
    """The purchase is paid: its claims no longer lapse."""
    await tx.execute(_KEEP, purchase_id)


async def extend(tx: Connection, *, purchase_id: UUID, expires_at: datetime) -> None:
    """Its claims lapse later."""
    await tx.execute(_EXTEND, purchase_id, expires_at)


async def release(tx: Connection, *, purchase_id: UUID, now: datetime) -> None:
    """Give the stock back."""
    await tx.execute(_RELEASE, purchase_id, now)


async def list_availability(
    connection: Connection, *, resource_id: UUID, first: date, last: date, now: datetime
) -> list[DayAvailability]:
    """What is left on each day from `first` to `last`, both included."""
    rows = await connection.fetch(_AVAILABILITY, resource_id, first, last, now)
    return [DayAvailability(day=row["day"], capacity=row["capacity"], available=row["available"]) for row in rows]


async def count_left_of_trips(
    connection: Connection, *, trip_ids: Sequence[UUID], day: date, now: datetime
) -> dict[UUID, int]:
    """The places that each trip has left on `day`; a trip that is not sold by departures is not in it."""
    rows = await connection.fetch(_LEFT_OF_TRIPS, list(trip_ids), day, now)
    return {row["trip_id"]: row["places_left"] for row in rows}


async def find_departure(connection: Connection, *, trip_id: UUID) -> UUID | None:
    """The resource behind a trip's departures."""
    found: UUID | None = await connection.fetchval(_FIND_DEPARTURE, trip_id)
    return found


async def find_resources(
    connection: Connection, *, trip_id: UUID | None, hotel_room_id: UUID | None, vehicle_id: UUID | None,
    guide_id: UUID | None,
) -> dict[ResourceKind, UUID]:  # fmt: skip
    """The resources behind what a booking takes."""
    rows = await connection.fetch(_FIND_RESOURCES, trip_id, hotel_room_id, vehicle_id, guide_id)
    return {ResourceKind(row["kind"]): row["id"] for row in rows}
