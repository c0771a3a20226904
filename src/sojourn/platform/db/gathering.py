"""What several requests want of the database at the same moment is done in one go: whoever comes while one is under way
goes with the next (a group commit, docs/decisions/0029-shared-transactions.md).

What a neighbour does may not become a request's own trouble: unless all of it succeeds what is shared is undone, and
each of them acts alone.
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
_Asking: TypeAlias = tuple[Any, asyncio.Future[Any]]
_Answered: TypeAlias = Sequence[tuple[asyncio.Future[Any], Any, Exception | None]]

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
        # An act is here as long as somebody sees to those who wait.
        self._waiting: dict[Act[Any, Any], list[_Asking]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def share(self, act: Act[Asked, Answer], asked: Asked) -> Answer:
        """What `act` answers to `asked`, which it may get together with what others ask.

        `act` is a function of a module: it answers each of those asked, in their order. What it writes is all written
        or nothing of it, and is committed by then; whatever rows it locks it locks in the same order for any selection,
        and where several have asked it waits for a lock no longer than LOCK_PATIENCE_MS. Raises what it raises for
        `asked` alone, and Unavailable.
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
            async with self._db.read() as connection:
                (alone,) = await act(connection, [asked])
            return alone

    async def _serve(self, act: Act[Any, Any]) -> None:
        """See to those who wait, on one connection as long as all goes well and quickly."""
        try:
            async with self._db.connection() as connection:
                await self._serve_on(connection, act)
        except Exception as fault:  # noqa: BLE001 - it is raised where the answers are awaited
            _give([(answer, None, fault) for _asked, answer in self._waiting.pop(act, ())])

    async def _serve_on(self, connection: Connection, act: Act[Any, Any]) -> None:
        answered: _Answered = ()
        is_in_turn = True
        while is_in_turn and (some := self._next(act)):
            task = self._start(self._do(connection, act, some))
            if answered:
                # The next are on their way to PostgreSQL before the process is busy with those who have their answers.
                await asyncio.sleep(0)
                _give(answered)
            in_time, _late = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
            is_in_turn = bool(in_time) and not any(fault for _answer, _given, fault in task.result())
            if not is_in_turn:  # those who wait have another connection
                self._start(self._serve(act))
            answered = await task
        _give(answered)

    def _next(self, act: Act[Any, Any]) -> list[_Asking]:
        waiting = self._waiting.get(act, [])
        some = waiting[:AT_MOST]
        del waiting[:AT_MOST]
        if not some:
            self._waiting.pop(act, None)
        return some

    async def _do(self, connection: Connection, act: Act[Any, Any], some: Sequence[_Asking]) -> _Answered:
        try:
            with self._db.block():
                answers = await act(connection, [asked for asked, _answer in some])
            return [(answer, given, None) for (_asked, answer), given in zip(some, answers, strict=True)]
        except asyncio.CancelledError:  # not by us: whoever it was, nobody may wait for ever
            return [(answer, None, Unavailable()) for _asked, answer in some]
        except Exception as fault:  # noqa: BLE001 - it is raised where the answer is awaited
            # Each will meet its own fault. A database that is away is away for all.
            is_their_own = len(some) > 1 and not isinstance(fault, Unavailable)
            return [(answer, None, _AloneError() if is_their_own else fault) for _asked, answer in some]

    def _start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        # In a context of its own: it is nobody's request, though one of them has begun it.
        task = asyncio.create_task(work, name="gathering", context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _give(answered: _Answered) -> None:
    for answer, given, fault in answered:
        if answer.done():  # whose request was given up
            continue
        if fault is None:
            answer.set_result(given)
        else:
            answer.set_exception(fault)
