"""Rate limits per class of endpoint, counted per user or, for strangers, per address.

Redis shares the counters between processes where it is configured. While it cannot be reached each process counts
for itself: the service keeps selling.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from starlette.requests import Request

from sojourn.platform.errors import TooManyRequests
from sojourn.platform.storefront import Limit, LimitClass

DEFAULT_LIMITS: Mapping[LimitClass, Limit] = {
    LimitClass.AUTH: Limit(requests=10),
    LimitClass.CATALOG: Limit(requests=300),
    LimitClass.PAYMENTS: Limit(requests=3),
    LimitClass.DEFAULT: Limit(requests=30),
}
REDIS_FAULTS = (StorageError, OSError, TimeoutError)


class RateLimiter:
    """Fixed windows over `limits`."""

    def __init__(self, *, limits: Mapping[LimitClass, Limit], namespace: str, redis_url: str | None = None) -> None:
        merged = {**DEFAULT_LIMITS, **limits}
        self._items: dict[LimitClass, RateLimitItem] = {
            kind: RateLimitItemPerSecond(limit.requests, limit.seconds, namespace=f"rate:{namespace}")
            for kind, limit in merged.items()
        }
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared: FixedWindowRateLimiter | None = None
        if redis_url:
            storage = storage_from_string(f"async+{redis_url}", wrap_exceptions=True)
            if isinstance(storage, Storage):
                self._shared = FixedWindowRateLimiter(storage)

    async def spend(self, kind: LimitClass, *, who: str, endpoint: str) -> None:
        """Count one call of `who` (a user id or an address) on `endpoint`. Raises `TooManyRequests`."""
        item = self._items[kind]
        strategy = self._shared or self._local
        try:
            is_within = await strategy.hit(item, who, endpoint)
        except REDIS_FAULTS:
            strategy = self._local
            is_within = await strategy.hit(item, who, endpoint)
        if is_within:
            return
        window = await strategy.get_window_stats(item, who, endpoint)
        wait = max(1, round(window.reset_time - time.time()))
        raise TooManyRequests(
            details={"retry_after": wait},
            headers={
                "Retry-After": str(wait),
                "RateLimit-Policy": f'"{kind.value}";q={item.amount};w={item.get_expiry()}',
                "RateLimit": f'"{kind.value}";r=0;t={wait}',
            },
        )


def limited(kind: LimitClass, *, by_address: bool = False) -> Callable[[Request], Awaitable[None]]:
    """A route dependency. `by_address` counts per IP even for signed-in callers (sign-in, catalogue)."""

    async def spend(request: Request) -> None:
        runtime: Any = request.app.state.runtime
        user_id = None if by_address else runtime.identify(request)
        who = str(user_id) if user_id else request.scope["client_ip"]
        route = request.scope["route"]
        await runtime.limiter.spend(kind, who=who, endpoint=f"{request.method}:{route.path}")

    return spend
