"""Catalog: the SQL lies in `migrations/sql/0003_catalog.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0003_catalog.up.sql")


def downgrade() -> None:
    run_sql("0003_catalog.down.sql")
