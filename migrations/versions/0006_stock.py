"""Stock: the SQL lies in `migrations/sql/0006_stock.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0006_stock.up.sql")


def downgrade() -> None:
    run_sql("0006_stock.down.sql")
