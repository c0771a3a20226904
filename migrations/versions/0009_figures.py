"""Figures: the SQL lies in `migrations/sql/0009_figures.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0009_figures.up.sql")


def downgrade() -> None:
    run_sql("0009_figures.down.sql")
