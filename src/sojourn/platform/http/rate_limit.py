"""Rate limits per class of endpoint, counted per user or, for strangers, per address.

Redis shares the counters between processes where it is configured (`rate:{who}:{endpoint}`). While it cannot be reached
each process counts for itself: the service keeps selling.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request

from sojourn.platform.errors import TooManyRequests
from sojourn.platform.redis.keys import rate
from sojourn.platform.redis.shared import Shared
from sojourn.platform.storefront import Limit, LimitClass

FEW_WINDOWS = 1_000

DEFAULT_LIMITS: Mapping[LimitClass, Limit] = {
    LimitClass.AUTH: Limit(requests=10),
    LimitClass.CATALOG: Limit(requests=300),
    LimitClass.PAYMENTS: Limit(requests=3),
    LimitClass.DEFAULT: Limit(requests=30),
}


class Windows:
    """Fixed windows in this process's memory: each key's is opened by its first call.

    What has ended is dropped when there are twice as many as the last time were left: a call costs the same however
    many callers there are.
    """

    def __init__(self, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._open: dict[str, tuple[float, int]] = {}
        self._enough = FEW_WINDOWS

    def __len__(self) -> int:
        return len(self._open)

    def count(self, key: str, *, seconds: int) -> tuple[int, float]:
        """Count one more on `key`: how many now in its window of `seconds`, and how many seconds of it are left."""
        now = self._timer()
        ends, calls = self._open.get(key, (now, 0))
        if ends <= now:
            ends, calls = now + seconds, 0
            self._drop_ended(now)
        self._open[key] = ends, calls + 1
        return calls + 1, ends - now

    def _drop_ended(self, now: float) -> None:
        if len(self._open) >= self._enough:
            self._open = {key: window for key, window in self._open.items() if window[0] > now}
            self._enough = max(FEW_WINDOWS, 2 * len(self._open))


class RateLimiter:
    """Fixed windows: in Redis, or in `Windows`."""

    def __init__(self, *, limits: Mapping[LimitClass, Limit], shared: Shared) -> None:
        self._limits = {**DEFAULT_LIMITS, **limits}
        self._shared = shared
        self._own = Windows()

    async def spend(self, kind: LimitClass, *, who: str, endpoint: str) -> None:
        """Count one call of `who` (a user id or an address) on `endpoint`. Raises `TooManyRequests`."""
        limit = self._limits[kind]
        key = rate(who, endpoint)
        counted = await self._shared.count(key, seconds=limit.seconds)
        calls, left = counted or self._own.count(key, seconds=limit.seconds)
        if calls <= limit.requests:
            return
        wait = max(1, round(left))
        raise TooManyRequests(
            details={"retry_after": wait},
            headers={
                "Retry-After": str(wait),
                "RateLimit-Policy": f'"{kind.value}";q={limit.requests};w={limit.seconds}',
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
