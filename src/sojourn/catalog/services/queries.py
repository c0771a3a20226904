"""Every statement about services, in the manner of the trips' (`catalog/trips/queries.py`)."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.catalog.services.models import ServiceSort, ServiceType, TypedServiceFilters
from sojourn.catalog.statements import LoadedRow, Where
from sojourn.catalog.values import containing, find_id
from sojourn.platform.db.database import Connection
from sojourn.platform.i18n import Language

# One column a field of ServiceOut, in its order. $1 is the language of the display fields.
_WIRE: LiteralString = """
    s.id, s.slug, s.type, s.title, s.title_km, s.title_zh,
    coalesce(nullif(CASE $1 WHEN 'km' THEN s.title_km WHEN 'zh' THEN s.title_zh END, ''), s.title) AS display_title,
    s.description, s.description_km, s.description_zh,
    coalesce(nullif(CASE $1 WHEN 'km' THEN s.description_km WHEN 'zh' THEN s.description_zh END, ''), s.description)
        AS display_description,
    s.long_description, s.long_description_km, s.long_description_zh,
    coalesce(nullif(CASE $1 WHEN 'km' THEN s.long_description_km WHEN 'zh' THEN s.long_description_zh END, ''),
             s.long_description) AS display_long_description,
    s.price::text, s.service_fee::text, s.government_fee::text, s.old_price::text, s.price_range, s.images, s.specs,
    s.features, s.region, s.checklist, s.stages, s.requires_consultant, s.is_active, s.sort_order, s.version,
    iso(s.created_at) AS created_at, iso(s.updated_at) AS updated_at
"""
SELECT_SERVICE: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8') FROM (SELECT {_WIRE} FROM services s WHERE s.id = $2) x
"""
SELECT_ACTIVE_SERVICE_BY_ID: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8')
  FROM (SELECT {_WIRE} FROM services s WHERE s.id = $2 AND s.is_active) x
"""
SELECT_ACTIVE_SERVICE_BY_SLUG: LiteralString = f"""
SELECT convert_to(row_to_json(x)::text, 'UTF8')
  FROM (SELECT {_WIRE} FROM services s WHERE s.slug = $2 AND s.is_active) x
"""

_ORDERS: dict[ServiceSort, LiteralString] = {
    ServiceSort.SHELF: "array_position(ARRAY['MAIN', 'MICRO', 'DIGITAL'], s.type), s.sort_order, s.id",
    ServiceSort.PRICE_ASC: "s.price, s.id",
    ServiceSort.PRICE_DESC: "s.price DESC, s.id DESC",
    ServiceSort.TITLE: "s.title, s.id",
    ServiceSort.NEWEST: "s.created_at DESC, s.id DESC",
}

# What an agency says about a service; ids, versions and times are ours.
_COLUMNS: LiteralString = """
    slug, type, title, title_km, title_zh, description, description_km, description_zh, long_description,
    long_description_km, long_description_zh, price, service_fee, government_fee, old_price, price_range, images, specs,
    features, region, checklist, stages, requires_consultant, is_active, sort_order
"""
INSERT_SERVICE: LiteralString = f"""
INSERT INTO services (id, created_at, updated_at, {_COLUMNS})
SELECT $1, $2, $2, {_COLUMNS} FROM jsonb_populate_record(NULL::services, $3::jsonb)
"""
UPDATE_SERVICE: LiteralString = f"""
UPDATE services
   SET ({_COLUMNS}) = (SELECT {_COLUMNS} FROM jsonb_populate_record(NULL::services, $3::jsonb)),
       version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1
"""
RETIRE_SERVICE: LiteralString = """
UPDATE services SET is_active = false, version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1 AND is_active
"""
LOCK_SERVICE: LiteralString = f"""
SELECT version, (SELECT row_to_json(x)::text FROM (SELECT {_COLUMNS}) x) AS content
  FROM services WHERE id = $1 FOR NO KEY UPDATE
