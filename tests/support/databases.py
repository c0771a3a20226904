"""Databases for tests: cloned from one migrated template, each with a name of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg

from sojourn.platform.db.embedded import RunningServer
from sojourn.platform.db.migrate import upgrade

TEMPLATE = "sojourn_template"

_TABLES = """
SELECT string_agg(format('DELETE FROM %I', tablename), ';' ORDER BY tablename)
  FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


class TemplateServer:
    """A PostgreSQL server of this test process, with the newest schema ready to be cloned."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._numbers = count(1)
        self._wipe = ""

    async def migrate_template(self) -> None:
        await self.run(f"CREATE DATABASE {TEMPLATE}")
        # Alembic starts an event loop of its own.
        await asyncio.to_thread(upgrade, self._server.dsn(TEMPLATE))
        connection = await asyncpg.connect(self._server.dsn(TEMPLATE))
        self._wipe = await connection.fetchval(_TABLES)
        await connection.close()

    @asynccontextmanager
    async def clone(self, *, migrated: bool = True) -> AsyncIterator[str]:
        """The DSN of a fresh database, dropped at the end with whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'}")
        try:
            yield self._server.dsn(name)
        finally:
            await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    async def wipe(self, dsn: str) -> None:
        """Empty every table. Fails when somebody holds a lock there: a test left a transaction open."""
        connection = await asyncpg.connect(dsn)
        try:
            # Triggers and foreign keys are off for a replica: the order of tables does not matter.
            await connection.execute(
                f"BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '5s'; "
                f"{self._wipe}; COMMIT"
            )
        finally:
            await connection.close()

    async def run(self, statement: str) -> None:
        """Say it to the server, in none of the databases of the tests."""
        connection = await asyncpg.connect(self._server.dsn("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
