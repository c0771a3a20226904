"""What reached people, as the pretended carriers of the sandbox show it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Mailbox = Callable[[str], Awaitable[list[dict[str, Any]]]]
"""All that reached an address, or a device by its token: oldest first."""


def reader_of(sandbox: str, path: str, *, by: str) -> Mailbox:
    """Reads what the sandbox lists at `path`, newest first, for one addressee; `by` is the question's name for them."""

    async def read(addressee: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=sandbox, timeout=10) as reader:
            answer = await reader.get(path, params={by: addressee, "limit": 100})
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return list(reversed(found))

    return read
