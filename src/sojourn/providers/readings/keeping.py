"""What a vendor told us, kept: for a while as fresh, and for longer, with its age, while the vendor is away.

Each process holds its own copy in memory; the shared cache spares the other processes the call, and survives a
restart. A vendor's fault, or an answer that is not believed, never replaces what is held.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sojourn.platform.redis.port import Cache
from sojourn.providers.readings.source import SourceUnavailable

# An absent vendor is not asked by every request, each waiting for its time-out.
PAUSE: Final = timedelta(seconds=30)

T = TypeVar("T", bound=BaseModel)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[T]):
    """`as_of`: when the vendor said so. `is_stale`: so long ago that the vendor was asked again, in vain."""

    value: T
    as_of: datetime
    age_seconds: int
    is_stale: bool


class _Held(BaseModel, Generic[T]):
    model_config = ConfigDict(frozen=True)

    value: T
    as_of: AwareDatetime


class Keeper(Generic[T]):
    """One thing that a vendor is asked for, under one key of the cache: not again while it is `fresh`, and shown for as
    long as it is `usable`."""

    def __init__(
        self, *, key: str, kind: type[T], fresh: timedelta, usable: timedelta, ask: Callable[[], Awaitable[T]]
    ) -> None:
        self._key = key
        self._shape: type[_Held[T]] = _Held[kind]  # type: ignore[valid-type]
        self._fresh = fresh
        self._usable = usable
        self._ask = ask
        self._held: _Held[T] | None = None
        self._failed_at: datetime | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def read(self, *, cache: Cache, now: datetime) -> Reading[T] | None:
        """The reading; None when there is none that may still be shown. However many ask at once, the vendor is
        asked once."""
        if not self._is_fresh(now) and not self._is_pausing(now):
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.create_task(self._renew(cache, now))
            # Whoever hangs up must not take the answer away from the others.
            await asyncio.shield(self._renewal)
        held = self._held
        if held is None or now - held.as_of > self._usable:
            return None
        age = max(now - held.as_of, timedelta())
        return Reading(
            value=held.value, as_of=held.as_of, age_seconds=int(age.total_seconds()), is_stale=age >= self._fresh
        )

    async def aclose(self) -> None:
        """End a renewal that is still under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _is_fresh(self, now: datetime) -> bool:
        return self._held is not None and now - self._held.as_of < self._fresh

    def _is_pausing(self, now: datetime) -> bool:
        return self._failed_at is not None and timedelta() <= now - self._failed_at < PAUSE

    async def _renew(self, cache: Cache, now: datetime) -> None:
        await self._take_over(cache, self._key)  # another process may have asked meanwhile
        if self._is_fresh(now):
            return
        try:
            value = await self._ask()
        except SourceUnavailable as fault:
            logger.warning("a vendor is not to be read", reading=self._key, fault=str(fault))
            self._failed_at = now
            await self._take_over(cache, self._last_good)
            return
        self._failed_at = None
        self._held = self._shape(value=value, as_of=now)
        text = self._held.model_dump_json()
        await cache.set(self._key, text, self._fresh)
        await cache.set(self._last_good, text, self._usable)

    @property
    def _last_good(self) -> str:
        return f"{self._key}:last_good"

    async def _take_over(self, cache: Cache, key: str) -> None:
        """Hold what the cache has, if it is newer and whole."""
        text = await cache.get(key)
        if text is None:
            return
        try:
            found = self._shape.model_validate_json(text)
        except ValidationError:
            logger.warning("what the cache holds is not believed", reading=key)
            return
        if self._held is None or found.as_of > self._held.as_of:
            self._held = found
