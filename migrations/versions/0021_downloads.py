"""Digital downloads: the SQL lies in `migrations/sql/0021_downloads.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0021_downloads.up.sql")


def downgrade() -> None:
    run_sql("0021_downloads.down.sql")
