"""Reviews: the SQL lies in `migrations/sql/0022_reviews.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0022_reviews.up.sql")


def downgrade() -> None:
    run_sql("0022_reviews.down.sql")
