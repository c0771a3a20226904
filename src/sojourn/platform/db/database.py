"""The pool, and the only place that commits.

A handler opens one unit of work; it commits before the response is sent (docs/decisions/0003-transactions.md).
Reads and single statements need no transaction of their own: PostgreSQL runs each in one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic_core import from_json, to_json

from sojourn.platform.errors import InvalidInput, Refusal, Unavailable
from sojourn.platform.redis.port import Change

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Row: TypeAlias = asyncpg.Record

ACQUIRE_SECONDS = 10.0
# How long what has failed may be cleared up. A server that no longer says anything is not waited for again.
TIDY_SECONDS = 2.0
CONNECT_FAULTS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's last words were heard, the broken line is not yet noticed
    asyncpg.InsufficientResourcesError,  # connections, memory, room on its disk
    asyncpg.OperatorInterventionError,  # it goes down or comes up, or somebody has cancelled the statement
    asyncpg.PostgresSystemError,  # its disk
    asyncpg.InvalidCatalogNameError,  # a backup is being put back in the database's place
    asyncpg.InvalidAuthorizationSpecificationError,  # its password is being changed
    asyncpg.ReadOnlySQLTransactionError,  # it is a copy that has yet to take over
    asyncpg.DeadlockDetectedError,  # it was rolled back; whoever was in its way is through
)


async def _prepare_connection(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=_encode_json, decoder=from_json, schema="pg_catalog")


def _encode_json(value: Any) -> str:
    # Bytes and text pass through: whoever holds JSON already must not pay for it twice.
    return value if isinstance(value, str) else to_json(value, fallback=str).decode()


def _refusal(fault: Exception) -> Refusal:
    # The driver's word for a value that does not fit its column is an InterfaceError and a ValueError.
    return InvalidInput("A value in the request cannot be stored.") if isinstance(fault, ValueError) else Unavailable()


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    """The driver's own, but that it waits no longer for a ROLLBACK than for a server that is there."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    except BaseException:
        with suppress(*CONNECT_FAULTS):
            try:
                async with asyncio.timeout(TIDY_SECONDS):
                    await transaction.rollback()
            except TimeoutError:
                connection.terminate()  # PostgreSQL undoes what nobody is left to commit
        raise
    await transaction.commit()


async def _no_reset(_: Connection) -> None:
    """Skip the pool's reset query on release: units of work leave no session state behind, and the query costs a
    third of a small read (docs/decisions/0003-transactions.md)."""


Mirror = Callable[[Sequence[Change]], None]