"""
# A row that a person has changed (source_hash is NULL) is theirs; one that says what the file says stays as it is.
UPSERT_SERVICE: LiteralString = f"""
INSERT INTO services AS s (id, created_at, updated_at, source_hash, {_COLUMNS})
SELECT $1, $2, $2, $3, {_COLUMNS} FROM jsonb_populate_record(NULL::services, $4::jsonb)
ON CONFLICT (slug) DO UPDATE
   SET ({_COLUMNS}) = (SELECT {_COLUMNS} FROM jsonb_populate_record(NULL::services, $4::jsonb)),
       version = s.version + 1, updated_at = $2, source_hash = excluded.source_hash
 WHERE s.source_hash <> excluded.source_hash
RETURNING id, (xmax = 0) AS is_new
"""


def page_statement(
    filters: TypedServiceFilters, *, kind: ServiceType | None, is_active: bool
) -> tuple[str, list[object]]:
    """The statement and its arguments for one page: a row of `total` and `items`, the JSON array.

    Put together from fixed fragments only; everything a client sends is an argument. `$1` waits for the language.
    """
    where = Where(first=4)
    where.require("s.is_active" if is_active else "NOT s.is_active")
    where.add("s.type = ?", kind)
    where.add("lower(s.region) = lower(?)", filters.region)
    where.add("s.price >= ?", filters.min_price)
    where.add("s.price <= ?", filters.max_price)
    where.add("s.search LIKE lower(?)", containing(filters.q) if filters.q else None)
    order = _ORDERS[filters.sort]
    # Ids first: whole rows are wide, and only the page's are read.
    statement = f"""
SELECT (SELECT count(*) FROM services s WHERE {where}) AS total,
       convert_to(coalesce(json_agg(x)::text, '[]'), 'UTF8') AS items
  FROM (SELECT {_WIRE}
          FROM (SELECT s.id FROM services s WHERE {where} ORDER BY {order} LIMIT $2 OFFSET $3) p
          JOIN services s ON s.id = p.id
         ORDER BY {order}) x
"""
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
    row = await connection.fetchrow(statement, language, *arguments)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return row["items"], row["total"]


async def get_active_service(connection: Connection, id_or_slug: str, *, language: Language) -> bytes:
    """One service on offer, as JSON in the shape of `ServiceOut`. Raises `ServiceNotFound`."""
    service_id = find_id(id_or_slug)
    if service_id is not None:
        return _found(await connection.fetchval(SELECT_ACTIVE_SERVICE_BY_ID, language, service_id))
    return _found(await connection.fetchval(SELECT_ACTIVE_SERVICE_BY_SLUG, language, id_or_slug))


async def get_service(connection: Connection, service_id: UUID, *, language: Language) -> bytes:
    """One service, retired or not, as JSON in the shape of `ServiceOut`. Raises `ServiceNotFound`."""
    return _found(await connection.fetchval(SELECT_SERVICE, language, service_id))


async def insert_service(tx: Connection, *, service_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    """`content` is what `service.stored` makes of a service."""
    await tx.execute(INSERT_SERVICE, service_id, now, content)


async def update_service(tx: Connection, *, service_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    """`content` is what `service.stored` makes of a service. From now on the row is a person's, not the data file's."""
    await tx.execute(UPDATE_SERVICE, service_id, now, content)


async def retire_service(tx: Connection, *, service_id: UUID, now: datetime) -> bool:
    """Take the service off the shelf. False when it was off already."""
    return str(await tx.execute(RETIRE_SERVICE, service_id, now)) == "UPDATE 1"


async def lock_service(tx: Connection, service_id: UUID) -> tuple[int, dict[str, Any]]:
    """Lock the row; its version and what the agency says in it. Raises `ServiceNotFound`."""
    row = await tx.fetchrow(LOCK_SERVICE, service_id)
    if row is None:
        raise ServiceNotFound
    return row["version"], json.loads(row["content"], parse_float=Decimal)


async def upsert_service(
    tx: Connection, *, new_id: UUID, content: Mapping[str, Any], source_hash: str, now: datetime
) -> LoadedRow | None:
    """Put a data file's service in. None when the row stays as it is: unchanged, or changed by a person since."""
    row = await tx.fetchrow(UPSERT_SERVICE, new_id, now, source_hash, content)
    return LoadedRow(row["id"], row["is_new"]) if row else None


def _found(service: bytes | None) -> bytes:
    if service is None:
        raise ServiceNotFound
    return service
