"""Every statement about places, in the manner of the trips' (`catalog/trips/queries.py`)."""

from typing import LiteralString

from sojourn.catalog.places.errors import PlaceNotFound
from sojourn.catalog.places.models import PlaceSearch, PlaceSort, Spot
from sojourn.catalog.places.rules import boxes_around, order_of
from sojourn.catalog.shelf_queries import fetch_page, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

_NOTHING_ASKED: LiteralString = "NULL::numeric"
# From the point ($4, $5).
_DISTANCE: LiteralString = "great_circle_km(t.latitude, t.longitude, $4, $5)"


def _wire(distance: LiteralString) -> LiteralString:
    """One column a field of PlaceOut, in its order. $1 is the language of the display fields."""
    return f"""
    t.id, t.slug, t.name, t.name_kh, t.name_zh,
    {translated("t.name")} AS display_name,
    CASE WHEN nullif(CASE $1 WHEN 'km' THEN t.name_kh WHEN 'zh' THEN t.name_zh END, '') IS NULL THEN 'en' ELSE $1 END
        AS display_language,
    t.description, t.description_kh, t.description_zh,
    {translated("t.description")} AS display_description,
    t.category, t.province, t.latitude, t.longitude, {distance} AS distance_km, t.opening_hours,
    t.entry_fee_usd::text, t.best_months, t.visit_minutes, t.tips, t.tags, t.images, t.is_active, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""


PLACES = shelf(
    table="places",
    answer=json_of(_wire(_NOTHING_ASKED)),
    columns="""
    slug, name, name_kh, name_zh, description, description_kh, description_zh, category, province, latitude, longitude,
    opening_hours, entry_fee_usd, best_months, visit_minutes, tips, tags, images, is_active
""",
    not_found=PlaceNotFound,
)
_ORDERS: dict[PlaceSort, LiteralString] = {
    PlaceSort.NAME: "t.name, t.id",
    PlaceSort.FEE: "t.entry_fee_usd, t.id",
    PlaceSort.DISTANCE: f"{_DISTANCE}, t.id",
}


def search_statement(filters: PlaceSearch, *, is_active: bool | None) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    spot = filters.spot
    where = Where(first=4 if spot is None else 6)
    where.add("t.category = ?", filters.category)
    where.add("replace(lower(t.province), ' ', '-') = ?", province_key(filters.province))
    where.only(is_active=is_active)
    if spot is not None:
        where.require(_within_boxes(spot, filters.reach_km, where))
        where.add(f"{_DISTANCE} <= ?", filters.reach_km)
    if filters.query is not None:
        # Asked apart, so that pairs of letters are compared in their index and never row by row.
        pairs = where.number("letter_pairs(s.search) @> sought_pairs(lower(?::text))", filters.query)
        text = where.number("s.search LIKE lower(?::text)", containing(filters.query))
        where.require(f"t.id IN (SELECT s.id FROM places s WHERE {pairs} AND {text})")
    order = _order(filters, where)
    shown = _wire(_NOTHING_ASKED if spot is None else f"round({_DISTANCE}::numeric, 2)")
    statement = page_of("places", where, wire=shown, order=order)
    return statement, [filters.per_page, filters.offset, *(spot or ()), *where.arguments]


def _within_boxes(spot: Spot, km: float, where: Where) -> str:
    """Near enough to be measured: what the index on points can tell."""
    inside = []
    for box in boxes_around(spot, km):
        west, south = where.number("?::float8", box.west), where.number("?::float8", box.south)
        east, north = where.number("?::float8", box.east), where.number("?::float8", box.north)
        inside.append(f"point(t.longitude, t.latitude) <@ box(point({west}, {south}), point({east}, {north}))")
    return f"({' OR '.join(inside)})"


def _order(filters: PlaceSearch, where: Where) -> str:
    order = order_of(filters)
    if order is not PlaceSort.RELEVANCE:
        return _ORDERS[order]
    named = where.number("(t.names LIKE lower(?::text)) DESC", containing(filters.query or ""))
    return f"{named}, {_ORDERS[PlaceSort.NAME]}"


async def search(
    connection: Connection, filters: PlaceSearch, *, language: Language, is_active: bool | None = True
) -> tuple[bytes, int]:
    """One page as a JSON array of `PlaceOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = search_statement(filters, is_active=is_active)
    return await fetch_page(connection, statement, language, arguments)
