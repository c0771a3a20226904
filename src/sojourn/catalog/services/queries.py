"""Every statement about services, in the manner of the trips' (`catalog/trips/queries.py`)."""

from collections.abc import Collection
from typing import LiteralString
from uuid import UUID

from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.catalog.services.models import ServiceSort, ServiceType, TypedServiceFilters
from sojourn.catalog.shelf_queries import fetch_page, json_of, page_of, shelf
from sojourn.catalog.statements import Where, translated
from sojourn.catalog.values import containing
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

# One column a field of ServiceOut, in its order. $1 is the language of the display fields.
_WIRE: LiteralString = f"""
    t.id, t.slug, t.type, t.title, t.title_km, t.title_zh,
    {translated("t.title", khmer="km")} AS display_title,
    t.description, t.description_km, t.description_zh,
    {translated("t.description", khmer="km")} AS display_description,
    t.long_description, t.long_description_km, t.long_description_zh,
    {translated("t.long_description", khmer="km")} AS display_long_description,
    t.price::text, t.service_fee::text, t.government_fee::text, t.old_price::text, t.price_range, t.images, t.specs,
    t.features, t.region, t.checklist, t.stages, t.requires_consultant, t.is_active, t.sort_order, t.version,
    iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
"""
SERVICES = shelf(
    table="services",
    answer=json_of(_WIRE),
    columns="""
    slug, type, title, title_km, title_zh, description, description_km, description_zh, long_description,
    long_description_km, long_description_zh, price, service_fee, government_fee, old_price, price_range, images, specs,
    features, region, checklist, stages, requires_consultant, is_active, sort_order
""",
    not_found=ServiceNotFound,
)
_ORDERS: dict[ServiceSort, LiteralString] = {
    ServiceSort.SHELF: "array_position(ARRAY['MAIN', 'MICRO', 'DIGITAL'], t.type), t.sort_order, t.id",
    ServiceSort.PRICE_ASC: "t.price, t.id",
    ServiceSort.PRICE_DESC: "t.price DESC, t.id DESC",
    ServiceSort.TITLE: "t.title, t.id",
    ServiceSort.NEWEST: "t.created_at DESC, t.id DESC",
}

_WITH_IDS = f"""
SELECT coalesce(json_agg(x)::text, '[]') FROM (SELECT {_WIRE} FROM services t WHERE t.id = ANY($2::uuid[])) x
"""
_SLUGS_LIKE = "SELECT slug FROM services WHERE slug = $1 OR slug LIKE $1 || '-%'"


def page_statement(
    filters: TypedServiceFilters, *, kind: ServiceType | None, is_active: bool
) -> tuple[str, list[object]]:
    """The statement and its arguments for one page. `$1` waits for the language."""
    where = Where(first=4)
    where.only(is_active=is_active)
    where.add("t.type = ?", kind)
    where.add("lower(t.region) = lower(?)", filters.region)
    where.add("t.price >= ?", filters.min_price)
    where.add("t.price <= ?", filters.max_price)
    where.add("t.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    order = _ORDERS[filters.sort]
    statement = page_of("services", where, wire=_WIRE, order=order)
    return statement, [filters.per_page, filters.offset, *where.arguments]


async def list_services(
    connection: Connection,
    filters: TypedServiceFilters,
    *,
    kind: ServiceType | None,
    is_active: bool,
    language: Language,
) -> tuple[bytes, int]:
    """One page as a JSON array of `ServiceOut`, and how many there are in all."""
    statement, arguments = page_statement(filters, kind=kind, is_active=is_active)
    return await fetch_page(connection, statement, language, arguments)


async def list_with_ids(connection: Connection, ids: Collection[UUID], *, language: Language) -> str:
    """These services, on offer or retired, as a JSON array of `ServiceOut` in no order."""
    services: str = await connection.fetchval(_WITH_IDS, language, ids)
    return services


async def list_slugs_like(connection: Connection, slug: str) -> set[str]:
    """The slug, and those that begin with it and a hyphen, of services on offer and retired."""
    return {row["slug"] for row in await connection.fetch(_SLUGS_LIKE, slug)}
