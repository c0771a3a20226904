"""What we queue is what pgqueuer would have queued, without its log of what was queued."""

from datetime import timedelta
from typing import Any, cast

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.jobs.queue import NewJob, enqueue

JOBS = [
    NewJob(kind="mail.welcome", payload={"user_id": "7", "name": "Sok"}),
    NewJob(kind="mail.later", after=timedelta(hours=2)),
    NewJob(kind="sweep", key="sweep:1"),
    NewJob(kind="sweep", key="sweep:1"),
    NewJob(kind="sweep", key="sweep:2"),
]


async def rows(connection: Connection) -> list[dict[str, Any]]:
    """What is queued, without what differs between any two jobs: ids and moments."""
    queued = await connection.fetch(
        "SELECT priority, queue_manager_id, execute_after - created AS wait, status, entrypoint, dedupe_key, payload,"
        " headers, attempts, slot FROM pgqueuer ORDER BY id"
    )
    await connection.execute("TRUNCATE pgqueuer, pgqueuer_log")
    return [dict(row) for row in queued]


async def test_a_job_is_written_as_pgqueuer_writes_it(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await enqueue(tx, *JOBS)
        ours = await rows(tx)
        theirs = Queries(AsyncpgDriver(cast("asyncpg.Connection[asyncpg.Record]", tx)))
        await theirs.enqueue(
            [job.kind for job in JOBS],
            [b'{"user_id":"7","name":"Sok"}', b"{}", b"{}", b"{}", b"{}"],
            [0] * len(JOBS),
            [job.after for job in JOBS],
            [job.key for job in JOBS],
            on_conflict="skip",
        )
        assert ours == await rows(tx)
    assert [row["entrypoint"] for row in ours] == ["mail.welcome", "mail.later", "sweep", "sweep"]


async def test_a_job_that_waits_is_not_queued_twice(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await enqueue(tx, NewJob(kind="sweep", key="sweep:1"))
        await enqueue(tx, NewJob(kind="sweep", key="sweep:1"), NewJob(kind="sweep"))
        assert [row["dedupe_key"] for row in await rows(tx)][:2] == ["sweep:1", None]
