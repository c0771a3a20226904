"""Devices and pushes: the SQL lies in `migrations/sql/0013_push.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0013_push.up.sql")


def downgrade() -> None:
    run_sql("0013_push.down.sql")
