"""Guides with an account of their own: the SQL lies in `migrations/sql/0037_guide_accounts.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The table is in use: outside of a transaction, and without keeping anybody waiting. A hold makes no entry here.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_of_guide")
        op.execute(
            "CREATE INDEX CONCURRENTLY bookings_of_guide ON bookings (guide_id, travel_date)"
            " WHERE guide_id IS NOT NULL AND status IN ('CONFIRMED', 'COMPLETED')"
        )
    run_sql("0037_guide_accounts.up.sql")


def downgrade() -> None:
    run_sql("0037_guide_accounts.down.sql")
