"""Sessions: families of refresh tokens. Each token is used once; the second use of one ends its family.

A token is 256 random bits; the database keeps its HMAC under the storefront's refresh secret.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from sojourn.people.auth import queries
from sojourn.people.auth.errors import RefreshTokenInvalid
from sojourn.people.auth.models import Session
from sojourn.people.users.models import User
from sojourn.people.users.queries import get_user
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection, mirror_after_commit
from sojourn.platform.db.listen import ACCOUNT_CHANGED, notify
from sojourn.platform.http.context import Origin
from sojourn.platform.kit.ids import new_id, new_secret
from sojourn.platform.redis.keys import VERSION_LIFE, refresh_token_version
from sojourn.platform.redis.port import Raise

REFRESH_LIFE = timedelta(days=7)
MAX_USER_AGENT = 200


def hash_refresh_token(token: str, *, secret: str) -> bytes:
    return hmac.digest(secret.encode(), token.encode(), "sha256")


async def open_session(tx: Connection, *, user: User, secret: str, now: datetime, origin: Origin) -> Session:
    """A new family for `user`."""
    return await _issue(tx, user=user, family_id=new_id(), secret=secret, now=now, origin=origin)


async def rotate(tx: Connection, *, refresh_token: str, secret: str, now: datetime, origin: Origin) -> Session | None:
    """Exchange a refresh token for a new session of the same family, valid for seven days from now.

    None when the token was used before: somebody else holds it, so its family is revoked; the caller commits that
    and then refuses. Raises `RefreshTokenInvalid` for a token that is unknown, expired or revoked.
    """
    stored = await queries.lock_refresh_token(tx, hash_refresh_token(refresh_token, secret=secret))
    if stored is None or stored.is_revoked or stored.expires_at <= now:
        raise RefreshTokenInvalid
    if stored.rotated_at is not None:
        await queries.revoke_family(tx, family_id=stored.family_id, user_id=stored.user_id, now=now)
        act = Act(
            action="auth.refresh_token_reused", subject_kind="user", subject_id=stored.user_id,
            actor_kind=ActorKind.SYSTEM, detail={"family_id": stored.family_id},
        )  # fmt: skip
        await record(tx, act, now=now, origin=origin)
        return None
    user = await get_user(tx, stored.user_id)
    if not user.is_active or user.refresh_token_version != stored.version:
        raise RefreshTokenInvalid
    await queries.mark_rotated(tx, stored.id, now=now)
    return await _issue(tx, user=user, family_id=stored.family_id, secret=secret, now=now, origin=origin)


async def close_session(tx: Connection, *, refresh_token: str, secret: str, now: datetime, origin: Origin) -> None:
    """Sign out the device that holds `refresh_token`. An unknown token is nobody's session: nothing to do."""
    family = await queries.find_family(tx, hash_refresh_token(refresh_token, secret=secret))
    if family is None:
        return
    user_id = family["user_id"]
    if await queries.revoke_family(tx, family_id=family["family_id"], user_id=user_id, now=now):
        await _record(tx, "auth.signed_out", user_id, now=now, origin=origin)


async def end_session(tx: Connection, session_id: UUID, *, user_id: UUID, now: datetime, origin: Origin) -> bool:
    """Sign out one device. False when it was not signed in."""
    if not await queries.revoke_family(tx, family_id=session_id, user_id=user_id, now=now):
        return False
    await _record(tx, "auth.session_ended", user_id, now=now, origin=origin)
    return True


async def end_other_sessions(
    tx: Connection, user_id: UUID, *, refresh_token: str, secret: str, now: datetime, origin: Origin
) -> None:
    """Every device but the one that holds `refresh_token`. Raises `RefreshTokenInvalid` when that is not theirs."""
    family = await queries.find_family(tx, hash_refresh_token(refresh_token, secret=secret))
    if family is None or family["user_id"] != user_id:
        raise RefreshTokenInvalid
    await queries.revoke_others(tx, family_id=family["family_id"], user_id=user_id, now=now)
    await _record(tx, "auth.other_sessions_ended", user_id, now=now, origin=origin)


async def end_all_sessions(tx: Connection, user_id: UUID, *, now: datetime, origin: Origin) -> None:
    """Every device, at once, access tokens included."""
    await queries.raise_version(tx, user_id)
    await forget_sessions(tx, user_id, now=now)
    await _record(tx, "auth.signed_out_everywhere", user_id, now=now, origin=origin)


async def forget_sessions(tx: Connection, user_id: UUID, *, now: datetime) -> None:
    """For whoever has raised the version already: revoke the refresh tokens and tell every process."""
    version = await queries.revoke_all(tx, user_id, now=now)
    _mirror_version(user_id, version)
    await notify(tx, ACCOUNT_CHANGED, str(user_id))


def _mirror_version(user_id: UUID, version: int) -> None:
    """For whoever reads our tokens and asks Redis, not us, whether they still count (docs/redis.md)."""
    life = round(VERSION_LIFE.total_seconds())
    mirror_after_commit(Raise(refresh_token_version(user_id), version, life))


async def _record(tx: Connection, action: str, user_id: UUID, *, now: datetime, origin: Origin) -> None:
    act = Act(action=action, subject_kind="user", subject_id=user_id, actor_id=user_id)
    await record(tx, act, now=now, origin=origin)


async def _issue(tx: Connection, *, user: User, family_id: UUID, secret: str, now: datetime, origin: Origin) -> Session:
    token = new_secret()
    agent = "".join(character for character in origin.user_agent or "" if character.isprintable())[:MAX_USER_AGENT]
    await queries.insert_refresh_token(
        tx, token_id=new_id(), user_id=user.id, family_id=family_id,
        token_hash=hash_refresh_token(token, secret=secret), version=user.refresh_token_version, now=now,
        expires_at=now + REFRESH_LIFE, ip=origin.ip, user_agent=agent or None,
    )  # fmt: skip
    _mirror_version(user.id, user.refresh_token_version)
    return Session(user=user, id=family_id, refresh_token=token)
