"""Care: the SQL lies in `migrations/sql/0005_care.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0005_care.up.sql")


def downgrade() -> None:
    run_sql("0005_care.down.sql")
