"""Who listens to which customer's events in this process: many streams on the process's one listening connection."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

from sojourn.platform.db.database import Database
from sojourn.platform.errors import TooManyRequests, Unavailable
from sojourn.platform.events.log import list_behind

MAX_STREAMS_OF_ONE: Final = 8
MAX_STREAMS: Final = 5_000
# A word said after a commit may be lost with its process: whoever listens is looked after this often.
SWEEP_SECONDS: Final = 5.0


class TooManyStreams(TooManyRequests):
    code = "TOO_MANY_STREAMS"
    sentence = "Too many event streams are open at once. Close one, or use the one you have."


class Ear:
    """One stream's place in the hub. `position` is the last id it has passed on."""

    def __init__(self, user_id: UUID, position: int) -> None:
        self.user_id = user_id
        self.position = position
        self.is_ended = False
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    def end(self) -> None:
        self.is_ended = True
        self._woken.set()

    async def wait(self, seconds: float) -> bool:
        """Until there may be something new: True; or until `seconds` have passed: False."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        was_woken = self._woken.is_set()
        self._woken.clear()
        return was_woken


class Hub:
    """One storefront's listeners in one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._ears: defaultdict[UUID, set[Ear]] = defaultdict(set)
        self._count = 0
        self._is_closed = False
        self._sweeper: asyncio.Task[None] | None = None

    def refuse_if_full(self, user_id: UUID) -> None:
        """Raises `TooManyStreams`, and `Unavailable` while the process ends."""
        if self._is_closed:
            raise Unavailable
        if self._count >= MAX_STREAMS or len(self._ears.get(user_id, ())) >= MAX_STREAMS_OF_ONE:
            raise TooManyStreams

    @contextmanager
    def listening(self, user_id: UUID, position: int) -> Iterator[Ear]:
        """A place for the length of the block. Raises as `refuse_if_full`."""
        self.refuse_if_full(user_id)
        ear = Ear(user_id, position)
        self._ears[user_id].add(ear)
        self._count += 1
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep(), name="events-sweeper")
        try:
            yield ear
        finally:
            self._count -= 1
            self._ears[user_id].discard(ear)
            if not self._ears[user_id]:
                del self._ears[user_id]

    def heard(self, user_id: str) -> None:
        """An event of this customer was committed. Empty, the listener had a gap: `account_changed` sees to that."""
        if user_id:
            for ear in self._ears.get(UUID(user_id), ()):
                ear.wake()

    def account_changed(self, user_id: str) -> None:
        """End the streams of an account that may have been closed, or signed out; after a gap (empty) of all. Whoever
        may still listen comes back with the last id it has seen."""
        for ear in self._all() if not user_id else tuple(self._ears.get(UUID(user_id), ())):
            ear.end()

    def _all(self) -> tuple[Ear, ...]:
        return tuple(ear for ears in self._ears.values() for ear in ears)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            ears = self._all()
            if not ears:
                return
            with suppress(Unavailable):
                async with self._db.read() as connection:
                    behind = await list_behind(connection, [(ear.user_id, ear.position) for ear in ears])
                for user_id in behind:
                    self.heard(str(user_id))

    def end_all(self) -> None:
        """Let every stream end, and admit none: the process is about to."""
        self._is_closed = True
        for ear in self._all():
            ear.end()

    async def aclose(self) -> None:
        """End the streams and the sweeper."""
        self.end_all()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
