"""Holds are taken by one function: the SQL lies in `migrations/sql/0039_one_hold_function.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0039_one_hold_function.up.sql")


def downgrade() -> None:
    run_sql("0039_one_hold_function.down.sql")
