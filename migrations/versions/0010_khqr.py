"""KHQR, riel and payouts: the SQL lies in `migrations/sql/0010_khqr.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0010_khqr.up.sql")


def downgrade() -> None:
    run_sql("0010_khqr.down.sql")
