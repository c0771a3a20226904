"""Transactions that requests share: who comes while one is under way goes with the next, and pays for nobody else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from uuid import UUID

import asyncpg
import pytest

from sojourn.platform.db import gathering
from sojourn.platform.db.database import Connection, Database
from sojourn.platform.db.gathering import LOCK_PATIENCE_MS, Act, Gathering
from sojourn.platform.db.together import Bundle, Write, write_together
from sojourn.platform.errors import Unavailable

USER = UUID(int=7)
REQUEST: ContextVar[str] = ContextVar("request", default="nobody's")
_LOCK = """
WITH locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(number) FROM unnest($1::integer[]) AS number
)
SELECT
"""
_WRITE = "INSERT INTO user_events (user_id, kind, payload, created_at) VALUES ($1, $2, '{}', now())"


class Asking:
    """Callers of one act, which begins when the test says so; what it was asked each time."""

    def __init__(self, database: Database) -> None:
        self.gathering = Gathering(database)
        self.may_begin = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.times: list[list[str]] = []

        async def acting(connection: Connection, asked: Sequence[str]) -> list[str]:
            self.times.append(list(asked))
            self.has_begun.set()
            await self.may_begin.wait()
            async with connection.transaction():
                return await self._answer(connection, asked)

        self.act: Act[str, str] = acting

    async def _answer(self, connection: Connection, asked: Sequence[str]) -> list[str]:
        for word in asked:
            if word == "bad":
                raise ValueError("a bad word")
            if word == "cut off":
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            await connection.execute(_WRITE, USER, word)
        transaction = await connection.fetchval("SELECT pg_current_xact_id()::text")
        return [f"{word} in {transaction}" for word in asked]

    async def ask(self, *words: str) -> list[asyncio.Task[str]]:
        """Ask the first word, and the others while that is under way; then let them go."""
        tasks = [asyncio.create_task(self.gathering.share(self.act, words[0]))]
        await self.has_begun.wait()
        tasks += [asyncio.create_task(self.gathering.share(self.act, word)) for word in words[1:]]
        await asyncio.sleep(0)  # a turn of the loop: they have asked
        return tasks

    async def answers(self, *words: str) -> list[str | BaseException]:
        tasks = await self.ask(*words)
        self.may_begin.set()
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def all_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, nobody is passed by unless the test says so."""
    monkeypatch.setattr(gathering, "PATIENCE_SECONDS", 60)


async def words_of(database: Database) -> list[str]:
    async with database.read() as connection:
        rows = await connection.fetch("SELECT kind FROM user_events WHERE user_id = $1 ORDER BY kind", USER)
    return [row["kind"] for row in rows]


async def test_whoever_comes_meanwhile_shares_a_transaction(database: Database) -> None:
    asking = Asking(database)
    first, *others = [str(answer).split(" in ") for answer in await asking.answers("a", "b", "c", "d")]
    assert asking.times == [["a"], ["b", "c", "d"]]
    assert [word for word, _transaction in (first, *others)] == ["a", "b", "c", "d"]
    assert len({transaction for _word, transaction in others}) == 1
    assert await words_of(database) == ["a", "b", "c", "d"]


async def test_the_next_are_on_their_way_before_the_last_are_answered(database: Database) -> None:
    """PostgreSQL is at work while the process is."""
    asking = Asking(database)
    begun_by_then: list[int] = []
    first, *others = await asking.ask("a", "b", "c")
    first.add_done_callback(lambda _first: begun_by_then.append(len(asking.times)))
    asking.may_begin.set()
    await asyncio.gather(first, *others)
    assert begun_by_then == [2]


async def test_a_transaction_is_of_bounded_size(database: Database) -> None:
    asking = Asking(database)
    words = [f"{number:02}" for number in range(2 * gathering.AT_MOST)]
    assert [str(answer).split()[0] for answer in await asking.answers(*words)] == words
    assert [len(asked) for asked in asking.times] == [1, gathering.AT_MOST, gathering.AT_MOST - 1]


async def test_later_ones_are_served_too(database: Database) -> None:
    asking = Asking(database)
    await asking.answers("a")
    assert str(await asking.gathering.share(asking.act, "b")).startswith("b")
    assert asking.times == [["a"], ["b"]]


