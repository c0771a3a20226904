"""Every statement about trips.

What the public reads is JSON in the shape of `TripOut` that PostgreSQL wrote when the trip was (`trip_cards`, one a
language, docs/decisions/0024): nothing is looked at row by row here. Lists are put together from fixed fragments, so
that each combination of filters has a plan, and an index, of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.shelf_queries import shelf
from sojourn.catalog.statements import Where
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.catalog.trips.models import Included, TripFilters, TripSort
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id

TRIPS = shelf(
    table="trips",
    answer="trip_card(t, $1)",
    columns="""
    slug, title, title_kh, title_zh, summary, summary_kh, summary_zh, destination, province, duration_days,
    price_per_person_usd, non_refundable_fee_usd, environment, mood_tags, languages, includes, excludes, itinerary,
    highlights, options, min_people, max_people, capacity_per_departure, cancellation_policy, transport_type,
    meeting_point, latitude, longitude, images, is_active, is_featured
""",
    not_found=TripNotFound,
    kept_elsewhere=""", json_build_object(
        'room', (SELECT json_build_object('hotel', o.slug, 'key', h.key)
                   FROM hotel_rooms h JOIN hotels o ON o.id = h.hotel_id WHERE h.id = t.hotel_room_id),
        'vehicle', (SELECT slug FROM vehicles WHERE id = t.vehicle_id),
        'guide', (SELECT slug FROM guides WHERE id = t.guide_id)) AS included""",
)
_ORDERS: dict[TripSort, LiteralString] = {
    TripSort.RATING: "t.avg_rating DESC NULLS LAST, t.id",
    TripSort.PRICE_ASC: "t.price_per_person_usd, t.id",
    TripSort.PRICE_DESC: "t.price_per_person_usd DESC, t.id DESC",
    TripSort.DURATION: "t.duration_days, t.price_per_person_usd, t.id",
    TripSort.NEWEST: "t.created_at DESC, t.id DESC",
}


def _cards(chosen: str, order: str, *, beside: str = "") -> str:
    """The statement for the cards of the trips that `chosen` picks, in that order: a row each.

    A row each, for a page of them in one value makes PostgreSQL fetch and return memory for every reader.
    """
    return f"""
SELECT {beside}convert_to(c.card, 'UTF8') AS card
  FROM (SELECT * FROM trips t WHERE {chosen}) t
  JOIN trip_cards c ON c.trip_id = t.id AND c.language = $1
 ORDER BY {order}
"""


SELECT_FEATURED = _cards(
    f"t.is_active AND t.is_featured ORDER BY {_ORDERS[TripSort.RATING]} LIMIT $2", _ORDERS[TripSort.RATING]
)
# The seats of a trip: so many a day. What is taken of them is kept by sales.
PUT_STOCK: LiteralString = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT $2, 'DEPARTURE', id, title, coalesce(capacity_per_departure, max_people), is_active, $3 FROM trips WHERE id = $1
ON CONFLICT (kind, owner_id) DO UPDATE
   SET name = excluded.name, capacity = excluded.capacity, is_active = excluded.is_active
"""
FIND_INCLUDED: LiteralString = """
SELECT (SELECT h.id FROM hotel_rooms h JOIN hotels t ON t.id = h.hotel_id WHERE t.slug = $1 AND h.key = $2) AS room,
       (SELECT id FROM vehicles WHERE slug = $3) AS vehicle, (SELECT id FROM guides WHERE slug = $4) AS guide
"""
PUT_INCLUDED: LiteralString = """
UPDATE trips SET hotel_room_id = $2, vehicle_id = $3, guide_id = $4,
       hotel_id = (SELECT hotel_id FROM hotel_rooms WHERE id = $2)
 WHERE id = $1 AND (hotel_room_id, vehicle_id, guide_id) IS DISTINCT FROM ($2::uuid, $3::uuid, $4::uuid)
"""


def _where(filters: TripFilters, *, is_active: bool | None, first: int) -> Where:
    where = Where(first=first)
    where.add("t.environment = ?", filters.environment)
    where.add("t.duration_days = ?", filters.duration)
    where.add("t.duration_days >= ?", filters.min_duration)
    where.add("t.duration_days <= ?", filters.max_duration)
    where.add("replace(lower(t.province), ' ', '-') = ?", province_key(filters.province))
    where.add("t.price_per_person_usd >= ?", filters.min_price)
    where.add("t.price_per_person_usd <= ?", filters.price_limit)
    where.add("t.mood_tags && ?::text[]", filters.mood or None)
    where.add("t.languages @> ARRAY[?::text]", filters.guide_language)
    where.add("t.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    where.only(is_active=is_active)
    return where


def page_statement(filters: TripFilters, *, is_active: bool | None) -> tuple[str, list[object]]:
    """The statement and its arguments for one page: a row a trip, of its `card` and of the `total` there are.

    Put together from fixed fragments only; everything a client sends is an argument. `$1` waits for the language.
    """
    where = _where(filters, is_active=is_active, first=4)
    order = _ORDERS[filters.sort]
    count = f"(SELECT count(*) FROM trips t WHERE {where}) AS total, "
    statement = _cards(f"{where} ORDER BY {order} LIMIT $2 OFFSET $3", order, beside=count)
    return statement, [filters.per_page, filters.offset, *where.arguments]


def count_statement(filters: TripFilters, *, is_active: bool | None) -> tuple[str, list[object]]:
    """The statement and its arguments for how many there are, where no row of a page says so."""
    where = _where(filters, is_active=is_active, first=1)
    return f"SELECT count(*) FROM trips t WHERE {where}", where.arguments


async def list_trips(
    connection: Connection, filters: TripFilters, *, language: Language, is_active: bool | None
) -> tuple[bytes, int]:
    """One page as a JSON array of `TripOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = page_statement(filters, is_active=is_active)
    rows = await connection.fetch(statement, language, *arguments)
    if rows or filters.page == 1:
        return _joined(rows), rows[0]["total"] if rows else 0
    statement, arguments = count_statement(filters, is_active=is_active)
    return _joined(rows), await connection.fetchval(statement, *arguments)


async def list_featured(connection: Connection, *, language: Language, limit: int) -> bytes:
    """The best rated of the featured trips, as a JSON array of `TripOut`."""
    return _joined(await connection.fetch(SELECT_FEATURED, language, limit))


def _joined(rows: Sequence[Row]) -> bytes:
    """The array of the rows' cards, as PostgreSQL writes arrays."""
    return b"[" + b", \n ".join([row["card"] for row in rows]) + b"]"


async def put_stock(tx: Connection, *, trip_id: UUID, now: datetime) -> None:
    """Make the trip's seats what its row says."""
    await tx.execute(PUT_STOCK, trip_id, new_id(), now)


async def find_included(tx: Connection, included: Included) -> dict[str, UUID | None]:
    """The ids of what a trip includes, under the names that `Included` has for it; None what is not there."""
    room = included.room
    row = await tx.fetchrow(FIND_INCLUDED, room and room.hotel, room and room.key, included.vehicle, included.guide)
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    return dict(row)


async def put_included(tx: Connection, *, trip_id: UUID, found: Mapping[str, UUID | None]) -> None:
    """`found`: from `find_included`."""
    await tx.execute(PUT_INCLUDED, trip_id, found["room"], found["vehicle"], found["guide"])
