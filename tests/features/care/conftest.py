from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.support.client import StorefrontClient
from tests.support.work import work_for

from sojourn.providers.work import Work

Mailbox = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def holyone_work(holyone: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    """What Holyone's worker has to work with."""
    async with work_for(holyone, sandbox) as work:
        yield work


@pytest.fixture
def screen(sandbox: str) -> Mailbox:
    """What a device shows that was registered with a token, oldest first."""

    async def read(token: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=sandbox, timeout=10) as reader:
            answer = await reader.get("/push", params={"token": token})
        pushes: list[dict[str, Any]] = answer.raise_for_status().json()
        return list(reversed(pushes))

    return read


@pytest.fixture
def mailbox(sandbox: str) -> Mailbox:
    """What the pretended carrier delivered to an address, oldest first."""

    async def read(to: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=sandbox, timeout=10) as reader:
            answer = await reader.get("/mail", params={"to": to, "limit": 100})
        mails: list[dict[str, Any]] = answer.raise_for_status().json()
        return list(reversed(mails))

    return read
