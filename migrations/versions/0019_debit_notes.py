"""Debit notes: the SQL lies in `migrations/sql/0019_debit_notes.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0019_debit_notes.up.sql")
    # Outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE invoices VALIDATE CONSTRAINT invoices_kind_check")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS invoices_one_debit_note")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY invoices_one_debit_note ON invoices (corrects_id)"
            " WHERE kind = 'DEBIT_NOTE'"
        )


def downgrade() -> None:
    run_sql("0019_debit_notes.down.sql")
