"""Waiting for what another task or process does, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 10


async def eventually(
    holds: Callable[[], Awaitable[object]], *, what: str = "that", seconds: float = PATIENCE_SECONDS
) -> None:
    """Return as soon as `holds()`; TimeoutError, with `what` was awaited, when it does not in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 - it may happen in another process
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise TimeoutError(f"it did not come to pass within {seconds} s: {what}") from None


def until(condition: Callable[[], object], seconds: float = 180.0) -> None:
    """Return as soon as `condition()`: what another process does, of which nothing tells us. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
