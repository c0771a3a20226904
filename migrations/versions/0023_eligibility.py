"""Visa eligibility: the SQL lies in `migrations/sql/0023_eligibility.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0023_eligibility.up.sql")


def downgrade() -> None:
    run_sql("0023_eligibility.down.sql")
