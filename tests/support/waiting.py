"""Waiting for what another task or process does, without guessing how long it takes."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 10


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as `holds()`; TimeoutError when it does not within ten seconds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110 - it may happen in another process
            await asyncio.sleep(0.005)
