"""Many rows of any table, for lists that are long: whatever a column must have gets something that fits it."""

from datetime import datetime

from tests.support.client import StorefrontClient

_NEEDED = """
SELECT column_name, udt_name FROM information_schema.columns
 WHERE table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
"""
# The same id for the same row of every table: what refers to each other belongs together.
ID = "md5(n::text)::uuid"
MOMENT = "$1::timestamptz - n * interval '1 minute'"
_FITTING = {
    "uuid": ID, "text": "'x' || n", "varchar": "'x' || n", "int4": "1", "int8": "1", "numeric": "1", "bool": "false",
    "timestamptz": MOMENT, "date": "$1::date", "jsonb": "'{}'", "json": "'{}'", "_text": "'{}'",
}  # fmt: skip


async def fill(client: StorefrontClient, table: str, *, rows: int, now: datetime, **given: str) -> None:
    """`rows` rows, the first a minute before `now` and each a minute older than the one before. `given`: what SQL a
    column gets instead, by the row's number `n`. What refers to rows that are not there is let through."""
    async with client.database.unit_of_work() as tx:
        needed = {row["column_name"]: _FITTING[row["udt_name"]] for row in await tx.fetch(_NEEDED, table)}
        columns = needed | given
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
            f"FROM generate_series(1, {rows}) AS n WHERE $1::timestamptz IS NOT NULL",
            now,
        )
