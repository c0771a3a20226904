"""Conversations of the AI agent: the SQL lies in `migrations/sql/0011_ai_sessions.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0011_ai_sessions.up.sql")


def downgrade() -> None:
    run_sql("0011_ai_sessions.down.sql")
