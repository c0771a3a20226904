"""Whoever is not meant must not be touched: the whole database before and after, row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.client import StorefrontClient

_TABLES = """
SELECT tablename FROM pg_tables
 WHERE schemaname = 'public' AND tablename NOT LIKE 'pgqueuer%' AND tablename NOT IN ('alembic_version', 'counters')
"""
# When a provider was asked, and is to be again, is nobody's doing.
_ROWS = """
SELECT (to_jsonb(t) - ARRAY['checks', 'checked_at', 'next_check_at'])::text AS kept FROM {table} t
"""


@asynccontextmanager
async def nobody_else_is_touched(client: StorefrontClient) -> AsyncIterator[None]:
    """Within the block rows may come; those that were there stay as they were, but for jobs and yearly counters."""
    before = await _everything(client)
    yield
    after = await _everything(client)
    touched = {table: rows - after[table] for table, rows in before.items() if rows - after[table]}
    assert not touched, touched


async def _everything(client: StorefrontClient) -> dict[str, set[str]]:
    tables = [row["tablename"] for row in await client.rows(_TABLES)]
    assert tables
    return {table: {row["kept"] for row in await client.rows(_ROWS.format(table=table))} for table in tables}
