"""The desk's lists of referrals and student verifications, from either end, whatever their state."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_TABLES = ("referrals", "student_verifications")


def upgrade() -> None:
    # The tables are in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        for table in _TABLES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_created_at")
            op.execute(f"CREATE INDEX CONCURRENTLY {table}_created_at ON {table} (created_at, id)")


def downgrade() -> None:
    run_sql("0040_desk_order.down.sql")
