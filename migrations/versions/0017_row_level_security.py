"""Row-level security: the SQL lies in `migrations/sql/0017_row_level_security.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0017_row_level_security.up.sql")


def downgrade() -> None:
    run_sql("0017_row_level_security.down.sql")
