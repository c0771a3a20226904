"""Calls for help: the SQL lies in `migrations/sql/0018_emergency.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0018_emergency.up.sql")


def downgrade() -> None:
    run_sql("0018_emergency.down.sql")
