"""What several requests want of the database at the same moment is done in one go: whoever comes while one is under way
goes with the next (a group commit, docs/decisions/0029-shared-transactions.md).

What a neighbour does may not become a request's own trouble: unless all of it succeeds a transaction that is shared is
undone, and each of them acts alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Any, TypeAlias, TypeVar

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Act: TypeAlias = Callable[[Connection, Sequence[Asked]], Awaitable[Sequence[Answer]]]
_Share: TypeAlias = Callable[[], AbstractAsyncContextManager[Connection]]

AT_MOST = 16
# One who waits for a lock keeps neither those who come after it waiting, nor for long those who share with it.
PATIENCE_SECONDS = 0.05
LOCK_PATIENCE_MS = 100


class _AloneError(Exception):
    """What was shared has failed, and is undone."""


class Gathering:
    """What the requests of one storefront share, in one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[Act[Any, Any], list[tuple[Any, asyncio.Future[Any]]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def read(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        """What `act` answers to `asked`, which it may get together with what others ask.

        `act` is a function of a module: it answers each of those asked, in their order, and writes nothing. Raises what
        it raises for `asked` alone, and Unavailable.
        """
        return await self._do(act, asked, self._db.read)

    async def write(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        """The same for an `act` that writes, and what it has written is committed by then.

        It is in a transaction that it does not end; asked for one alone it is in none, and may write one statement.
        Whatever rows it locks it locks in the same order for any selection.
        """
        return await self._do(act, asked, self._impatiently)

    async def _do(self, act: Act[Asked, Answer], asked: Asked, share: _Share) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(act)
        if waiting is None:
            self._waiting[act] = [(asked, answer)]
            self._start(self._serve(act, share))
        else:
            waiting.append((asked, answer))
        try:
            return await answer
        except _AloneError:
            return await self._alone(act, asked)

    async def _serve(self, act: Act[Any, Any], share: _Share) -> None:
        waiting = self._waiting[act]
        while waiting:
            some = waiting[:AT_MOST]
            del waiting[:AT_MOST]
            await asyncio.wait([self._start(self._take(act, some, share))], timeout=PATIENCE_SECONDS)
        del self._waiting[act]

    async def _take(self, act: Act[Any, Any], some: Sequence[tuple[Any, asyncio.Future[Any]]], share: _Share) -> None:
        asked = [one for one, _answer in some]
        try:
            async with self._db.read() if len(asked) == 1 else share() as connection:
                answers = await act(connection, asked)
            answered = list(zip(some, answers, strict=True))
        except Exception as fault:  # noqa: BLE001 - it is raised where the answer is awaited
            # Each will meet its own fault. A database that is away is away for all.
            is_their_own = len(asked) > 1 and not isinstance(fault, Unavailable)
            for _one, answer in some:
                if not answer.done():  # whose request was given up
                    answer.set_exception(_AloneError() if is_their_own else fault)
            return
        for (_one, answer), given in answered:
            if not answer.done():
                answer.set_result(given)

    async def _alone(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        async with self._db.read() as connection:
            (answer,) = await act(connection, [asked])
        return answer

    def _impatiently(self) -> AbstractAsyncContextManager[Connection]:
        return self._db.impatient_unit_of_work(lock_timeout_ms=LOCK_PATIENCE_MS)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # In a context of its own: it is nobody's request, though one of them has begun it.
        task = asyncio.create_task(work, name="gathering", context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
