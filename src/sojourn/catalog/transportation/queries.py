"""Every statement about vehicles, in the manner of the trips' (`catalog/trips/queries.py`)."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.shelf_queries import fetch_page, free_on, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.catalog.transportation.models import VehicleFilters, VehicleSort
from sojourn.catalog.values import containing, province_key
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id

# One column a field of VehicleOut, in its order. $1 is the language of the display fields.
_WIRE: LiteralString = f"""
    t.id, t.slug, t.name, t.name_kh, t.name_zh,
    {translated("t.name")} AS display_name,
    t.category, t.capacity, t.luggage, t.daily_rate_usd::text, t.per_km_rate_usd::text, t.transfers, t.province,
    t.features, t.with_driver, t.languages, t.fleet_count, t.cancellation_policy, t.images, t.is_active, t.avg_rating,
    t.review_count, t.version, iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
VEHICLES = shelf(
    table="vehicles",
    answer=json_of(_WIRE),
    columns="""
    slug, name, name_kh, name_zh, category, capacity, luggage, daily_rate_usd, per_km_rate_usd, transfers, province,
    features, with_driver, languages, fleet_count, cancellation_policy, images, is_active
""",
    not_found=VehicleNotFound,
)
_ORDERS: dict[VehicleSort, LiteralString] = {
    VehicleSort.PRICE_ASC: "t.daily_rate_usd, t.id",
    VehicleSort.PRICE_DESC: "t.daily_rate_usd DESC, t.id DESC",
    VehicleSort.CAPACITY: "t.capacity, t.daily_rate_usd, t.id",
    VehicleSort.RATING: "t.avg_rating DESC NULLS LAST, t.id",
    VehicleSort.NEWEST: "t.created_at DESC, t.id DESC",
}
PUT_STOCK: LiteralString = """
INSERT INTO resources (id, kind, owner_id, name, capacity, is_active, created_at)
SELECT $2, 'VEHICLE', id, name, fleet_count, is_active, $3 FROM vehicles WHERE id = $1
ON CONFLICT (kind, owner_id) DO UPDATE
   SET name = excluded.name, capacity = excluded.capacity, is_active = excluded.is_active
"""


def page_statement(filters: VehicleFilters, *, is_active: bool | None, now: datetime) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    where = Where(first=4)
    where.add("t.category = ?", filters.category)
    where.add("t.capacity >= ?", filters.min_capacity)
    where.add("replace(lower(t.province), ' ', '-') = ?", province_key(filters.province))
    where.add("t.daily_rate_usd <= ?", filters.max_price)
    where.add("t.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    where.only(is_active=is_active)
    if filters.travel_date is not None:
        free_on(where, "VEHICLE", filters.travel_date, filters.end_date or filters.travel_date, now=now)
    order = _ORDERS[filters.sort]
    statement = page_of("vehicles", where, wire=_WIRE, order=order)
    return statement, [filters.per_page, filters.offset, *where.arguments]


async def list_vehicles(
    connection: Connection, filters: VehicleFilters, *, language: Language, is_active: bool | None, now: datetime
) -> tuple[bytes, int]:
    """One page as a JSON array of `VehicleOut`, and how many there are in all. `is_active` None: retired ones too."""
    statement, arguments = page_statement(filters, is_active=is_active, now=now)
    return await fetch_page(connection, statement, language, arguments)


async def put_stock(tx: Connection, *, vehicle_id: UUID, now: datetime) -> None:
    """Make the fleet's stock what the row says."""
    await tx.execute(PUT_STOCK, vehicle_id, new_id(), now)
