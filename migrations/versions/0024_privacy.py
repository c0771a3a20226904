"""Exports of accounts, and forgetting what events said: the SQL lies in `migrations/sql/0024_privacy.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0024_privacy.up.sql")
    # The inbox is in use: nobody is kept waiting. What is forgotten leaves the index.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS inbox_payloads")
        op.execute(
            "CREATE INDEX CONCURRENTLY inbox_payloads ON inbox (handled_at) "
            "WHERE handled_at IS NOT NULL AND payload <> ''"
        )


def downgrade() -> None:
    run_sql("0024_privacy.down.sql")
