"""Writes that are sure of what was read before: the SQL lies in `migrations/sql/0033_sure_writes.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0033_sure_writes.up.sql")


def downgrade() -> None:
    run_sql("0033_sure_writes.down.sql")
