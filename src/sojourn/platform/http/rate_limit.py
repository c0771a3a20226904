"""Rate limits per class of endpoint, counted per user or, for strangers, per address.

Redis shares the counters between processes where it is configured (`rate:{who}:{endpoint}`). While it cannot be reached
each process counts for itself: the service keeps selling.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from sojourn.platform.errors import TooManyRequests
from sojourn.platform.redis.keys import rate
from sojourn.platform.redis.shared import Shared
from sojourn.platform.storefront import Limit, LimitClass

DEFAULT_LIMITS: Mapping[LimitClass, Limit] = {
    LimitClass.AUTH: Limit(requests=10),
    LimitClass.CATALOG: Limit(requests=300),
    LimitClass.PAYMENTS: Limit(requests=3),
    LimitClass.DEFAULT: Limit(requests=30),
}


class RateLimiter:
    """Fixed windows over `limits`."""

    def __init__(self, *, limits: Mapping[LimitClass, Limit], shared: Shared) -> None:
        self._items: dict[LimitClass, RateLimitItem] = {
            kind: RateLimitItemPerSecond(limit.requests, limit.seconds)
            for kind, limit in {**DEFAULT_LIMITS, **limits}.items()
        }
        self._shared = shared
        self._own = FixedWindowRateLimiter(MemoryStorage())

    async def spend(self, kind: LimitClass, *, who: str, endpoint: str) -> None:
        """Count one call of `who` (a user id or an address) on `endpoint`. Raises `TooManyRequests`."""
        item = self._items[kind]
        left = await self._count(item, who, endpoint)
        if left is None:
            return
        wait = max(1, round(left))
        raise TooManyRequests(
            details={"retry_after": wait},
            headers={
                "Retry-After": str(wait),
                "RateLimit-Policy": f'"{kind.value}";q={item.amount};w={item.get_expiry()}',
                "RateLimit": f'"{kind.value}";r=0;t={wait}',
            },
        )

    async def _count(self, item: RateLimitItem, who: str, endpoint: str) -> float | None:
        """None for a call within the limit, else the seconds until the window ends."""
        counted = await self._shared.count(rate(who, endpoint), seconds=item.get_expiry())
        if counted is not None:
            calls, left = counted
            return None if calls <= item.amount else left
        if await self._own.hit(item, who, endpoint):
            return None
        return (await self._own.get_window_stats(item, who, endpoint)).reset_time - time.time()


def limited(kind: LimitClass, *, by_address: bool = False) -> Callable[[Request], Awaitable[None]]:
    """A route dependency. `by_address` counts per IP even for signed-in callers (sign-in, catalogue)."""

    async def spend(request: Request) -> None:
        runtime: Any = request.app.state.runtime
        user_id = None if by_address else runtime.identify(request)
        who = str(user_id) if user_id else request.scope["client_ip"]
        route = request.scope["route"]
        await runtime.limiter.spend(kind, who=who, endpoint=f"{request.method}:{route.path}")

    return spend
