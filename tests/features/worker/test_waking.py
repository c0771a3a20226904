"""A queued job wakes the worker after its transaction has committed, and only then."""

import asyncio

import asyncpg

from sojourn.platform.db.database import Database
from sojourn.platform.jobs.queue import WAKE_CHANNEL, NewJob, enqueue


async def test_the_word_comes_with_the_commit(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener(WAKE_CHANNEL, lambda *said: heard.put_nowait(str(said[-1])))
    try:
        async with database.unit_of_work() as tx:
            await enqueue(tx, NewJob(kind="tests.nothing"))
            await listener.fetchval("SELECT 1")
            assert heard.empty()
        assert '"operation": "insert"' in await asyncio.wait_for(heard.get(), timeout=5)
    finally:
        await listener.close()


async def test_nothing_is_said_of_what_was_rolled_back(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener(WAKE_CHANNEL, lambda *said: heard.put_nowait(str(said[-1])))
    try:
        try:
            async with database.unit_of_work() as tx:
                await enqueue(tx, NewJob(kind="tests.nothing"))
                raise LookupError
        except LookupError:
            pass
        async with database.unit_of_work() as tx:
            await enqueue(tx, NewJob(kind="tests.something"))
        await asyncio.wait_for(heard.get(), timeout=5)
        assert heard.empty()
    finally:
        await listener.close()


async def test_the_trigger_notifies_nobody_of_an_insert(database: Database) -> None:
    """Or the transaction would hold a lock of the whole server while it commits."""
    async with database.read() as connection:
        body = await connection.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'fn_pgqueuer_changed'")
    assert "'TRUNCATE' THEN" in body
    assert "'INSERT' THEN\n        to_emit" not in body
