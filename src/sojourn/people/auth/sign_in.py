"""Signing in with a password.

The answer and the time it takes are the same for an address without account and for a wrong password. Five failures
in fifteen minutes lock the account name, whether it has an account or not (rules, section 0).
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sojourn.people.auth import queries
from sojourn.people.auth.admission import admit
from sojourn.people.auth.errors import AccountLocked, DeletionPending
from sojourn.people.auth.models import Challenge, Session
from sojourn.people.auth.passwords import Verdict
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin

MAX_FAILURES = 5
LOCK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom an address may be: `user_id` and `password_hash` are None for nobody, and for who may not sign in."""

    email: str
    user_id: UUID | None
    password_hash: str | None


async def refuse_if_locked(connection: Connection, email: str, *, now: datetime) -> None:
    """Raises `AccountLocked`, with `Retry-After` in seconds."""
    failures = await queries.list_recent_failures(connection, email, since=now - LOCK, limit=MAX_FAILURES)
    if len(failures) >= MAX_FAILURES:
        wait = max(1, math.ceil((failures[-1] + LOCK - now).total_seconds()))
        raise AccountLocked(details={"retry_after": wait}, headers={"Retry-After": str(wait)})


async def find_candidate(connection: Connection, email: str, *, now: datetime) -> Candidate:
    """Whom to compare the password with. Raises `AccountLocked`."""
    await refuse_if_locked(connection, email, now=now)
    row = await queries.find_credentials(connection, email)
    if row is None or not (row["is_active"] or row["is_restorable"]):
        return Candidate(email, None, None)
    return Candidate(email, row["id"], row["password_hash"])


async def complete_sign_in(
    tx: Connection, candidate: Candidate, verdict: Verdict, *, is_restoring: bool = False, secret: str, now: datetime,
    origin: Origin,
) -> Session | Challenge | None:  # fmt: skip
    """Open a session, or ask for the second factor, or note the failure: None, which the caller commits before it
    refuses.

    Raises `AccountLocked` when enough failures were noted while this password was being compared, and
    `DeletionPending` when the account must be restored first.
    """
    await refuse_if_locked(tx, candidate.email, now=now)
    row = await queries.lock_credentials(tx, candidate.user_id) if candidate.user_id else None
    if (
        candidate.user_id is None
        or row is None
        or not (row["is_active"] or row["is_restorable"])
        or row["password_hash"] != candidate.password_hash
        or not verdict.is_right
    ):
        await note_failure(tx, candidate.email, user_id=candidate.user_id, now=now, origin=origin)
        return None
    if row["is_restorable"] and not is_restoring:
        raise DeletionPending
    if verdict.new_hash is not None:
        await queries.update_hash(tx, candidate.user_id, password_hash=verdict.new_hash)
    return await admit(tx, candidate.user_id, is_restoring=row["is_restorable"], secret=secret, now=now, origin=origin)


async def note_failure(tx: Connection, email: str, *, user_id: UUID | None, now: datetime, origin: Origin) -> None:
    """Count one wrong password against the account name."""
    await queries.insert_failure(tx, email, ip=origin.ip, now=now)
    act = Act(
        action="auth.sign_in_failed", subject_kind="user", subject_id=user_id, actor_kind=ActorKind.SYSTEM,
        detail={"email": email},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
