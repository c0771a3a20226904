"""Second ways to sign in: the SQL lies in `migrations/sql/0015_sign_in.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0015_sign_in.up.sql")


def downgrade() -> None:
    run_sql("0015_sign_in.down.sql")
