"""Languages of staff: the SQL lies in `migrations/sql/0025_spoken_languages.*.sql`."""

from alembic import op

from sojourn.platform.db.migrate import run_sql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0025_spoken_languages.up.sql")
    # Outside of a transaction, and without keeping anybody waiting.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT users_spoken_languages_check")


def downgrade() -> None:
    run_sql("0025_spoken_languages.down.sql")
