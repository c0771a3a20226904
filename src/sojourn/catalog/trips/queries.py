"""Every statement about trips.

What the public reads is JSON that PostgreSQL builds, in the shape of `TripOut`: nothing is looked at row by row here.
Lists are put together from fixed fragments, so that each combination of filters has a plan, and an index, of its own.
"""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.shelf_queries import shelf
from sojourn.catalog.statements import Where
from sojourn.catalog.trips.errors import TripNotFound
from sojourn.catalog.trips.models import TripFilters, TripSort
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id

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
TRIPS = shelf(
    table="trips",
    wire=_WIRE,
    columns="""
    slug, title, title_kh, title_zh, summary, summary_kh, summary_zh, destination, province, duration_days,
    price_per_person_usd, non_refundable_fee_usd, environment, mood_tags, languages, includes, excludes, itinerary,
    highlights, options, min_people, max_people, capacity_per_departure, cancellation_policy, transport_type,
    meeting_point, latitude, longitude, images, is_active, is_featured
""",
    not_found=TripNotFound,
)
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

# The seats of a trip: so many a day. What is taken of them is kept by sales.
PUT_STOCK: LiteralString = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT $2, 'DEPARTURE', id, title, coalesce(capacity_per_departure, max_people), is_active, $3 FROM trips WHERE id = $1
ON CONFLICT (kind, owner_id) DO UPDATE
   SET name = excluded.name, capacity = excluded.capacity, is_active = excluded.is_active
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


async def put_stock(tx: Connection, *, trip_id: UUID, now: datetime) -> None:
    """Make the trip's seats what its row says."""
    await tx.execute(PUT_STOCK, trip_id, new_id(), now)
