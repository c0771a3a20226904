"""Lapsed claims are taken over under lock: the SQL lies in `migrations/sql/0029_last_moment.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0029_last_moment.up.sql")


def downgrade() -> None:
    run_sql("0029_last_moment.down.sql")
