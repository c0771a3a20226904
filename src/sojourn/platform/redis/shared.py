"""The memory that a storefront's processes share: Redis where it is configured and well, else each process's own.

Nothing here is the truth of anything, and nothing here raises because Redis is away, but for `publish`, whose caller
tries again. Never called within a database transaction: what a transaction changes is mirrored after its commit.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cachetools import TLRUCache

from sojourn.platform.kit.lazily import lazily
from sojourn.platform.redis.port import PAUSE_SECONDS, Change, Drop, Put, RedisAway

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

    from sojourn.platform.redis import link
else:
    link = lazily("sojourn.platform.redis.link")

MAX_KEPT: Final = 10_000
MAX_WAITING: Final = 1_000
FAREWELL_SECONDS: Final = 1.0

RAISE: Final = """
local said = tonumber(redis.call('GET', KEYS[1]))
if not said or said <= tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
return 1
"""


def _ends_at(_key: str, kept: tuple[str, float], now: float) -> float:
    return now + kept[1]


class Shared:
    """One storefront's part. `prefix` stands before every key and channel, so that storefronts on one Redis never
    meet. A `Cache`, and what only the platform needs."""

    def __init__(self, *, url: str | None = None, prefix: str = "") -> None:
        self._link = link.Link(url) if url else None
        self._prefix = prefix
        # While Redis is away, and where there is none. Each value with its seconds to live.
        self._own: TLRUCache[str, tuple[str, float]] = TLRUCache(maxsize=MAX_KEPT, ttu=_ends_at, timer=time.monotonic)
        self._waiting: deque[tuple[float, Change]] = deque(maxlen=MAX_WAITING)
        self._mirroring: asyncio.Task[None] | None = None

    @property
    def has_redis(self) -> bool:
        """Whether Redis is configured; it may be away all the same."""
        return self._link is not None

    async def get(self, key: str) -> str | None:
        """See `Cache`."""
        if self._link is not None:
            try:
                return await self._link.ask(partial(_get, key=self._prefix + key))
            except RedisAway:
                pass
        kept = self._own.get(key)
        return kept[0] if kept else None

    async def set(self, key: str, value: str, ttl: timedelta) -> None:
        """See `Cache`."""
        seconds = max(1, round(ttl.total_seconds()))
        if self._link is not None:
            try:
                await self._link.ask(lambda redis: redis.set(self._prefix + key, value, ex=seconds))
            except RedisAway:
                pass
            else:
                self._own.pop(key, None)  # or the next outage would find what was true in the last one
                return
        self._own[key] = value, float(seconds)

    async def delete(self, key: str) -> None:
        """See `Cache`."""
        self._own.pop(key, None)
        if self._link is not None:
            try:
                await self._link.ask(lambda redis: redis.delete(self._prefix + key))
            except RedisAway:
                self.mirror([Drop(key)])

    async def count(self, key: str, *, seconds: int) -> tuple[int, float] | None:
        """Count one more on `key` in a window of `seconds` that its first one opens: how many now, and how many
        seconds are left. None without Redis: the caller counts for itself."""
        if self._link is None:
            return None
        try:
            return await self._link.ask(partial(_count, key=self._prefix + key, seconds=seconds))
        except RedisAway:
            return None

    async def publish(self, channel: str, message: str) -> None:
        """Say `message` to whoever listens just now. Raises `RedisAway`; without Redis nobody can listen."""
        if self._link is not None:
            await self._link.ask(lambda redis: redis.publish(self._prefix + channel, message))

    def mirror(self, changes: Sequence[Change]) -> None:
        """Have Redis follow `changes`, in order, off the caller's road. While Redis is away the newest wait."""
        if self._link is None:
            return
        now = time.monotonic()
        self._waiting.extend((now, change) for change in changes)
        if self._mirroring is None or self._mirroring.done():
            self._mirroring = asyncio.create_task(self._keep_mirroring(self._link), name="redis-mirror")

    async def _keep_mirroring(self, line: "link.Link") -> None:
        while self._waiting:
            taken = list(self._waiting)
            try:
                await line.ask(partial(_follow, taken=taken, prefix=self._prefix))
            except RedisAway:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                for change in taken:
                    if self._waiting and self._waiting[0] is change:  # else it was pushed out meanwhile
                        self._waiting.popleft()

    async def aclose(self) -> None:
        """Mirror what waits, if Redis is quick about it, and hang up."""
        if self._mirroring is not None:
            await asyncio.wait([self._mirroring], timeout=FAREWELL_SECONDS)
            self._mirroring.cancel()
            await asyncio.gather(self._mirroring, return_exceptions=True)
        if self._link is not None:
            await self._link.aclose()


async def _get(redis: "Redis", *, key: str) -> str | None:
    said = await redis.get(key)
    return None if said is None else str(said)


async def _count(redis: "Redis", *, key: str, seconds: int) -> tuple[int, float]:
    async with redis.pipeline(transaction=True) as steps:
        steps.set(key, 0, ex=seconds, nx=True)
        steps.incr(key)
        steps.pttl(key)
        _, counted, left = await steps.execute()
    return int(counted), max(0, int(left)) / 1000


async def _follow(redis: "Redis", *, taken: Sequence[tuple[float, Change]], prefix: str) -> None:
    now = time.monotonic()
    async with redis.pipeline(transaction=False) as steps:
        for since, change in taken:
            _add(steps, change, key=prefix + change.key, waited=now - since)
        await steps.execute()


def _add(steps: "Pipeline", change: Change, *, key: str, waited: float) -> None:
    if isinstance(change, Drop):
        steps.delete(key)
        return
    left = round(change.seconds - waited)
    if left < 1:
        steps.delete(key)
    elif isinstance(change, Put):
        steps.set(key, change.value, ex=left)
    else:
        steps.eval(RAISE, 1, key, str(change.number), str(left))
