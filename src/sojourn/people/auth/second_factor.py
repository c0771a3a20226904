"""The second factor: an authenticator app, with recovery codes for the day the phone is lost."""

from datetime import datetime
from uuid import UUID

import structlog

from sojourn.people.auth import second_factor_queries as factors
from sojourn.people.auth import totp
from sojourn.people.auth.access import Actor
from sojourn.people.auth.admission import digest, let_in
from sojourn.people.auth.errors import ChallengeInvalid, SecondFactorOff, SecondFactorOn, WrongCode
from sojourn.people.auth.models import Session
from sojourn.people.auth.queries import raise_version
from sojourn.people.auth.sessions import forget_sessions, open_session
from sojourn.people.auth.sign_in import note_failure, refuse_if_locked
from sojourn.people.auth.vault import SealBroken, Vault
from sojourn.people.users.queries import get_user, lock_user
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import ACCOUNT_CHANGED, notify
from sojourn.platform.http.context import Origin

logger = structlog.get_logger(__name__)


async def begin(tx: Connection, *, user_id: UUID, vault: Vault, now: datetime) -> str:
    """A new secret for an app, which counts when it is confirmed. Raises `SecondFactorOn`."""
    secret = totp.new_secret()
    if not await factors.upsert_factor(tx, user_id, sealed_secret=vault.seal(secret, owner=user_id), now=now):
        raise SecondFactorOn
    return secret


async def confirm(
    tx: Connection, *, user_id: UUID, code: str, vault: Vault, secret: str, now: datetime, origin: Origin
) -> tuple[Session, list[str]]:
    """The app works: from now on it is asked for. Every session ends, a new one opens for the caller.

    Answers the recovery codes, too, for the only time. Raises `SecondFactorOff` when none was begun,
    `SecondFactorOn`, and `WrongCode`.
    """
    await lock_user(tx, user_id)
    factor = await factors.lock_factor(tx, user_id)
    if factor is None:
        raise SecondFactorOff
    if factor.confirmed_at is not None:
        raise SecondFactorOn
    if not await _is_app_code(tx, factor, totp.normal(code), vault=vault, now=now):
        raise WrongCode
    codes = await _new_codes(tx, user_id, vault=vault)
    await raise_version(tx, user_id)
    await forget_sessions(tx, user_id, now=now)
    await _record(tx, "auth.second_factor_on", user_id, actor_id=user_id, now=now, origin=origin)
    user = await get_user(tx, user_id)
    return await open_session(tx, user=user, secret=secret, now=now, origin=origin), codes


async def answer_challenge(
    tx: Connection, *, token: str, code: str, vault: Vault, secret: str, now: datetime, origin: Origin
) -> Session | None:
    """Sign in with the second factor. None for a wrong code, which is counted: the caller commits that and refuses.

    Raises `ChallengeInvalid` and `AccountLocked`.
    """
    challenge = await factors.find_challenge(tx, digest(token), now=now)
    if challenge is None:
        raise ChallengeInvalid
    # Whoever guesses in parallel waits here, and finds what the others have counted.
    user = await lock_user(tx, challenge["user_id"])
    if await factors.find_challenge(tx, digest(token), now=now) is None:
        raise ChallengeInvalid
    if not await is_right(tx, user_id=user.id, email=user.email, code=code, vault=vault, now=now, origin=origin):
        return None
    await factors.delete_challenge(tx, digest(token))
    is_restoring = challenge["is_restoring"]
    return await let_in(
        tx, user.id, is_restoring=is_restoring, secret=secret, now=now, origin=origin, way="second factor"
    )


async def is_right(
    tx: Connection, *, user_id: UUID, email: str, code: str, vault: Vault, now: datetime, origin: Origin
) -> bool:
    """Whether this is the app's code or a recovery code; it is used up. A wrong one counts as a failed sign-in.

    The account's row must be locked. Raises `AccountLocked`.
    """
    await refuse_if_locked(tx, email, now=now)
    code = totp.normal(code)
    factor = await factors.lock_factor(tx, user_id)
    if factor is not None and factor.confirmed_at is not None:
        if await _is_app_code(tx, factor, code, vault=vault, now=now):
            return True
        if await factors.use_code(tx, user_id, vault.digests(code), now=now):
            await _record(tx, "auth.recovery_code_used", user_id, actor_id=user_id, now=now, origin=origin)
            return True
    await note_failure(tx, email, user_id=user_id, now=now, origin=origin)
    return False


async def renew_codes(
    tx: Connection, *, user: Actor, code: str, vault: Vault, now: datetime, origin: Origin
) -> list[str] | None:
    """New recovery codes in place of the old ones; None for a wrong code, as above. Raises `SecondFactorOff`."""
    if not await _is_on_and_right(tx, user=user, code=code, vault=vault, now=now, origin=origin):
        return None
    await _record(tx, "auth.recovery_codes_renewed", user.user_id, actor_id=user.user_id, now=now, origin=origin)
    return await _new_codes(tx, user.user_id, vault=vault)


async def disable(tx: Connection, *, user: Actor, code: str, vault: Vault, now: datetime, origin: Origin) -> bool:
    """Ask for no code any more. False for a wrong code, as above. Raises `SecondFactorOff`."""
    if not await _is_on_and_right(tx, user=user, code=code, vault=vault, now=now, origin=origin):
        return False
    await factors.delete_factor(tx, user.user_id)
    await notify(tx, ACCOUNT_CHANGED, str(user.user_id))
    await _record(tx, "auth.second_factor_off", user.user_id, actor_id=user.user_id, now=now, origin=origin)
    return True


async def reset(tx: Connection, *, admin: Actor, user_id: UUID, now: datetime, origin: Origin) -> None:
    """An admin takes away somebody's second factor, because app and codes are lost. Their sessions end.

    Raises `UserNotFound` and `SecondFactorOff`.
    """
    await lock_user(tx, user_id)
    if not await factors.delete_factor(tx, user_id):
        raise SecondFactorOff
    await raise_version(tx, user_id)
    await forget_sessions(tx, user_id, now=now)
    await _record(tx, "auth.second_factor_reset", user_id, actor_id=admin.user_id, now=now, origin=origin)


async def _is_on_and_right(
    tx: Connection, *, user: Actor, code: str, vault: Vault, now: datetime, origin: Origin
) -> bool:
    await lock_user(tx, user.user_id)
    if not await factors.is_confirmed(tx, user.user_id):
        raise SecondFactorOff
    return await is_right(tx, user_id=user.user_id, email=user.email, code=code, vault=vault, now=now, origin=origin)


async def _is_app_code(tx: Connection, factor: factors.Factor, code: str, *, vault: Vault, now: datetime) -> bool:
    try:
        secret = vault.open(factor.sealed_secret, owner=factor.user_id)
    except SealBroken:
        logger.exception("a second factor cannot be opened: was an encryption secret dropped?", user_id=factor.user_id)
        return False
    step = totp.matching_step(secret, code, after=factor.last_step, now=now)
    if step is None:
        return False
    await factors.mark_used(tx, factor.user_id, step=step, now=now)
    return True


async def _new_codes(tx: Connection, user_id: UUID, *, vault: Vault) -> list[str]:
    codes = totp.new_recovery_codes()
    await factors.replace_codes(tx, user_id, [vault.digests(totp.normal(code))[0] for code in codes])
    return codes


async def _record(tx: Connection, action: str, user_id: UUID, *, actor_id: UUID, now: datetime, origin: Origin) -> None:
    act = Act(action=action, subject_kind="user", subject_id=user_id, actor_id=actor_id)
    await record(tx, act, now=now, origin=origin)
