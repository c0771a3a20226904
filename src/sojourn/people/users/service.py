"""What people do with their accounts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.people.auth.links import make_link
from sojourn.people.auth.models import LinkPurpose
from sojourn.people.auth.queries import revoke_links
from sojourn.people.auth.sessions import forget_sessions
from sojourn.people.effects import ACCOUNT_DELETION, link_mail
from sojourn.people.roles import STAFF
from sojourn.people.users import queries
from sojourn.people.users.errors import AccountInUse, LastAdmin, UserNotFound
from sojourn.people.users.guard import DeletionGuard
from sojourn.people.users.models import User, UserPatch
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.db.listen import ACCOUNT_CHANGED, notify
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue

TIME_TO_UNDO = timedelta(days=14)
_NEVER_EMPTY = ("name", "preferred_language", "spoken_languages")


async def get_visible(connection: Connection, *, actor: Actor, user_id: UUID) -> User:
    """Oneself, or, for admins, anybody. Raises `UserNotFound`."""
    _require_visible(actor, user_id)
    return await queries.get_user(connection, user_id)


def _require_visible(actor: Actor, user_id: UUID) -> None:
    if actor.user_id != user_id and not actor.is_admin:
        raise UserNotFound


async def change_profile(
    tx: Connection, *, actor: Actor, user_id: UUID, patch: UserPatch, now: datetime, origin: Origin
) -> User:
    """Apply what was sent; null empties a field that may be empty. Raises `InvalidInput` and `UserNotFound`."""
    _require_visible(actor, user_id)
    changes: Mapping[str, Any] = patch.model_dump(exclude_unset=True)
    for field in _NEVER_EMPTY:
        if field in changes and changes[field] is None:
            raise InvalidInput.at(field, "must not be empty")
    before = await queries.lock_user(tx, user_id)
    if changes.get("spoken_languages") and before.role not in STAFF:
        raise InvalidInput.at("spoken_languages", "is kept of staff only")
    after = await queries.update_profile(tx, replace(before, **changes), now=now)
    await notify(tx, ACCOUNT_CHANGED, str(user_id))
    if actor.user_id != user_id:
        act = Act(
            action="account.changed", subject_kind="user", subject_id=user_id, actor_id=actor.user_id,
            detail={"fields": sorted(changes)},
        )  # fmt: skip
        await record(tx, act, now=now, origin=origin)
    return after


async def request_deletion(
    tx: Connection, *, actor: Actor, user_id: UUID, guard: DeletionGuard, now: datetime, origin: Origin
) -> None:
    """Close the account at once and forget the person after 14 days, unless it is restored (rules, section 1).

    Its owner is told by mail, with the way back; not so the owner of one that an admin had closed before.

    Raises `UserNotFound`, `LastAdmin` and `AccountInUse` while a purchase is open or disputed.
    """
    _require_visible(actor, user_id)
    if list(await queries.lock_admins(tx)) == [user_id]:
        raise LastAdmin
    user = await queries.lock_user(tx, user_id)
    if user.deletion_requested_at is not None:
        return
    if still_open := await guard.list_open(tx, user_id=user_id, now=now):
        raise AccountInUse(details={"references": list(still_open)})
    await queries.request_deletion(tx, user_id, now=now)
    await revoke_links(tx, user_id, *LinkPurpose, now=now)
    await forget_sessions(tx, user_id, now=now)
    if user.is_active:
        secret = await make_link(tx, user_id, LinkPurpose.UNDO_DELETION, now=now)
        await enqueue(tx, link_mail(ACCOUNT_DELETION, user_id=user_id, secret=secret))
    act = Act(action="account.deletion_requested", subject_kind="user", subject_id=user_id, actor_id=actor.user_id)
    await record(tx, act, now=now, origin=origin)
