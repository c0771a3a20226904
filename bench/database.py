"""One PostgreSQL for both sides: each side's database is seeded once and copied anew for every turn."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.plan import POSTGRES_SETTINGS
from bench.processes import cpu_of
from bench.side import Side
from sojourn.platform.db import embedded

_COPY_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What a side has in its database, and the transactions PostgreSQL counted there (up to a second late)."""

    bookings: int
    confirmed: int
    transactions: int

    def since(self, before: "Counters") -> "Counters":
        return Counters(
            bookings=self.bookings - before.bookings,
            confirmed=self.confirmed - before.confirmed,
            transactions=self.transactions - before.transactions,
        )


class BenchServer:
    """The running server of a benchmark."""

    def __init__(self, server: embedded.RunningServer) -> None:
        self._server = server

    async def seed(self, side: Side) -> None:
        """Make the side's database with its rows, from which every turn gets a copy."""
        await self._execute(f'CREATE DATABASE "{side.seed_database}"')
        await side.fill(self._server.dsn(side.seed_database))

    async def fresh_copy(self, side: Side) -> str:
        """Replace what the last turn left by a copy of the seeded database, and return its DSN."""
        await self._execute(f'DROP DATABASE IF EXISTS "{side.database}" WITH (FORCE)')
        await self._execute(f'CREATE DATABASE "{side.database}" TEMPLATE "{side.seed_database}"')
        # So that no side pays for writing out what the other one left in memory.
        await self._execute("CHECKPOINT")
        return self._server.dsn(side.database)

    async def counters(self, side: Side) -> Counters:
        """Count what the writes of a turn have to show for themselves."""
        async with _connected(self._server.dsn(side.database)) as connection:
            return Counters(
                bookings=await connection.fetchval(side.bookings_sql),
                confirmed=await connection.fetchval(side.confirmed_sql),
                transactions=await connection.fetchval(
                    "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
                ),
            )

    def cpu(self) -> dict[int, float]:
        """Return the CPU seconds that each process of PostgreSQL has used."""
        return cpu_of(int((self._server.data_dir / "postmaster.pid").read_text().splitlines()[0]))

    async def version(self) -> str:
        async with _connected(self._server.dsn("postgres")) as connection:
            return str(await connection.fetchval("SHOW server_version"))

    async def _execute(self, statement: str) -> None:
        async with _connected(self._server.dsn("postgres")) as connection:
            await connection.execute(statement, timeout=_COPY_SECONDS)


@contextmanager
def bench_server(folder: Path) -> Iterator[BenchServer]:
    """Run a PostgreSQL of our own, in that folder, with the settings both sides are measured with."""
    server = embedded.start(folder / "postgres", port=None, settings=POSTGRES_SETTINGS)
    try:
        yield BenchServer(server)
    finally:
        server.stop()


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
