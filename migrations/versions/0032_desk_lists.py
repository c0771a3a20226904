"""Cases of orders paid before there were any, and the desk's lists and figures over many documents."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_INDEXES = {
    # What the mean time until a document is decided on is worked out from, and nothing wider.
    "documents_decided": "documents (verified_at) INCLUDE (order_id, created_at) WHERE verified_at IS NOT NULL",
    # The desk's lists, from either end.
    "documents_newest": "documents (created_at DESC, id DESC)",
    "notifications_newest": "notifications (created_at DESC, id DESC)",
    "consultations_newest": "consultations (scheduled_at DESC, id DESC)",
}


def upgrade() -> None:
    run_sql("0032_desk_lists.up.sql")
    # The tables are in use: outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        for name, columns in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")


def downgrade() -> None:
    run_sql("0032_desk_lists.down.sql")
