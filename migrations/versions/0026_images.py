"""Pictures of the catalogue: the SQL lies in `migrations/sql/0026_images.*.sql`."""

from sojourn.platform.db.migrate import run_sql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0026_images.up.sql")


def downgrade() -> None:
    run_sql("0026_images.down.sql")
