"""Every statement about hotels, in the manner of the trips' (`catalog/trips/queries.py`)."""

from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.hotels.errors import HotelNotFound
from sojourn.catalog.hotels.models import HotelFilters, HotelSort, RoomIn
from sojourn.catalog.shelf_queries import fetch_page, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id

_NOTHING_ASKED: LiteralString = "NULL::integer"
# What is left of a room each night from $5 to $6, at $7.
_LEFT: LiteralString = """(
        SELECT least_left(r.id, $5, $6, $7) FROM resources r WHERE r.kind = 'ROOM' AND r.owner_id = h.id)"""


def _wire(left: LiteralString) -> LiteralString:
    """One column a field of HotelOut, in its order. $1 is the language of the display fields."""
    return f"""
    t.id, t.slug, t.name, t.name_kh, t.name_zh,
    {translated("t.name")} AS display_name,
    t.description, t.description_kh, t.description_zh,
    {translated("t.description")} AS display_description,
    t.province, t.destination, t.address, t.latitude, t.longitude, t.stars, t.amenities, t.check_in_time,
    t.check_out_time, t.cancellation_policy, t.languages, t.images,
    (SELECT min(h.nightly_rate_usd)::text FROM hotel_rooms h WHERE h.hotel_id = t.id AND h.is_active)
        AS from_price_usd,
    coalesce((SELECT json_agg(room) FROM (
        SELECT h.id, h.key, h.name, h.name_kh, h.name_zh,
               {translated("h.name")} AS display_name,
               h.max_guests, h.beds, h.size_m2, h.nightly_rate_usd::text, h.count, h.amenities,
               {left} AS available
          FROM hotel_rooms h WHERE h.hotel_id = t.id AND h.is_active ORDER BY h.position) AS room), '[]') AS rooms,
    t.is_active, t.avg_rating, t.review_count, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""


HOTELS = shelf(
    table="hotels",
    answer=json_of(_wire(_NOTHING_ASKED)),
    columns="""
    slug, name, name_kh, name_zh, description, description_kh, description_zh, province, destination, address,
    latitude, longitude, stars, amenities, check_in_time, check_out_time, cancellation_policy, languages, images,
    is_active
""",
    not_found=HotelNotFound,
    kept_elsewhere=""", (
        SELECT json_agg(room) FROM (
            SELECT key, name, name_kh, name_zh, max_guests, beds, size_m2, nightly_rate_usd, count, amenities
              FROM hotel_rooms WHERE hotel_id = t.id AND is_active ORDER BY position) AS room) AS rooms""",
)
_ORDERS: dict[HotelSort, LiteralString] = {
    HotelSort.STARS: "t.stars DESC, t.avg_rating DESC NULLS LAST, t.id",
    HotelSort.PRICE_ASC: "(SELECT min(nightly_rate_usd) FROM hotel_rooms WHERE hotel_id = t.id AND is_active), t.id",
    HotelSort.PRICE_DESC: """(SELECT min(nightly_rate_usd) FROM hotel_rooms WHERE hotel_id = t.id AND is_active) DESC,
           t.id DESC""",
    HotelSort.RATING: "t.avg_rating DESC NULLS LAST, t.id",
    HotelSort.NEWEST: "t.created_at DESC, t.id DESC",
}
# The hotel's rooms become those named, known by their keys; the others are retired. So do their resources.
PUT_ROOMS: LiteralString = """
WITH named AS (
    SELECT n.* FROM jsonb_to_recordset($2::jsonb) AS n (
        id uuid, key text, name text, name_kh text, name_zh text, max_guests integer, beds jsonb, size_m2 integer,
        nightly_rate_usd numeric, count integer, amenities text[], position integer)
), retired AS (
    UPDATE hotel_rooms SET is_active = false
     WHERE hotel_id = $1 AND is_active AND key NOT IN (SELECT key FROM named)
)
INSERT INTO hotel_rooms AS h (id, hotel_id, key, name, name_kh, name_zh, max_guests, beds, size_m2, nightly_rate_usd,
                              count, amenities, position)
SELECT id, $1, key, name, name_kh, name_zh, max_guests, beds, size_m2, nightly_rate_usd, count, amenities, position
  FROM named
ON CONFLICT (hotel_id, key) DO UPDATE
   SET name = excluded.name, name_kh = excluded.name_kh, name_zh = excluded.name_zh, max_guests = excluded.max_guests,
       beds = excluded.beds, size_m2 = excluded.size_m2, nightly_rate_usd = excluded.nightly_rate_usd,
       count = excluded.count, amenities = excluded.amenities, position = excluded.position, is_active = true
"""
PUT_STOCK: LiteralString = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT gen_random_uuid(), 'ROOM', h.id, t.name || ', ' || h.name, h.count, h.is_active AND t.is_active, $2
  FROM hotel_rooms h JOIN hotels t ON t.id = h.hotel_id WHERE t.id = $1
ON CONFLICT (kind, owner_id) DO UPDATE
   SET name = excluded.name, capacity = excluded.capacity, is_active = excluded.is_active
"""


def page_statement(filters: HotelFilters, *, is_active: bool | None, now: datetime) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    asks_for_nights = filters.check_in is not None and filters.check_out is not None
    # $4: how many rooms of one kind the party needs; $5, $6, $7: the nights, and now.
    where = Where(first=8 if asks_for_nights else 5)
    where.add("replace(lower(t.province), ' ', '-') = ?", province_key(filters.province))
    where.add("t.stars = ?", filters.stars)
    where.add("t.stars >= ?", filters.min_stars)
    where.add("t.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    where.only(is_active=is_active)
    room = _room_statement(filters, where)
    nights: list[object] = []
    if filters.check_in is not None and filters.check_out is not None:
        nights = [filters.check_in, filters.check_out - timedelta(days=1), now]
        room += f" AND {_LEFT} >= $4"
    where.require(f"EXISTS (SELECT FROM hotel_rooms h WHERE {room})")
    order = _ORDERS[filters.sort]
    statement = page_of("hotels", where, wire=_wire(_LEFT if asks_for_nights else _NOTHING_ASKED), order=order)
    return statement, [filters.per_page, filters.offset, filters.rooms, *nights, *where.arguments]


def _room_statement(filters: HotelFilters, where: Where) -> str:
    """One kind of room must meet all that is asked of rooms."""
    conditions = [
        "h.hotel_id = t.id AND h.is_active AND h.count >= $4",
        where.number("h.nightly_rate_usd >= ?", filters.min_price),
        where.number("h.nightly_rate_usd <= ?", filters.max_price),
        where.number("h.max_guests * $4 >= ?", filters.guests),
    ]
    return " AND ".join(condition for condition in conditions if condition)


async def list_hotels(
    connection: Connection, filters: HotelFilters, *, language: Language, is_active: bool | None, now: datetime
) -> tuple[bytes, int]:
    """One page as a JSON array of `HotelOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = page_statement(filters, is_active=is_active, now=now)
    return await fetch_page(connection, statement, language, arguments)


async def put_rooms(tx: Connection, *, hotel_id: UUID, rooms: list[RoomIn], now: datetime) -> None:
    """Make the hotel's rooms these, and their stock what they say."""
    named = [
        {**room.model_dump(mode="json"), "id": str(new_id()), "position": position}
        for position, room in enumerate(rooms)
    ]
    await tx.execute(PUT_ROOMS, hotel_id, named)
    await tx.execute(PUT_STOCK, hotel_id, now)
