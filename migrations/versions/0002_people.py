"""People: the SQL lies in `migrations/sql/0002_people.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0002_people.up.sql")


def downgrade() -> None:
    run_sql("0002_people.down.sql")
