"""User events: the SQL lies in `migrations/sql/0016_user_events.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0016_user_events.up.sql")


def downgrade() -> None:
    run_sql("0016_user_events.down.sql")
