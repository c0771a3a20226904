"""Places and festivals: the SQL lies in `migrations/sql/0014_explore.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0014_explore.up.sql")


def downgrade() -> None:
    run_sql("0014_explore.down.sql")
