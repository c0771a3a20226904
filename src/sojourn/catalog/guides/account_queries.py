"""Every statement about guides' accounts."""

from uuid import UUID

from sojourn.catalog.guides.account_models import GuideAccount
from sojourn.catalog.guides.errors import GuideNotFound, GuideNotLinked
from sojourn.platform.db.database import Connection

SELECT_ACCOUNT = """
SELECT g.id AS guide_id, g.user_id, u.name, u.email FROM guides g LEFT JOIN users u ON u.id = g.user_id WHERE g.id = $1
"""
LOCK_LINK = "SELECT slug, user_id FROM guides WHERE id = $1 FOR NO KEY UPDATE"
UPDATE_LINK = "UPDATE guides SET user_id = $2 WHERE id = $1"
SELECT_GUIDE_OF = "SELECT id FROM guides WHERE user_id = $1"
LOCK_GUIDE_OF = f"{SELECT_GUIDE_OF} FOR NO KEY UPDATE"


async def get_account(connection: Connection, guide_id: UUID) -> GuideAccount:
    """Raises `GuideNotFound`."""
    row = await connection.fetchrow(SELECT_ACCOUNT, guide_id)
    if row is None:
        raise GuideNotFound
    return GuideAccount(**row)


async def lock_link(tx: Connection, guide_id: UUID) -> tuple[str, UUID | None]:
    """The guide's slug and account, locked. Raises `GuideNotFound`."""
    row = await tx.fetchrow(LOCK_LINK, guide_id)
    if row is None:
        raise GuideNotFound
    return row["slug"], row["user_id"]


async def update_link(tx: Connection, guide_id: UUID, *, user_id: UUID | None) -> None:
    await tx.execute(UPDATE_LINK, guide_id, user_id)


async def find_guide_of(connection: Connection, user_id: UUID) -> UUID | None:
    """The guide whose account it is."""
    guide_id: UUID | None = await connection.fetchval(SELECT_GUIDE_OF, user_id)
    return guide_id


async def get_guide_of(connection: Connection, user_id: UUID) -> UUID:
    """The guide whose account it is. Raises `GuideNotLinked`."""
    guide_id = await find_guide_of(connection, user_id)
    if guide_id is None:
        raise GuideNotLinked
    return guide_id


async def lock_guide_of(tx: Connection, user_id: UUID) -> UUID:
    """As `get_guide_of`, and it stays that one's account until the transaction ends. Raises `GuideNotLinked`."""
    guide_id: UUID | None = await tx.fetchval(LOCK_GUIDE_OF, user_id)
    if guide_id is None:
        raise GuideNotLinked
    return guide_id
