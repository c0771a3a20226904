"""What every kind in the catalogue has in common: the statements that read and write one entry of it.

Each kind says its table, its answer and its columns once, in its `queries.py`; the statements follow from these.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from sojourn.catalog.statements import LoadedRow, Where
from sojourn.catalog.values import find_id
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import NotFound
from sojourn.platform.i18n import Language


class Shelf(NamedTuple):
    """The statements on one kind. A tuple of texts, so that each is tried against the schema by the tests."""

    select: LiteralString
    select_active_by_id: LiteralString
    select_active_by_slug: LiteralString
    insert: LiteralString
    update: LiteralString
    retire: LiteralString
    lock: LiteralString
    upsert: LiteralString
    not_found: type[NotFound]


def json_of(wire: LiteralString) -> LiteralString:
    """An answer whose fields are the columns `wire`."""
    return f"(SELECT row_to_json(x)::text FROM (SELECT {wire}) x)"


def shelf(
    *,
    table: LiteralString,
    answer: LiteralString,
    columns: LiteralString,
    not_found: type[NotFound],
    kept_elsewhere: LiteralString = "",
) -> Shelf:
    """The statements of a kind.

    `answer`: the JSON of row `t` as text, in the language $1. `columns`: what an agency says in the row.
    `kept_elsewhere`: columns of `t`'s content that live in another table, each beginning with a comma.
    """
    one = f"SELECT convert_to({answer}, 'UTF8') FROM {table} t WHERE"
    record = f"SELECT {columns} FROM jsonb_populate_record(NULL::{table},"
    return Shelf(
        select=f"{one} t.id = $2",
        select_active_by_id=f"{one} t.id = $2 AND t.is_active",
        select_active_by_slug=f"{one} t.slug = $2 AND t.is_active",
        insert=f"""
INSERT INTO {table} (id, created_at, updated_at, {columns})
SELECT $1, $2, $2, {columns} FROM jsonb_populate_record(NULL::{table}, $3::jsonb)
""",
        update=f"""
UPDATE {table} SET ({columns}) = ({record} $3::jsonb)),
       version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1
""",
        retire=f"""
UPDATE {table} SET is_active = false, version = version + 1, updated_at = $2, source_hash = NULL
 WHERE id = $1 AND is_active
""",
        lock=f"""
SELECT version, (SELECT row_to_json(x)::text FROM (SELECT {columns}{kept_elsewhere}) x) AS content
  FROM {table} t WHERE id = $1 FOR NO KEY UPDATE
""",
        # A row that a person has changed (source_hash is NULL) is theirs; one that says what the file says stays.
        upsert=f"""
INSERT INTO {table} AS t (id, created_at, updated_at, source_hash, {columns})
SELECT $1, $2, $2, $3, {columns} FROM jsonb_populate_record(NULL::{table}, $4::jsonb)
ON CONFLICT (slug) DO UPDATE
   SET ({columns}) = ({record} $4::jsonb)),
       version = t.version + 1, updated_at = $2, source_hash = excluded.source_hash
 WHERE t.source_hash <> excluded.source_hash
RETURNING id, (xmax = 0) AS is_new
""",
        not_found=not_found,
    )


def free_on(where: Where, kind: LiteralString, first: date, last: date, *, now: datetime) -> None:
    """Ask of row `t` that one of its stock is left on each day from `first` to `last`, both included."""
    left = where.number("least_left(r.id, ?::date, ", first) + where.number("?::date, ", last)
    left += where.number("?::timestamptz)", now)
    where.require(f"EXISTS (SELECT FROM resources r WHERE r.kind = '{kind}' AND r.owner_id = t.id AND {left} > 0)")


def page_of(table: LiteralString, where: Where, *, wire: str, order: str) -> str:
    """The statement for one page: a row of `total` and `items`, the JSON array of what `wire` says of each row `t`.

    Put together from fixed fragments only; everything a client sends is an argument. $1 is the language, $2 and $3 are
    limit and offset. Ids first: whole rows are wide, and only the page's are read.
    """
    return f"""
SELECT (SELECT count(*) FROM {table} t WHERE {where}) AS total,
       convert_to(coalesce(json_agg(x)::text, '[]'), 'UTF8') AS items
  FROM (SELECT {wire}
          FROM (SELECT t.id FROM {table} t WHERE {where} ORDER BY {order} LIMIT $2 OFFSET $3) p
          JOIN {table} t ON t.id = p.id
         ORDER BY {order}) x
"""


async def fetch_page(
    connection: Connection, statement: str, language: Language, arguments: Sequence[object]
) -> tuple[bytes, int]:
    """One page's JSON array, and how many entries there are in all."""
    row = await connection.fetchrow(statement, language, *arguments)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return row["items"], row["total"]


async def get_active(connection: Connection, kind: Shelf, id_or_slug: str, *, language: Language) -> bytes:
    """One entry on offer, as JSON. Raises the kind's `not_found`."""
    entry_id = find_id(id_or_slug)
    if entry_id is not None:
        return _found(kind, await connection.fetchval(kind.select_active_by_id, language, entry_id))
    return _found(kind, await connection.fetchval(kind.select_active_by_slug, language, id_or_slug))


async def get(connection: Connection, kind: Shelf, entry_id: UUID, *, language: Language) -> bytes:
    """One entry, retired or not, as JSON. Raises the kind's `not_found`."""
    return _found(kind, await connection.fetchval(kind.select, language, entry_id))


async def insert(tx: Connection, kind: Shelf, *, entry_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    await tx.execute(kind.insert, entry_id, now, content)


async def update(tx: Connection, kind: Shelf, *, entry_id: UUID, content: Mapping[str, Any], now: datetime) -> None:
    """From now on the row is a person's, not the data file's."""
    await tx.execute(kind.update, entry_id, now, content)


async def retire(tx: Connection, kind: Shelf, *, entry_id: UUID, now: datetime) -> bool:
    """Take it off the shelf. False when it was off already."""
    return str(await tx.execute(kind.retire, entry_id, now)) == "UPDATE 1"


async def lock(tx: Connection, kind: Shelf, entry_id: UUID) -> tuple[int, dict[str, Any]]:
    """Lock the row; its version and what the agency says in it. Raises the kind's `not_found`."""
    row = await tx.fetchrow(kind.lock, entry_id)
    if row is None:
        raise kind.not_found
    return row["version"], json.loads(row["content"], parse_float=Decimal)


async def upsert(
    tx: Connection, kind: Shelf, *, new_id: UUID, content: Mapping[str, Any], source_hash: str, now: datetime
) -> LoadedRow | None:
    """Put a data file's entry in. None when the row stays as it is: unchanged, or changed by a person since."""
    row = await tx.fetchrow(kind.upsert, new_id, now, source_hash, content)
    return LoadedRow(row["id"], row["is_new"]) if row else None


def _found(kind: Shelf, entry: bytes | None) -> bytes:
    if entry is None:
        raise kind.not_found
    return entry
