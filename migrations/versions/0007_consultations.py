"""Consultations: the SQL lies in `migrations/sql/0007_consultations.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0007_consultations.up.sql")


def downgrade() -> None:
    run_sql("0007_consultations.down.sql")
