"""Single-use links: verification, password reset, invitation. The database keeps a hash, the mail the secret."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sojourn.people.auth import queries
from sojourn.people.auth.errors import LinkInvalid
from sojourn.people.auth.models import LinkPurpose
from sojourn.people.users.models import User
from sojourn.people.users.queries import get_user
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.ids import new_secret

LIVES = {
    LinkPurpose.VERIFY_EMAIL: timedelta(hours=24),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=1),
    LinkPurpose.STAFF_INVITATION: timedelta(days=7),
    LinkPurpose.UNDO_DELETION: timedelta(days=14),
}
# Whoever presses the button ten times gets one mail.
PAUSE = timedelta(minutes=1)


async def make_link(tx: Connection, user_id: UUID, purpose: LinkPurpose, *, now: datetime) -> str:
    """A new link's secret."""
    secret = new_secret()
    await queries.insert_link(
        tx, token_hash=_digest(secret), user_id=user_id, purpose=purpose, expires_at=now + LIVES[purpose], now=now
    )
    return secret


async def make_link_unless_recent(tx: Connection, user_id: UUID, purpose: LinkPurpose, *, now: datetime) -> str | None:
    """A new link's secret; None when one was made within the last minute."""
    if await queries.has_link_since(tx, user_id, purpose=purpose, since=now - PAUSE):
        return None
    return await make_link(tx, user_id, purpose, now=now)


async def get_owner(connection: Connection, secret: str, purpose: LinkPurpose, *, now: datetime) -> User:
    """Whose link it is, without using it. Raises `LinkInvalid`."""
    user_id = await queries.find_link_owner(connection, token_hash=_digest(secret), purpose=purpose, now=now)
    if user_id is None:
        raise LinkInvalid
    return await get_user(connection, user_id)


async def use_link(tx: Connection, secret: str, purpose: LinkPurpose, *, now: datetime) -> UUID:
    """Whose link it is. It and all its kind are used up. Raises `LinkInvalid`."""
    user_id = await queries.lock_link_owner(tx, token_hash=_digest(secret), purpose=purpose, now=now)
    if user_id is None:
        raise LinkInvalid
    await queries.revoke_links(tx, user_id, purpose, now=now)
    return user_id


async def find_link_expiry(connection: Connection, secret: str) -> datetime | None:
    """Until when an unused link works: for the mail that carries it. None when it was used or revoked meanwhile."""
    return await queries.find_link_expiry(connection, _digest(secret))


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
