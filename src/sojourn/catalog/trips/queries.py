"""Every statement about trips.

What the public reads is JSON that PostgreSQL builds, in the shape of `TripOut`: nothing is looked at row by row here.
Lists are put together from fixed fragments, so that each combination of filters has a plan, and an index, of its own.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from sojourn.catalog.statements import LoadedRow, Where
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.catalog.trips.models import TripFilters, TripSort
from sojourn.catalog.values import containing, find_id, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

# One column a field of TripOut, in its order. $1 is the language of the display fields.
_WIRE: LiteralString = """
    t.id, t.slug, t.title, t.title_kh, t.title_zh,
    coalesce(nullif(CASE $1 WHEN 'km' THEN t.title_kh WHEN 'zh' THEN t.title_zh END, ''), t.title) AS display_title,
    t.summary, t.summary_kh, t.summary_zh,
    coalesce(nullif(CASE $1 WHEN 'km' THEN t.summary_kh WHEN 'zh' THEN t.summary_zh END, ''), t.summary)
        AS display_summary,
    t.destination, t.province, t.duration_days, t.price_per_person_usd::text, t.non_refundable_fee_usd::text,
    t.environment, t.mood_tags, t.languages, t.includes, t.excludes, t.itinerary, t.highlights, t.options,
    t.min_people, t.max_people, coalesce(t.capacity_per_departure, t.max_people) AS capacity_per_departure,
    t.cancellation_policy, t.hotel_id, t.transport_type, t.meeting_point, t.latitude, t.longitude, t.images,
    t.is_active, t.is_featured, t.avg_rating, t.review_count, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
SELECT_TRIP: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8') FROM (SELECT {_WIRE} FROM trips t WHERE t.id = $2) x
"""
SELECT_ACTIVE_TRIP_BY_ID: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8') FROM (SELECT {_WIRE} FROM trips t WHERE t.id = $2 AND t.is_active) x
"""
SELECT_ACTIVE_TRIP_BY_SLUG: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8') FROM (SELECT {_WIRE} FROM trips t WHERE t.slug = $2 AND t.is_active) x
"""
SELECT_FEATURED: LiteralString = f"""
SELECT convert_to(coalesce(json_agg(x)::text, '[]'), 'UTF8')
  FROM (SELECT {_WIRE} FROM trips t WHERE t.is_active AND t.is_featured
         ORDER BY t.avg_rating DESC NULLS LAST, t.id LIMIT $2) x
"""

_ORDERS: dict[TripSort, LiteralString] = {
    TripSort.RATING: "t.avg_rating DESC NULLS LAST, t.id",
    TripSort.PRICE_ASC: "t.price_per_person_usd, t.id",
    TripSort.PRICE_DESC: "t.price_per_person_usd DESC, t.id DESC",
    TripSort.DURATION: "t.duration_days, t.price_per_person_usd, t.id",
    TripSort.NEWEST: "t.created_at DESC, t.id DESC",
}

# What an agency says about a trip; ids, versions, ratings and times are ours.
_COLUMNS: LiteralString = """
    slug, title, title_kh, title_zh, summary, summary_kh, summary_zh, destination, province, duration_days,
    price_per_person_usd, non_refundable_fee_usd, environment, mood_tags, languages, includes, excludes, itinerary,
    highlights, options, min_people, max_people, capacity_per_departure, cancellation_policy, transport_type,
    meeting_point, latitude, longitude, images, is_active, is_featured
"""
INSERT_TRIP: LiteralString = f"""
INSERT INTO trips (id, created_at, updated_at, {_COLUMNS})
SELECT $1, $2, $2, {_COLUMNS} FROM jsonb_populate_record(NULL::trips, $3::jsonb)
"""
UPDATE_TRIP: LiteralString = f"""
UPDATE trips
   SET ({_COLUMNS}) = (SELECT {_COLUMNS} FROM jsonb_populate_record(NULL::trips, $3::jsonb)),
       version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1
"""
RETIRE_TRIP: LiteralString = """
UPDATE trips SET is_active = false, version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1 AND is_active
"""
LOCK_TRIP: LiteralString = f"""
SELECT version, (SELECT row_to_json(x)::text FROM (SELECT {_COLUMNS}) x) AS content
  FROM trips WHERE id = $1 FOR NO KEY UPDATE
