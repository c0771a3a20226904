"""Whoever has seen an event of a customer has seen all that came before: ids are committed in order."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from tests.support.waiting import eventually

from sojourn.platform.db.database import Database
from sojourn.platform.events import log
from sojourn.platform.jobs.queue import ENQUEUE_AND_TELL, enqueue
from sojourn.platform.kit.ids import new_id

NOW = datetime(2026, 12, 1, tzinfo=UTC)
WAITS_FOR_A_LOCK = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
WITHOUT_THE_LOCK = ENQUEUE_AND_TELL.replace(
    "pg_advisory_xact_lock(hashtext('user_events'), hashtext(new.user_id::text))", "1"
)


def event(user_id: UUID, kind: str) -> log.NewEvent:
    return log.NewEvent(user_id=user_id, kind=kind, payload={"status": kind}, at=NOW)


async def kinds(database: Database, user_id: UUID, *, last_id: int = 0) -> list[str]:
    async with database.read() as connection:
        events = await log.list_after(connection, user_id=user_id, last_id=last_id, limit=100)
    return [event.kind for event in events]


async def latest(database: Database, user_id: UUID) -> int:
    async with database.read() as connection:
        return await log.get_latest_id(connection, user_id=user_id)


async def test_a_later_id_is_never_committed_first(database: Database) -> None:
    """The first transaction draws its id and lingers; the second may not draw one before the first has committed."""
    user_id = new_id()
    slow, quick = asyncio.Event(), asyncio.Event()

    async def linger() -> None:
        async with database.unit_of_work() as tx:
            await enqueue(tx, event(user_id, "first"))
            quick.set()
            await slow.wait()

    async def hurry() -> None:
        await quick.wait()
        async with database.unit_of_work() as tx:
            await enqueue(tx, event(user_id, "second"))

    async def second_waits() -> bool:
        async with database.read() as connection:
            return bool(await connection.fetchval(WAITS_FOR_A_LOCK))

    both = asyncio.gather(linger(), hurry())
    await eventually(second_waits)
    assert await kinds(database, user_id) == []
    slow.set()
    await both
    assert await kinds(database, user_id) == ["first", "second"]


async def test_without_the_lock_a_reader_would_miss_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same two transactions, and a reader that has seen the second never sees the first."""
    assert WITHOUT_THE_LOCK != ENQUEUE_AND_TELL
    monkeypatch.setattr("sojourn.platform.jobs.queue.ENQUEUE_AND_TELL", WITHOUT_THE_LOCK)
    user_id = new_id()
    async with database.unit_of_work() as lingering:
        await enqueue(lingering, event(user_id, "first"))
        async with database.unit_of_work() as hurrying:
            await enqueue(hurrying, event(user_id, "second"))
        seen = await latest(database, user_id)
        assert await kinds(database, user_id) == ["second"]
    assert await kinds(database, user_id, last_id=seen) == []


async def test_a_reader_in_the_midst_of_writers_misses_nothing(database: Database) -> None:
    """Eight writers of one customer, and a reader that goes on from the last id it has seen."""
    user_id, other = new_id(), new_id()

    async def write(writer: int) -> None:
        for number in range(15):
            async with database.unit_of_work() as tx:
                await enqueue(tx, event(other, "noise"), event(user_id, f"{writer}.{number}"), event(other, "noise"))

    async def read() -> list[str]:
        seen: list[str] = []
        last_id = 0
        while len(seen) < 120:
            async with database.read() as connection:
                events = await log.list_after(connection, user_id=user_id, last_id=last_id, limit=7)
            for found in events:
                seen.append(found.kind)
                last_id = found.id
        return seen

    async with asyncio.timeout(30):
        reading = asyncio.create_task(read())
        await asyncio.gather(*(write(writer) for writer in range(8)))
        seen = await reading
    assert sorted(seen) == sorted(f"{writer}.{number}" for writer in range(8) for number in range(15))
    for writer in range(8):
        assert [kind for kind in seen if kind.startswith(f"{writer}.")] == [f"{writer}.{n}" for n in range(15)]


async def test_customers_do_not_wait_for_each_other(database: Database) -> None:
    async with database.unit_of_work() as lingering:
        await enqueue(lingering, event(new_id(), "first"))
        someone = new_id()
        async with asyncio.timeout(5), database.unit_of_work() as hurrying:
            await enqueue(hurrying, event(someone, "second"))
        assert await kinds(database, someone) == ["second"]


async def test_the_word_comes_after_the_commit_once_a_customer(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener(log.EVENTS_CHANNEL, lambda *said: heard.put_nowait(str(said[-1])))
    first, second = sorted((new_id(), new_id()))
    try:
        async with database.unit_of_work() as tx:
            await enqueue(tx, event(first, "a"), event(second, "b"), event(first, "c"))
            await listener.fetchval("SELECT 1")
            assert heard.empty()
        said = {await asyncio.wait_for(heard.get(), timeout=5) for _ in range(2)}
        assert said == {str(first), str(second)}
        await listener.fetchval("SELECT 1")
        assert heard.empty()
    finally:
        await listener.close()


async def test_nothing_is_kept_of_what_was_rolled_back(database: Database) -> None:
    user_id = new_id()

    async def fail() -> None:
        async with database.unit_of_work() as tx:
            await enqueue(tx, event(user_id, "never"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await kinds(database, user_id) == []


async def test_events_are_found_and_forgotten_by_index(database: Database) -> None:
    user_id = new_id()
    async with database.read() as connection:
        await connection.execute("SET enable_seqscan = off")
        for statement, arguments in (
            (log._LIST_AFTER, (user_id, 0, 100)),
            (log._LATEST, (user_id,)),
            (log._LIST_BEHIND, ([user_id], [0])),
            (log._FORGET, (NOW,)),
        ):
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *arguments))
            assert "Seq Scan on user_events" not in plan, plan
