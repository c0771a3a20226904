"""What several requests want to write at the same moment is written in one transaction: whoever comes while one is
under way goes with the next (a group commit, docs/decisions/0029-shared-transactions.md).

A request pays for what it shares by its neighbours, so what they do may not become its own trouble: unless all of a
transaction succeeds it is undone, and each of them acts alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, TypeAlias, TypeVar

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Act: TypeAlias = Callable[[Connection, Sequence[Asked]], Awaitable[Sequence[Answer]]]

AT_MOST = 16
# One who waits for a lock keeps neither those who come after it waiting, nor for long those who share with it.
PATIENCE_SECONDS = 0.05
_LOCK_PATIENCE = "SET LOCAL lock_timeout = '100ms'"


class _AloneError(Exception):
    """The transaction that was shared has been undone."""


class Gathering:
    """The shared transactions of one storefront, in one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[Act[Any, Any], list[tuple[Any, asyncio.Future[Any]]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def do(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        """What `act` answers to `asked`, which it may get together with what others ask; it is committed by then.

        `act` is a function of a module. It answers each of those asked, in their order, in a transaction that it does
        not end; asked for one alone it is in none, and may write one statement. Whatever rows it locks it locks in the
        same order for any selection. Raises what it raises for `asked` alone, and Unavailable.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(act)
        if waiting is None:
            self._waiting[act] = [(asked, answer)]
            self._start(self._serve(act))
        else:
            waiting.append((asked, answer))
        try:
            return await answer
        except _AloneError:
            return await self._alone(act, asked)

    async def _serve(self, act: Act[Any, Any]) -> None:
        waiting = self._waiting[act]
        while waiting:
            some = waiting[:AT_MOST]
            del waiting[:AT_MOST]
            await asyncio.wait([self._start(self._take(act, some))], timeout=PATIENCE_SECONDS)
        del self._waiting[act]

    async def _take(self, act: Act[Any, Any], some: Sequence[tuple[Any, asyncio.Future[Any]]]) -> None:
        asked = [one for one, _answer in some]
        try:
            answers = [await self._alone(act, asked[0])] if len(asked) == 1 else await self._shared(act, asked)
        except Exception as fault:  # noqa: BLE001 - it is raised where the answer is awaited
            # Each will meet its own fault. A database that is away is away for all.
            is_their_own = len(asked) > 1 and not isinstance(fault, Unavailable)
            for _one, answer in some:
                if not answer.done():  # whose request was given up
                    answer.set_exception(_AloneError() if is_their_own else fault)
            return
        for (_one, answer), given in zip(some, answers, strict=True):
            if not answer.done():
                answer.set_result(given)

    async def _alone(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        async with self._db.read() as connection:
            (answer,) = await act(connection, [asked])
        return answer

    async def _shared(self, act: Act[Asked, Answer], asked: Sequence[Asked]) -> Sequence[Answer]:
        async with self._db.unit_of_work() as tx:
            await tx.execute(_LOCK_PATIENCE)
            return await act(tx, asked)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # In a context of its own: it is nobody's request, though one of them has begun it.
        task = asyncio.create_task(work, name="gathering", context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
