"""Writes of several features as one statement."""

from uuid import UUID

import pytest

from sojourn.platform.db.database import Database
from sojourn.platform.db.together import Bundle, Write, write_together

USER = UUID(int=7)
ONE = """
WITH one AS (
    INSERT INTO user_events (user_id, kind, payload, created_at) VALUES ($1, $2, '{}', now())
)
SELECT
"""
TWO = """
WITH drawn AS (
    SELECT $2::text AS kind
), two AS (
    INSERT INTO user_events (user_id, kind, payload, created_at) SELECT $1, kind, '{}', now() FROM drawn
)
SELECT
"""


async def test_each_write_has_its_own_arguments(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await write_together(tx, Bundle([Write(TWO, (USER, "second")), Write(ONE, (UUID(int=8), "first"))]))
        rows = await tx.fetch("SELECT user_id, kind FROM user_events ORDER BY user_id")
    assert [tuple(row) for row in rows] == [(USER, "second"), (UUID(int=8), "first")]


async def test_nothing_to_write_is_no_statement(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await write_together(tx)
        await write_together(tx, Bundle([]))


async def test_what_answers_is_refused(database: Database) -> None:
    async with database.unit_of_work() as tx:
        with pytest.raises(ValueError, match="not a statement of parts alone"):
            await write_together(tx, Bundle([Write("WITH one AS (SELECT 1) SELECT * FROM one", ())]))
