"""Platform: the SQL lies in `migrations/sql/0001_platform.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0001_platform.up.sql")


def downgrade() -> None:
    run_sql("0001_platform.down.sql")