async def test_a_fault_is_its_own_askers(database: Database) -> None:
    """The others are done, each once, though the transaction was undone."""
    asking = Asking(database)
    _first, good, bad, better = await asking.answers("a", "b", "bad", "c")
    assert isinstance(bad, ValueError)
    assert (str(good).split()[0], str(better).split()[0]) == ("b", "c")
    assert asking.times[1] == ["b", "bad", "c"]
    assert sorted(asking.times[2:]) == [["b"], ["bad"], ["c"]]
    assert await words_of(database) == ["a", "b", "c"]


async def test_a_database_that_is_away_is_away_for_all(database: Database) -> None:
    asking = Asking(database)
    _first, *others = await asking.answers("a", "b", "cut off")
    assert [type(answer) for answer in others] == [Unavailable, Unavailable]
    assert asking.times == [["a"], ["b", "cut off"]], "nobody tries again alone"
    assert await words_of(database) == ["a"]


async def test_those_after_a_lost_connection_have_another(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "AT_MOST", 1)
    asking = Asking(database)
    _first, lost, later = await asking.answers("a", "cut off", "b")
    assert isinstance(lost, Unavailable)
    assert str(later).startswith("b")
    assert await words_of(database) == ["a", "b"]


async def test_nobody_waits_for_ever_for_what_was_broken_off(database: Database) -> None:
    async def broken_off(_connection: Connection, _asked: Sequence[str]) -> list[str]:
        raise asyncio.CancelledError

    shared = Gathering(database)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await shared.share(broken_off, "a")


async def test_no_connection_is_everybodys_answer_and_nobody_waits_for_ever(database: Database) -> None:
    """A pool that is closed has none; then those who come later are told, too."""
    asking = Asking(database)
    await database.close()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await asking.gathering.share(asking.act, "a")


async def test_a_request_that_is_given_up_takes_nobody_with_it(database: Database) -> None:
    asking = Asking(database)
    first, given_up, other = await asking.ask("a", "b", "c")
    given_up.cancel()
    first.cancel()
    asking.may_begin.set()
    assert str(await other).startswith("c")
    assert await words_of(database) == ["a", "b", "c"], "what has been asked for is done"


async def test_it_is_nobodys_request(database: Database) -> None:
    """What a request binds to itself (its id in the logs) is not said of others'."""
    seen: list[str] = []

    async def look(_connection: Connection, asked: Sequence[str]) -> list[str]:
        seen.extend(REQUEST.get() for _ in asked)
        return list(asked)

    REQUEST.set("the first one's")
    assert await Gathering(database).share(look, "a") == "a"
    assert seen == ["nobody's"]


async def test_one_that_waits_does_not_keep_those_who_come_after(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PATIENCE_SECONDS", 0.01)
    begun, is_free = asyncio.Event(), asyncio.Event()

    async def wait_or_not(_connection: Connection, asked: Sequence[str]) -> list[str]:
        if "slow" in asked:
            begun.set()
            await is_free.wait()
        return list(asked)

    shared = Gathering(database)
    slow = asyncio.create_task(shared.share(wait_or_not, "slow"))
    await begun.wait()
    assert await shared.share(wait_or_not, "quick") == "quick"
    assert not slow.done()
    is_free.set()
    assert await slow == "slow"


@asynccontextmanager
async def locked(database: Database, number: int) -> AsyncIterator[None]:
    """Somebody else holds that lock."""
    other = await asyncpg.connect(database.dsn)
    try:
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock($1)", number)
            yield
    finally:
        await other.close()


async def test_a_lock_keeps_only_the_one_who_needs_it(database: Database) -> None:
    begun = asyncio.Event()

    async def lock(connection: Connection, asked: Sequence[int]) -> list[int]:
        begun.set()
        lock = Bundle([Write(_LOCK, (sorted(asked),))], {"locked": len(asked)})
        await write_together(connection, lock, lock_timeout_ms=LOCK_PATIENCE_MS if len(asked) > 1 else None)
        return list(asked)

    shared = Gathering(database)
    async with locked(database, 1):
        first = asyncio.create_task(shared.share(lock, 0))
        await begun.wait()
        waiting, *others = [asyncio.create_task(shared.share(lock, number)) for number in (1, 2, 3)]
        assert await asyncio.gather(first, *others) == [0, 2, 3]
        assert not waiting.done()
    assert await waiting == 1
