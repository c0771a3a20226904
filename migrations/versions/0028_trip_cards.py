"""Written cards of trips: the SQL lies in `migrations/sql/0028_trip_cards.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0028_trip_cards.up.sql")


def downgrade() -> None:
    run_sql("0028_trip_cards.down.sql")
