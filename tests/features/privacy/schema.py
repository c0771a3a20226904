"""What the schema says about people: every table that leads to an account, and a row of marks in each."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

PERSON = UUID("01a20000-0000-7000-8000-000000000001")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# No foreign key leads from these to an account, their columns do.
UNBOUND = {"user_events", "audit_entries", "failed_sign_ins", "price_lines", "resources"}

# A guide's entry leads to an account; what names the entry (a trip, a booking) speaks of the agency's guide.
_LEADING = """
WITH RECURSIVE reaching AS (
    SELECT 'users'::regclass::oid AS found
     UNION
    SELECT c.conrelid FROM pg_constraint c JOIN reaching l ON c.confrelid = l.found
     WHERE c.contype = 'f' AND l.found <> 'guides'::regclass
)
SELECT found::regclass::text AS name FROM reaching ORDER BY 1
"""
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
       (SELECT c.confrelid::regclass::text FROM pg_constraint c
         WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey) LIMIT 1) AS leads_to
  FROM pg_attribute a
 WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = '' AND a.attidentity = ''
 ORDER BY a.attnum
"""
_WITHOUT_CHECKS = """
SELECT string_agg(format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), ';')
  FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
_MARK = re.compile(r"zq-([a-z_]+\.[a-z_]+)-qz")


async def leading_to_accounts(connection: Connection) -> set[str]:
    """Tables from which foreign keys lead to an account, however far, and those that say so without one."""
    return {row["name"] for row in await connection.fetch(_LEADING)} | UNBOUND


def mark(table: str, column: str) -> str:
    """What stands in a column and nowhere else."""
    return f"zq-{table}.{column}-qz"


def row_id(table: str) -> UUID:
    """The id of the marked row of a table."""
    return PERSON if table == "users" else uuid5(PERSON, table)


def _value(table: str, column: str, kind: str, leads_to: str | None) -> Any:
    text = mark(table, column)
    if kind == "uuid":
        return row_id(leads_to or table)
    whole = {"smallint": 1, "integer": 1, "bigint": 1, "numeric": 1, "double precision": 1.0, "boolean": False}
    if kind in whole:
        return whole[kind]
    other = {
        "text": text, "text[]": [text], "jsonb": json.dumps({"said": text, "payment_method": text}),
        "bytea": text.encode(), "timestamp with time zone": LONG_AGO, "date": LONG_AGO.date(),
    }  # fmt: skip
    return other[kind]


async def mark_everything(
    connection: Connection, tables: set[str], *, given: Mapping[str, Mapping[str, object]]
) -> None:
    """One row in each of `tables`, all of one person, with a mark of its own in every column that can hold one.

    `given` are the values that the code asks about. What the schema forbids is allowed first: this is no real data.
    """
    columns_of = {table: await connection.fetch(_COLUMNS, table) for table in sorted(tables)}
    await connection.execute(await connection.fetchval(_WITHOUT_CHECKS))
    await connection.execute("SET session_replication_role = replica")  # no foreign key is asked
    for table, columns in columns_of.items():
        values = {
            column["name"]: _value(table, column["name"], column["type"], column["leads_to"]) for column in columns
        } | dict(given.get(table, {}))
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())
    await connection.execute("RESET session_replication_role")


async def everything(connection: Connection) -> str:
    """Every row of every table, as text; bytes as what they spell."""
    said = []
    for table in await connection.fetch(_TABLES):
        rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table['tablename']} t")
        said += [_spelled(row["row"]) for row in rows]
    return "\n".join(said)


def _spelled(row: str) -> str:
    return re.sub(r"\\\\x([0-9a-f]*)", lambda found: bytes.fromhex(found[1]).decode("latin-1"), row)


async def surviving_marks(connection: Connection) -> set[str]:
    """`table.column` of every mark that is still somewhere."""
    return set(_MARK.findall(await everything(connection)))
