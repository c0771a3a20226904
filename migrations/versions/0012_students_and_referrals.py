"""Student verification and referrals: the SQL lies in `migrations/sql/0012_students_and_referrals.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0012_students_and_referrals.up.sql")
    # These read large tables that are in use: each outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE loyalty_transactions VALIDATE CONSTRAINT loyalty_transactions_kind_check")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS users_referred_by")
        op.execute("CREATE INDEX CONCURRENTLY users_referred_by ON users (referred_by) WHERE referred_by IS NOT NULL")
        # Ended sessions count, too, where two accounts are compared.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS refresh_tokens_owner")
        op.execute("CREATE INDEX CONCURRENTLY refresh_tokens_owner ON refresh_tokens (user_id)")


def downgrade() -> None:
    run_sql("0012_students_and_referrals.down.sql")