@dataclass(slots=True)
class _Afterwards:
    """What the block that is open in this task wants done once it has committed."""

    mirror: Mirror | None
    said: dict[tuple[str, str], str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


_AFTERWARDS: ContextVar[_Afterwards | None] = ContextVar("afterwards", default=None)
_SAY = "SELECT pg_notify(said.channel, said.payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)"
BREATH_SECONDS = 0.05


def notify_after_commit(channel: str, payload: str, *, about: str = "") -> None:
    """Have `payload` said on `channel` when the open block has committed; many `about` the same are said once.

    For hints only (a worker looks by itself every other second): a NOTIFY inside the transaction would be surer, and
    would make such transactions commit one by one. Outside a block nothing is said.
    """
    afterwards = _AFTERWARDS.get()
    if afterwards is not None:
        afterwards.said[channel, about] = payload


def mirror_after_commit(*changes: Change) -> None:
    """Have Redis, where there is one, follow `changes` when the open block has committed. Nobody waits for it."""
    afterwards = _AFTERWARDS.get()
    if afterwards is not None and afterwards.mirror is not None:
        afterwards.changes.extend(changes)


def is_mirrored() -> bool:
    """Whether the open block's storefront has a Redis that somebody may listen to."""
    afterwards = _AFTERWARDS.get()
    return afterwards is not None and afterwards.mirror is not None


class Database:
    """One storefront's PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, dsn: str, mirror: Mirror | None = None) -> None:
        self._pool = pool
        self._mirror = mirror
        self._to_say: dict[tuple[str, str], str] = {}
        self._speaker: asyncio.Task[None] | None = None
        self.dsn = dsn

    @classmethod
    async def connect(
        cls, dsn: str, *, size: int = 10, through_pooler: bool = False, mirror: Mirror | None = None
    ) -> "Database":
        """Open the pool. `through_pooler`: a transaction-mode pooler stands between, so statements are not cached.
        `mirror` is told what Redis is to follow."""
        session = {"application_name": "sojourn", "timezone": "UTC"}
        if not through_pooler:  # which refuses what it cannot keep apart between its clients
            session["jit"] = "off"
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min(2, size),
            max_size=size,
            init=_prepare_connection,
            reset=_no_reset,
            command_timeout=30,
            statement_cache_size=0 if through_pooler else 400,
            max_cached_statement_lifetime=0,
            server_settings=session,
        )
        return cls(pool, dsn=dsn, mirror=mirror)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction: for reads, and for a write that is one statement.

        Raises `Unavailable` when PostgreSQL cannot be reached.
        """
        async with self.connection() as connection:
            with self.block():
                yield connection

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Connection]:
        """One transaction: commits when the block ends, rolls back when it raises.

        Raises `Unavailable` when PostgreSQL cannot be reached or goes away; then nothing was committed, except
        when the connection broke during the commit itself, which no client can tell from its outside.
        """
        async with self.connection() as connection:
            with self.block():
                async with _transaction(connection):
                    yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for several blocks, one after the other. Raises `Unavailable` when there is none."""
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except CONNECT_FAULTS as fault:
            raise Unavailable from fault
        try:
            yield connection
        finally:
            # A client that hangs up leaks no connection: the pool shields its own release. One that is not to be had
            # back in time is cut by the pool; what was done on it is done, or its fault is told already.
            with suppress(*CONNECT_FAULTS):
                await self._pool.release(connection, timeout=TIDY_SECONDS)

    @contextmanager
    def block(self) -> Iterator[None]:
        """What is done on a connection and committed when the block ends; then what it wants done afterwards is done.

        Raises `Unavailable` for a database that goes away.
        """
        afterwards = _Afterwards(self._mirror)
        outer = _AFTERWARDS.set(afterwards)
        try:
            yield
        except CONNECT_FAULTS as fault:
            raise _refusal(fault) from fault
        finally:
            _AFTERWARDS.reset(outer)
        self._do(afterwards)

    def _do(self, afterwards: _Afterwards) -> None:
        if afterwards.changes and self._mirror is not None:
            self._mirror(afterwards.changes)
        if not afterwards.said:
            return
        self._to_say |= afterwards.said
        if self._speaker is None or self._speaker.done():
            self._speaker = asyncio.create_task(self._speak(), name="database-speaker")

    async def _speak(self) -> None:
        """Off the request's road; what comes meanwhile is said in the next breath."""
        while self._to_say:
            now, self._to_say = self._to_say, {}
            with suppress(Unavailable):
                async with self.read() as connection:
                    await connection.execute(_SAY, [channel for channel, _about in now], list(now.values()))
            await asyncio.sleep(BREATH_SECONDS)

    async def record_despite_refusal(self, statement: str, *arguments: object) -> None:
        """Run one statement in a transaction of its own, for writes that must outlive a refusal: failed sign-ins,
        a stolen refresh token. Nothing else may use it."""
        async with self.read() as connection:
            await connection.execute(statement, *arguments)

    async def close(self) -> None:
        """Close the pool; what is still to be said is left unsaid."""
        if self._speaker is not None:
            self._speaker.cancel()
            await asyncio.gather(self._speaker, return_exceptions=True)
        try:
            await asyncio.wait_for(self._pool.close(), timeout=5)
        except TimeoutError:
            self._pool.terminate()


@asynccontextmanager
async def savepoint(tx: Connection) -> AsyncIterator[None]:
    """A part of a unit of work that may fail on its own: it is undone when the block raises, the rest goes on."""
    async with _transaction(tx):
        yield
