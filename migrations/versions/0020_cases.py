"""Cases of orders: the SQL lies in `migrations/sql/0020_cases.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0020_cases.up.sql")
    # Outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE order_events VALIDATE CONSTRAINT order_events_kind_check")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS orders_promised")
        op.execute(
            "CREATE INDEX CONCURRENTLY orders_promised ON orders (stage_promised_on)"
            " WHERE stage_promised_on IS NOT NULL AND status IN ('CONFIRMED', 'IN_PROGRESS')"
        )


def downgrade() -> None:
    run_sql("0020_cases.down.sql")
