"""Letting somebody in who has proven who they are: a session, or first a challenge for the second factor."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sojourn.people.auth import queries
from sojourn.people.auth import second_factor_queries as factors
from sojourn.people.auth.models import Challenge, Session
from sojourn.people.auth.sessions import open_session
from sojourn.people.users.queries import get_user, undo_deletion
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_secret

CHALLENGE_LIFE = timedelta(minutes=5)


async def admit(
    tx: Connection, user_id: UUID, *, is_restoring: bool = False, secret: str, now: datetime, origin: Origin,
    way: str | None = None,
) -> Session | Challenge:  # fmt: skip
    """The first factor was right. `is_restoring`: the account's deletion is undone with the sign-in; `way` is told to
    the audit where it was no password."""
    if not await factors.is_confirmed(tx, user_id):
        return await let_in(tx, user_id, is_restoring=is_restoring, secret=secret, now=now, origin=origin, way=way)
    user = await get_user(tx, user_id)
    token = new_secret()
    await factors.insert_challenge(
        tx, token_hash=digest(token), user_id=user_id, version=user.refresh_token_version, is_restoring=is_restoring,
        expires_at=now + CHALLENGE_LIFE,
    )  # fmt: skip
    return Challenge(token)


async def let_in(
    tx: Connection, user_id: UUID, *, is_restoring: bool, secret: str, now: datetime, origin: Origin,
    way: str | None = None,
) -> Session:  # fmt: skip
    """Every factor was right: earlier failures are forgotten, a session opens."""
    if is_restoring:
        await undo_deletion(tx, user_id, now=now)
        await record(tx, _act("account.restored", user_id), now=now, origin=origin)
    user = await get_user(tx, user_id)
    await queries.delete_failures(tx, user.email)
    await queries.update_signed_in(tx, user_id, now=now)
    await record(tx, _act("auth.signed_in", user_id, way), now=now, origin=origin)
    return await open_session(tx, user=user, secret=secret, now=now, origin=origin)


def digest(token: str) -> bytes:
    """What of a challenge's token is kept."""
    return sha256(token.encode()).digest()


def _act(action: str, user_id: UUID, way: str | None = None) -> Act:
    detail = {"way": way} if way else {}
    return Act(action=action, subject_kind="user", subject_id=user_id, actor_id=user_id, detail=detail)
