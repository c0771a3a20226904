"""Running the migrations: Alembic keeps the order, the SQL lies in `migrations/sql`."""

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from sqlalchemy.util import await_only

MIGRATIONS = Path(__file__).resolve().parents[4] / "migrations"


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # SQLAlchemy carries the script only; asyncpg is the sole driver of the product.
    url = dsn.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the database at `dsn` to `revision`. Two at once wait for each other on an advisory lock."""
    command.upgrade(_config(dsn), revision)


def downgrade(dsn: str, revision: str) -> None:
    """Take the database at `dsn` back to `revision` (`base` for empty)."""
    command.downgrade(_config(dsn), revision)


def run_sql(name: str) -> None:
    """Run one file of `migrations/sql` inside the migration's transaction."""
    connection = op.get_bind()
    # A first statement makes SQLAlchemy begin the transaction that the driver then runs the whole file in: through
    # its own door the driver would prepare each call, and a prepared statement holds one command only.
    connection.exec_driver_sql("SELECT 1")
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("The migration has no database connection.")
    await_only(driver.execute((MIGRATIONS / "sql" / name).read_text(encoding="utf-8")))
