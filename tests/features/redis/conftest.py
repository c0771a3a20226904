"""A real Redis, and the storefronts beside it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.conftest import NOON
from tests.support.databases import TemplateServer
from tests.support.redis import REDIS, MortalRedis
from tests.support.system import System, application, system_in_process

from sojourn.platform.kit.clock import FrozenClock

WANTED = "no redis-server on this machine (Debian: apt-get install redis-server): Redis is NOT tested"

Again = Callable[..., AbstractAsyncContextManager[System]]


@pytest.fixture(scope="session")
async def _redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MortalRedis]:
    if REDIS is None:
        pytest.skip(WANTED)
    server = MortalRedis(tmp_path_factory.mktemp("redis"))
    await server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
async def _mortal_of_session(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MortalRedis]:
    if REDIS is None:
        pytest.skip(WANTED)
    server = MortalRedis(tmp_path_factory.mktemp("mortal-redis"))
    yield server
    server.kill()


@pytest.fixture
async def redis_server(_redis_of_session: MortalRedis) -> MortalRedis:
    """Running and empty."""
    await _redis_of_session.wipe()
    return _redis_of_session


@pytest.fixture
async def mortal_redis(_mortal_of_session: MortalRedis) -> MortalRedis:
    """Running and empty; a test may kill it."""
    _mortal_of_session.kill()
    await _mortal_of_session.start()
    return _mortal_of_session


@pytest.fixture(scope="session")
def redis_clock() -> FrozenClock:
    """What `beside` and `again` go by. Nobody sets it back."""
    return FrozenClock(NOON)


@pytest.fixture(scope="session")
async def _beside(
    _redis_of_session: MortalRedis, postgres: TemplateServer, sandbox: str, redis_clock: FrozenClock
) -> AsyncIterator[System]:
    overrides = {"DERLG_REDIS_URL": _redis_of_session.url}
    async with system_in_process(postgres, sandbox=sandbox, clock=redis_clock, overrides=overrides) as system:
        yield system


@pytest.fixture
def beside(_beside: System, redis_server: MortalRedis) -> System:
    """Both storefronts, for the length of the session; DerLg has a Redis to itself, which is empty."""
    return _beside


@pytest.fixture
def again(_beside: System, sandbox: str, redis_clock: FrozenClock) -> Again:
    """The same storefronts on the same databases with other settings: `async with again(REDIS_URL=url) as system:`."""

    def start(**overrides: str) -> AbstractAsyncContextManager[System]:
        return application(_beside.dsns, sandbox=sandbox, clock=redis_clock, overrides=overrides)

    return start
