"""What a trip includes of rooms, vehicles and guides: the SQL lies in `migrations/sql/0030_included_stock.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0030_included_stock.up.sql")


def downgrade() -> None:
    run_sql("0030_included_stock.down.sql")
