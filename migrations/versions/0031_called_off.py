"""Finding closed payments that may still be open at their provider."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Payments are in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS payments_still_payable")
        op.execute(
            "CREATE INDEX CONCURRENTLY payments_still_payable ON payments (closed_at)"
            " WHERE captured_amount = 0 AND provider_intent_id IS NOT NULL"
            " AND (checked_at IS NULL OR checked_at < closed_at)"
        )


def downgrade() -> None:
    run_sql("0031_called_off.down.sql")
