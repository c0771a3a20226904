"""Documents: the SQL lies in `migrations/sql/0008_documents.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0008_documents.up.sql")


def downgrade() -> None:
    run_sql("0008_documents.down.sql")
