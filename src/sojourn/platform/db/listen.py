"""One listening connection a process: catalogue writes and changed accounts reach every process at once."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import asyncpg
import structlog

from sojourn.platform.db.database import CONNECT_FAULTS, Connection

logger = structlog.get_logger(__name__)

CATALOGUE_CHANGED = "sojourn_catalogue_changed"
ACCOUNT_CHANGED = "sojourn_account_changed"

_NOTIFY = "SELECT pg_notify($1, $2)"
_ALIVE = "SELECT true"
RECONNECT_SECONDS = 1.0
# A line that was cut without a word is silent like one on which nothing is said.
HEARTBEAT_SECONDS = 30.0
ANSWER_SECONDS = 10.0

Heard = Callable[[str], None]


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def notify(tx: Connection, channel: str, payload: str = "") -> None:
    """Tell every process, at the moment this transaction commits."""
    await tx.execute(_NOTIFY, channel, payload)


class Listener:
    """Keeps LISTENing, through reconnects. After a gap every handler is called with an empty payload, because what
    was said meanwhile is lost."""

    def __init__(self, *, dsn: str, handlers: Mapping[str, Heard]) -> None:
        self._dsn = dsn
        self._handlers = handlers
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep_listening(), name="database-listener")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except CONNECT_FAULTS as fault:
                logger.warning("database listener lost its connection", fault=repr(fault))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "sojourn-listener"})
        try:
            connection.add_termination_listener(lambda _: closed.set())
            for channel, heard in self._handlers.items():
                await connection.add_listener(channel, self._forward)
                heard("")
            while not await _is_set_within(closed, HEARTBEAT_SECONDS):
                await connection.execute(_ALIVE, timeout=ANSWER_SECONDS)
        finally:
            await connection.close(timeout=2)

    def _forward(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._handlers[channel](str(payload))
