"""Holds that share a transaction: the SQL lies in `migrations/sql/0038_refusals_undo_nothing.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0038_refusals_undo_nothing.up.sql")


def downgrade() -> None:
    run_sql("0038_refusals_undo_nothing.down.sql")
