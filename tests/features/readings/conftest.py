"""What readings of vendors need: a cache of the test's own, a server that says what it is told, switches."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Contract, read_document
from tests.features.providers.scripted_server import ScriptedServer, scripted_server
from tests.support.client import StorefrontClient
from tests.support.databases import TemplateServer
from tests.support.system import system_in_process

from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.redis.port import Cache
from sojourn.platform.redis.shared import Shared

SetFaults = Callable[..., Awaitable[None]]
RATES_KEY, WEATHER_KEY = "rates-over-http", "weather-over-http"
KEYS = {"DERLG_EXCHANGE_RATE_API_KEY": RATES_KEY, "DERLG_OPENWEATHER_API_KEY": WEATHER_KEY}


@pytest.fixture(scope="session")
async def _reader(postgres: TemplateServer, sandbox: str) -> AsyncIterator[tuple[StorefrontClient, FrozenClock]]:
    clock = FrozenClock(datetime(2026, 12, 1, 3, 0, tzinfo=UTC))  # 10:00 in Phnom Penh
    async with system_in_process(postgres, sandbox=sandbox, clock=clock, overrides=KEYS) as system:
        transport, origin = system.derlg._own
        judged = Contract(transport, await read_document(system.derlg))
        yield StorefrontClient(system.derlg.runtime, judged, origin=origin), clock


@pytest.fixture
async def derlg(_reader: tuple[StorefrontClient, FrozenClock]) -> StorefrontClient:
    """A visitor of DerLg whose every answer is held against the document."""
    return _reader[0]


@pytest.fixture
async def clock(_reader: tuple[StorefrontClient, FrozenClock]) -> FrozenClock:
    """10:00 in Phnom Penh, a day for which nothing that was read before is of any use. DerLg goes by it."""
    clock = _reader[1]
    now = clock.now()
    clock.advance(now.replace(hour=3, minute=0, second=0) + timedelta(days=3) - now)
    return clock


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
