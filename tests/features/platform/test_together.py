"""Writes of several features as one statement."""

from uuid import UUID

import pytest

from sojourn.platform.db.database import Database
from sojourn.platform.db.together import Bundle, ChangedMeanwhileError, Rows, Write, write_together

USER = UUID(int=7)
ONE = """
WITH one AS (
    INSERT INTO user_events (user_id, kind, payload, created_at) VALUES ($1, $2, '{}', now())
)
SELECT
"""
MANY = """
WITH many AS (
    INSERT INTO user_events (user_id, kind, payload, created_at)
    SELECT n.user_id, n.kind, '{}', now() FROM unnest($1::uuid[], $2::text[]) AS n (user_id, kind)
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


async def test_rows_of_several_bundles_are_made_together(database: Database) -> None:
    """After all of them were sure."""
    async with database.unit_of_work() as tx:
        await write_together(
            tx,
            *(Bundle([Write(ONE, (UUID(int=n), "own")), Rows(MANY, [[UUID(int=n)], [f"row {n}"]])]) for n in (1, 2, 3)),
            Bundle([Rows(MANY, [[UUID(int=4), UUID(int=5)], ["row 4", "row 5"]])]),
        )
        rows = await tx.fetch("SELECT user_id, kind FROM user_events ORDER BY id")
    own = [(UUID(int=n), "own") for n in (1, 2, 3)]
    assert [tuple(row) for row in rows] == own + [(UUID(int=n), f"row {n}") for n in (1, 2, 3, 4, 5)]


async def test_nothing_is_written_unless_all_are_sure(database: Database) -> None:
    """In the transaction that several bundles need."""
    with pytest.raises(ChangedMeanwhileError):
        async with database.unit_of_work() as tx:
            await write_together(
                tx,
                *(Bundle([Write(TWO, (USER, "own")), Rows(MANY, [[USER], ["row"]])], {"drawn": n}) for n in (1, 2)),
            )
    async with database.read() as connection:
        assert await connection.fetch("SELECT FROM user_events") == []


async def test_nothing_to_write_is_no_statement(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await write_together(tx)
        await write_together(tx, Bundle([]))


async def test_what_answers_is_refused(database: Database) -> None:
    async with database.unit_of_work() as tx:
        with pytest.raises(ValueError, match="not a statement of parts alone"):
            await write_together(tx, Bundle([Write("WITH one AS (SELECT 1) SELECT * FROM one", ())]))
