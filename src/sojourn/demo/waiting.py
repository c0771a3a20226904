"""Waiting for what the worker or a webhook brings."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sojourn.demo.teller import Unexpected

PATIENCE_SECONDS = 12.0
_FIRST_PAUSE_SECONDS = 0.05
# Asked with growing pauses, so that a minute's rate limit is never used up by waiting.
_GROWTH = 1.4
_LONGEST_PAUSE_SECONDS = 1.0

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds, as soon as it is anything but None. Raises `Unexpected` after `seconds`."""
    deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
    while (found := await look()) is None:
        if time.monotonic() > deadline:
            raise Unexpected(f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)
    return found
