"""What readings of vendors need: a cache of the test's own, a server that says what it is told, switches."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.features.providers.scripted_server import ScriptedServer, scripted_server

from sojourn.platform.redis.port import Cache
from sojourn.platform.redis.shared import Shared

SetFaults = Callable[..., Awaitable[None]]


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    shared = Shared()
    yield shared
    await shared.aclose()


@pytest.fixture
async def set_faults(sandbox: str) -> AsyncIterator[SetFaults]:
    """`await set_faults("key", rates={"answer": "zero"})`; what was set is off again after the test."""
    accounts = set()
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:

        async def put(account: str, **switches: dict[str, Any]) -> None:
            accounts.add(account)
            answer = await http.put("/_sandbox/faults", params={"account": account}, json=switches)
            assert answer.status_code == 200, answer.text

        yield put
        for account in accounts:
            await http.delete("/_sandbox/faults", params={"account": account})
