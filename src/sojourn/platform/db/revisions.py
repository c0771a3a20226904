"""Which migrations there are, and whether a database has had them: what serves and works asks, and need not load for it
what runs them (`migrate.py`)."""

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.errors import Unavailable

_PACKAGE = Path(__file__).resolve().parents[2]
# A wheel carries them in the package (pyproject.toml); in a clone they lie beside `src`.
MIGRATIONS = next(place / "migrations" for place in (_PACKAGE, _PACKAGE.parents[1]) if (place / "migrations").is_dir())

_STANDS_AT = "SELECT version_num FROM alembic_version"


class DatabaseOutdated(RuntimeError):
    """The database has not had every migration of this version."""


@cache
def known_revisions() -> list[str]:
    """Of this version, oldest first: what the names of the files begin with."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def require_newest_on(connection: Connection, *, name: str) -> None:
    """Raises DatabaseOutdated. A database may be ahead: an older version of the program still works beside a newer
    one, but not the other way round."""
    try:
        stands_at = await connection.fetchval(_STANDS_AT)
    except asyncpg.UndefinedTableError:
        stands_at = None
    *older, newest = known_revisions()
    if stands_at is None or stands_at in older:
        raise DatabaseOutdated(f"Database {name} stands {at_revision(stands_at)}, and this version needs {newest}.")


async def why_not_ready(db: Database) -> str | None:
    """What keeps the database from being worked with; None when nothing does."""
    try:
        async with db.read() as connection:
            await require_newest_on(connection, name=name_of(db.dsn))
    except DatabaseOutdated as fault:
        return str(fault)
    except Unavailable:
        return f"Database {name_of(db.dsn)} does not answer."
    return None


def at_revision(revision: str | None) -> str:
    """Where a database stands, in words."""
    return f"at migration {revision}" if revision else "before the first migration"


def name_of(dsn: str) -> str:
    """The database's own name."""
    return urlsplit(dsn).path.lstrip("/") or "postgres"
