"""The desk's list of what providers sent, newest first."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The inbox is in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS inbox_received")
        op.execute("CREATE INDEX CONCURRENTLY inbox_received ON inbox (received_at)")


def downgrade() -> None:
    run_sql("0027_webhooks.down.sql")
