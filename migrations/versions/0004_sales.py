"""Sales: the SQL lies in `migrations/sql/0004_sales.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0004_sales.up.sql")


def downgrade() -> None:
    run_sql("0004_sales.down.sql")
