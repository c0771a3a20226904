"""Fewer entries in indexes for each hold and each payment (docs/decisions/0028-lighter-rows.md)."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# What no statement of ours needs, or another index answers as well.
DROPPED = (
    "bookings_status", "bookings_open_holds", "payments_mode", "payments_purchase", "inbox_payloads",
    "loyalty_transactions_lot", "pgqueuer_priority_id_id1_idx",
)  # fmt: skip
# One for two: of a purchase's payments, and of all payments by mode without reading the table.
PAYMENTS_OF_PURCHASE = """
CREATE INDEX CONCURRENTLY payments_of_purchase ON payments (purchase_id, created_at DESC)
    INCLUDE (is_live, purchase_kind, disposition)
"""
# For looking through a span of time now and then: rows lie in its order, and none needs an entry.
INBOX_HANDLED = "CREATE INDEX CONCURRENTLY inbox_handled ON inbox USING brin (handled_at) WHERE payload <> ''"
EVENTS_OF_USER = "CREATE UNIQUE INDEX CONCURRENTLY user_events_of_user ON user_events (user_id, id)"


def upgrade() -> None:
    # The tables are in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        for made in ("payments_of_purchase", "inbox_handled", "user_events_of_user"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {made}")
        for statement in (PAYMENTS_OF_PURCHASE, INBOX_HANDLED, EVENTS_OF_USER):
            op.execute(statement)
        op.execute(
            "ALTER TABLE user_events DROP CONSTRAINT user_events_pkey, "
            "ADD CONSTRAINT user_events_pkey PRIMARY KEY USING INDEX user_events_of_user"
        )
        for index in (*DROPPED, "user_events_user"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")


def downgrade() -> None:
    run_sql("0035_fewer_indexes.down.sql")
