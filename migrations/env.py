"""Alembic's entry: one connection, one transaction, one migrator at a time."""

import asyncio
import time

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sojourn.platform.db.migrate import forget_run_sql

MIGRATION_LOCK = 7_305_813  # any constant; shared by every migrator of this database
SECONDS_BETWEEN = 0.2

stood_at: list[str | None] = context.config.attributes["stood_at"]


def finish(*, ctx: MigrationContext, heads: set[str], **_: object) -> None:
    """In the transaction in which the migration's number is written down."""
    if ctx.connection is not None:
        forget_run_sql(ctx.connection)
    stood_at.append(next(iter(heads), None))


def wait_for_turn(connection: Connection) -> None:
    # Asked again and again: a statement that waits has a snapshot, for whose end an index made CONCURRENTLY would wait.
    while not connection.execute(text(f"SELECT pg_try_advisory_lock({MIGRATION_LOCK})")).scalar():
        connection.commit()
        time.sleep(SECONDS_BETWEEN)
    connection.commit()


def run(connection: Connection) -> None:
    wait_for_turn(connection)
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection, transactional_ddl=True, transaction_per_migration=True, on_version_apply=finish
    )
    stood_at.append(context.get_context().get_current_revision())
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise SystemExit("No database URL was given.")
    # NullPool: closing the connection also frees the advisory lock.
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"statement_cache_size": 0})
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
