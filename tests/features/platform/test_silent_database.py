"""A database that keeps its lines open and says nothing any more: a disk that hangs, a network that is gone. Whoever
waits is told in time, and once it speaks again nothing is left of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import pytest
from structlog.testing import capture_logs
from tests.support.waiting import eventually

from sojourn.platform.db import database as databases
from sojourn.platform.db import listen
from sojourn.platform.db.database import Connection, Database, savepoint
from sojourn.platform.db.listen import ACCOUNT_CHANGED, Listener
from sojourn.platform.db.revisions import why_not_ready
from sojourn.platform.errors import NotFound, Refusal, Unavailable

ASLEEP = "SELECT pg_sleep(0)"
QUICKLY = 0.1
# Far less than the driver waits for a server that does not answer, far more than a busy machine needs.
IN_TIME = 15


class Line:
    """What lies between the pool and PostgreSQL."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._ways: set[asyncio.Task[None]] = set()

    def silence(self) -> None:
        self._is_open.clear()

    def speak(self) -> None:
        self._is_open.set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What the server is for: one line."""
        far_reader, far_writer = await asyncio.open_connection(*self._there)
        for way in (self._carry(reader, far_writer), self._carry(far_reader, writer)):
            self._ways.add(asyncio.create_task(way))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while said := await reader.read(65_536):
                await self._is_open.wait()
                writer.write(said)
        except ConnectionError:
            return
        finally:
            writer.close()

    async def cut(self) -> None:
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)


@asynccontextmanager
async def line_to(dsn: str) -> AsyncIterator[tuple[Line, str]]:
    parts = urlsplit(dsn)
    line = Line(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(line.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield line, urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    finally:
        server.close()
        await line.cut()


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "TIDY_SECONDS", QUICKLY)


@pytest.fixture
async def silent(dsn: str) -> AsyncIterator[tuple[Line, Database]]:
    async with line_to(dsn) as (line, through):
        database = await Database.connect(through, size=1)
        yield line, database
        line.speak()
        await database.close()


async def test_who_listens_notices_and_listens_again(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said on a line that was cut without a word is lost; so everything is looked at anew."""
    monkeypatch.setattr(listen, "HEARTBEAT_SECONDS", QUICKLY)
    monkeypatch.setattr(listen, "ANSWER_SECONDS", QUICKLY)
    monkeypatch.setattr(listen, "RECONNECT_SECONDS", QUICKLY)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with line_to(dsn) as (line, through):
        listener = Listener(dsn=through, handlers={ACCOUNT_CHANGED: heard.put_nowait})
        await listener.start()
        assert await asyncio.wait_for(heard.get(), IN_TIME) == ""
        with capture_logs() as logs:
            line.silence()
            await eventually(lambda: was_lost(logs))
        line.speak()
        assert await asyncio.wait_for(heard.get(), IN_TIME) == ""
        await listener.stop()


async def was_lost(logs: Sequence[Mapping[str, object]]) -> bool:
    return any(line["event"] == "database listener lost its connection" for line in logs)


async def wait_in_vain(line: Line, connection: Connection) -> None:
    line.silence()
    await connection.execute(ASLEEP, timeout=QUICKLY)


async def read(line: Line, database: Database) -> None:
    async with database.read() as connection:
        await wait_in_vain(line, connection)


async def write(line: Line, database: Database) -> None:
    async with database.unit_of_work() as tx:
        await wait_in_vain(line, tx)


async def write_what_may_fail(line: Line, database: Database) -> None:
    async with database.unit_of_work() as tx, savepoint(tx):
        await wait_in_vain(line, tx)


async def refuse(line: Line, database: Database) -> None:
    """Clearing up is all that fails."""
    async with database.unit_of_work():
        line.silence()
        raise NotFound


@pytest.mark.parametrize(
    ("act", "told"),
    [(read, Unavailable), (write, Unavailable), (write_what_may_fail, Unavailable), (refuse, NotFound)],
)
async def test_whoever_waits_is_told_in_time(
    silent: tuple[Line, Database], act: Callable[[Line, Database], Awaitable[None]], told: type[Refusal]
) -> None:
    line, database = silent
    with pytest.raises(told):
        await asyncio.wait_for(act(line, database), IN_TIME)
    line.speak()
    assert await why_not_ready(database) is None