"""
# A row that a person has changed (source_hash is NULL) is theirs; one that says what the file says stays as it is.
UPSERT_TRIP: LiteralString = f"""
INSERT INTO trips AS t (id, created_at, updated_at, source_hash, {_COLUMNS})
SELECT $1, $2, $2, $3, {_COLUMNS} FROM jsonb_populate_record(NULL::trips, $4::jsonb)
ON CONFLICT (slug) DO UPDATE
   SET ({_COLUMNS}) = (SELECT {_COLUMNS} FROM jsonb_populate_record(NULL::trips, $4::jsonb)),
       version = t.version + 1, updated_at = $2, source_hash = excluded.source_hash
 WHERE t.source_hash <> excluded.source_hash
RETURNING id, (xmax = 0) AS is_new
"""


def page_statement(filters: TripFilters, *, is_active: bool | None) -> tuple[str, list[object]]:
    """The statement and its arguments for one page: a row of `total` and `items`, the JSON array.

    Put together from fixed fragments only; everything a client sends is an argument. `$1` waits for the language.
    """
    where = Where(first=4)
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
    if is_active is not None:
        where.require("t.is_active" if is_active else "NOT t.is_active")
    order = _ORDERS[filters.sort]
    # Ids first: whole rows are wide, and only the page's are read.
    statement = f"""
SELECT (SELECT count(*) FROM trips t WHERE {where}) AS total,
       convert_to(coalesce(json_agg(x)::text, '[]'), 'UTF8') AS items
  FROM (SELECT {_WIRE}
          FROM (SELECT t.id FROM trips t WHERE {where} ORDER BY {order} LIMIT $2 OFFSET $3) p
          JOIN trips t ON t.id = p.id
         ORDER BY {order}) x
"""
    return statement, [filters.per_page, filters.offset, *where.arguments]


async def list_trips(
    connection: Connection, filters: TripFilters, *, language: Language, is_active: bool | None
) -> tuple[bytes, int]:
    """One page as a JSON array of `TripOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = page_statement(filters, is_active=is_active)
    row = await connection.fetchrow(statement, language, *arguments)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return row["items"], row["total"]


async def list_featured(connection: Connection, *, language: Language, limit: int) -> bytes:
    """The best rated of the featured trips, as a JSON array of `TripOut`."""
    items: bytes = await connection.fetchval(SELECT_FEATURED, language, limit)
    return items


async def get_active_trip(connection: Connection, id_or_slug: str, *, language: Language) -> bytes:
    """One trip on offer, as JSON in the shape of `TripOut`. Raises `TripNotFound`."""
    trip_id = find_id(id_or_slug)
    if trip_id is not None:
        trip = await connection.fetchval(SELECT_ACTIVE_TRIP_BY_ID, language, trip_id)
    else:
        trip = await connection.fetchval(SELECT_ACTIVE_TRIP_BY_SLUG, language, id_or_slug)
    return _found(trip)


async def get_trip(connection: Connection, trip_id: UUID, *, language: Language) -> bytes:
    """One trip, retired or not, as JSON in the shape of `TripOut`. Raises `TripNotFound`."""
    return _found(await connection.fetchval(SELECT_TRIP, language, trip_id))


async def insert_trip(tx: Connection, *, trip_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    """`content` is what `service.stored` makes of a trip."""
    await tx.execute(INSERT_TRIP, trip_id, now, content)


async def update_trip(tx: Connection, *, trip_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    """`content` is what `service.stored` makes of a trip. From now on the row is a person's, not the data file's."""
    await tx.execute(UPDATE_TRIP, trip_id, now, content)


async def retire_trip(tx: Connection, *, trip_id: UUID, now: datetime) -> bool:
    """Take the trip off the shelf. False when it was off already."""
    return str(await tx.execute(RETIRE_TRIP, trip_id, now)) == "UPDATE 1"


async def lock_trip(tx: Connection, trip_id: UUID) -> tuple[int, dict[str, Any]]:
    """Lock the row; its version and what the agency says in it. Raises `TripNotFound`."""
    row = await tx.fetchrow(LOCK_TRIP, trip_id)
    if row is None:
        raise TripNotFound
    return row["version"], json.loads(row["content"], parse_float=Decimal)


async def upsert_trip(
    tx: Connection, *, new_id: UUID, content: Mapping[str, Any], source_hash: str, now: datetime
) -> LoadedRow | None:
    """Put a data file's trip in. None when the row stays as it is: unchanged, or changed by a person since."""
    row = await tx.fetchrow(UPSERT_TRIP, new_id, now, source_hash, content)
    return LoadedRow(row["id"], row["is_new"]) if row else None


def _found(trip: bytes | None) -> bytes:
    if trip is None:
        raise TripNotFound
    return trip
