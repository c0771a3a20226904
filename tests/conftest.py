"""What every test may ask for: real databases, the running application, the sandbox of vendors, a frozen clock."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime

import hypothesis
import pytest
from tests.support.client import StorefrontClient
from tests.support.databases import TemplateServer
from tests.support.mailbox import Mailbox, reader_of
from tests.support.system import System, system_in_process, system_over_tcp
from tests.support.work import work_for

from sojourn.platform.db.database import Database
from sojourn.platform.db.embedded import ephemeral_postgres
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.logs import configure_logs
from sojourn.providers.work import Work
from sojourn.sandbox.process import run_sandbox

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)  # 10:00 in Phnom Penh

StartSystem = Callable[..., AbstractAsyncContextManager[System]]

# A machine that is busy with other things is no fault of ours.
hypothesis.settings.register_profile("sojourn", deadline=None)
hypothesis.settings.load_profile("sojourn")
# As in production: without it every fault is drawn in colour with all its variables, which takes seconds.
configure_logs("WARNING")


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[TemplateServer]:
    """A PostgreSQL server of this test process (of each xdist worker) with a migrated template."""
    with ephemeral_postgres() as server:
        template = TemplateServer(server)
        await template.migrate_template()
        yield template


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The base URL of the vendors' sandbox, a process of its own."""
    with run_sandbox() as base_url:
        yield base_url


@pytest.fixture
async def dsn(postgres: TemplateServer) -> AsyncIterator[str]:
    """A fresh database with the newest schema, this test's own."""
    async with postgres.clone() as dsn:
        yield dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool of up to 10 connections on `dsn`."""
    opened = await Database.connect(dsn)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FrozenClock:
    """2026-12-01, 10:00 in Phnom Penh, until the test advances it; the applications of the test go by it."""
    return FrozenClock(NOON)


class _SharedClock(FrozenClock):
    """What the session's application reads: each test puts its own clock behind it."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self.of_test = FrozenClock(NOON)

    def now(self) -> datetime:
        return self.of_test.now()


@pytest.fixture(scope="session")
async def _shared_system(postgres: TemplateServer, sandbox: str) -> AsyncIterator[tuple[System, _SharedClock]]:
    clock = _SharedClock()
    async with system_in_process(postgres, sandbox=sandbox, clock=clock, overrides={}) as system:
        yield system, clock


@pytest.fixture
async def system(_shared_system: tuple[System, _SharedClock], postgres: TemplateServer, clock: FrozenClock) -> System:
    """Both storefronts in this process, their databases empty, their clock the test's."""
    shared, shared_clock = _shared_system
    shared_clock.of_test = clock
    for key, dsn in shared.dsns.items():
        await postgres.wipe(dsn)
        shared.clients[key].runtime.cache.drop()
        shared.clients[key].cookies.clear()
    return shared


@pytest.fixture
def derlg(system: System) -> StorefrontClient:
    """A visitor of DerLg who is not signed in."""
    return system.derlg


@pytest.fixture
def holyone(system: System) -> StorefrontClient:
    """A visitor of Holyone who is not signed in."""
    return system.holyone


@pytest.fixture
async def work(derlg: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    """What DerLg's worker has to work with."""
    async with work_for(derlg, sandbox) as opened:
        yield opened


@pytest.fixture
async def holyone_work(holyone: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    """What Holyone's worker has to work with."""
    async with work_for(holyone, sandbox) as opened:
        yield opened


@pytest.fixture
def mailbox(sandbox: str) -> Mailbox:
    """What the pretended carrier delivered to an address, oldest first."""
    return reader_of(sandbox, "/mail", by="to")


@pytest.fixture
async def start_system(postgres: TemplateServer, sandbox: str, clock: FrozenClock) -> StartSystem:
    """For a test that needs other settings: `async with start_system(RATE_LIMIT_AUTH="2") as system:`."""

    def start(**overrides: str) -> AbstractAsyncContextManager[System]:
        return system_in_process(postgres, sandbox=sandbox, clock=clock, overrides=overrides)

    return start


@pytest.fixture(scope="session")
async def live_server(postgres: TemplateServer, sandbox: str) -> AsyncIterator[System]:
    """Both storefronts in a real server process on loopback, started once; on the machine's clock.

    Its databases are shared by the tests of the session: sign somebody in and look at their rows only.
    """
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(system_over_tcp(postgres, sandbox=sandbox, overrides={}))
