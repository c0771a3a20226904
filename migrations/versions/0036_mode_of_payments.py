"""Figures ask of each purchase whether it was paid in the other mode: such payments are few, and found by this."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The table is in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS payments_applied")
        op.execute(
            "CREATE INDEX CONCURRENTLY payments_applied ON payments (is_live, purchase_id)"
            " WHERE disposition = 'APPLIED'"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY payments_applied")
