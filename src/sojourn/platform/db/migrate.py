"""Running the migrations: Alembic keeps the order, the SQL lies in `migrations/sql`."""

from pathlib import Path

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util import await_only

from sojourn.platform.db.faults import DATABASE_FAULTS, explain, words_of
from sojourn.platform.db.revisions import MIGRATIONS, DatabaseOutdated, at_revision, name_of, require_newest_on


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # SQLAlchemy carries the script only; asyncpg is the sole driver of the product.
    url = dsn.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    # Where the database stood at first and after each migration: `migrations/env.py` writes it down.
    config.attributes["stood_at"] = []
    return config


class MigrationFailed(RuntimeError):
    """The database could not be brought to where it was to be. It stands where the last good migration left it."""


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the database at `dsn` to `revision`. Two at once wait for each other on an advisory lock.

    Raises MigrationFailed with what the server said; what was done before it stays, and the next call goes on there.
    """
    config = _config(dsn)
    try:
        command.upgrade(config, revision)
    except (SQLAlchemyError, CommandError, *DATABASE_FAULTS) as fault:
        raise MigrationFailed(_told(fault, dsn, config.attributes["stood_at"])) from fault


def downgrade(dsn: str, revision: str) -> None:
    """Take the database at `dsn` back to `revision` (`base` for empty)."""
    command.downgrade(_config(dsn), revision)


async def require_newest(dsn: str) -> None:
    """Raises DatabaseOutdated; faults of connecting as they come."""
    connection = await asyncpg.connect(dsn, statement_cache_size=0, timeout=10)
    try:
        await require_newest_on(connection, name=name_of(dsn))
    except DatabaseOutdated as fault:
        raise DatabaseOutdated(f"{fault} Run `sojourn migrate`, then start again.") from None
    finally:
        await connection.close()


def _told(fault: Exception, dsn: str, stood_at: list[str | None]) -> str:
    told = explain(fault) or f"{words_of(fault).rstrip('.')}. See to that, and start again."
    if not stood_at:
        return f"Database {name_of(dsn)} cannot be migrated: {told}"
    stands = at_revision(stood_at[-1])
    if isinstance(fault, CommandError):
        return (
            f"Database {name_of(dsn)} stands {stands}, and this version knows no way from there ({words_of(fault)}). "
            "Start the version that brought it there, or a newer one."
        )
    which = f"Migration {_after(stood_at[-1])} of database {name_of(dsn)}"
    return f"{which} failed: {told} The database stands {stands}, and the next start goes on from there."


def _after(revision: str | None) -> str:
    """The migration that comes next, by the name of its file."""
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return next((Path(script.path).stem for script in scripts if script.down_revision == revision), "(none is left)")


def run_sql(name: str) -> None:
    """Run one file of `migrations/sql` inside the migration's transaction.

    What a migration does outside of a transaction (indexes made CONCURRENTLY) commits what came before it. So that the
    file is not run again when the rest fails and is repeated, its name is left on the table of versions until the
    migration is over.
    """
    connection = op.get_bind()
    done = connection.exec_driver_sql("SELECT obj_description('alembic_version'::regclass)").scalar() or ""
    if name in done.split():
        return
    # That first statement made SQLAlchemy begin the transaction that the driver now runs the whole file in: through
    # its own door the driver would prepare each call, and a prepared statement holds one command only.
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("The migration has no database connection.")
    await_only(driver.execute((MIGRATIONS / "sql" / name).read_text(encoding="utf-8")))
    connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{done} {name}'")


def forget_run_sql(connection: Connection) -> None:
    """The migration is over: its files may be run again, on the way back."""
    connection.exec_driver_sql("COMMENT ON TABLE alembic_version IS NULL")
