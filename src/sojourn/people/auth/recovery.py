"""Confirming an address, and choosing a new password."""

from datetime import datetime
from uuid import UUID

from sojourn.people.auth import links, queries
from sojourn.people.auth.errors import LinkInvalid
from sojourn.people.auth.models import LinkPurpose, Session
from sojourn.people.auth.registration import welcome
from sojourn.people.auth.sessions import forget_sessions, open_session
from sojourn.people.effects import PASSWORD_CHANGED, PASSWORD_RESET, VERIFY_EMAIL, account_mail, link_mail
from sojourn.people.users.queries import find_by_email, get_user, lock_user
from sojourn.people.users.queries import undo_deletion as undo_account_deletion
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import NewJob, enqueue

REQUEST_LINK = "auth.request_link"  # email, purpose


def request_link(email: str, purpose: LinkPurpose) -> NewJob:
    """Ask for a link for `email`.

    Whether there is such an account is found out by the worker: the caller neither learns it nor could measure it.
    """
    return NewJob(kind=REQUEST_LINK, payload={"email": email, "purpose": purpose})


async def send_link(tx: Connection, *, email: str, purpose: LinkPurpose, now: datetime) -> None:
    """Mail the link that was asked for, if there is an account that can use it."""
    user = await find_by_email(tx, email)
    if user is None or not user.is_active:
        return
    if purpose is LinkPurpose.VERIFY_EMAIL and user.email_verified_at is not None:
        return
    secret = await links.make_link_unless_recent(tx, user.id, purpose, now=now)
    if secret is not None:
        kind = VERIFY_EMAIL if purpose is LinkPurpose.VERIFY_EMAIL else PASSWORD_RESET
        await enqueue(tx, link_mail(kind, user_id=user.id, secret=secret))


async def verify_email(tx: Connection, *, token: str, now: datetime, origin: Origin) -> None:
    """Confirm the address that the link was sent to. Raises `LinkInvalid`."""
    user_id = await links.use_link(tx, token, LinkPurpose.VERIFY_EMAIL, now=now)
    await queries.mark_verified(tx, user_id, now=now)
    await enqueue(tx, welcome(await get_user(tx, user_id)))
    await _record(tx, "auth.email_verified", user_id, now=now, origin=origin)


async def reset_password(tx: Connection, *, token: str, password_hash: str, now: datetime, origin: Origin) -> UUID:
    """Set a password by a link; answers whose. Every session ends.

    Whoever holds the link owns the address: that is confirmed, and a lock is lifted. Raises `LinkInvalid`.
    """
    user = await lock_user(tx, await links.use_link(tx, token, LinkPurpose.RESET_PASSWORD, now=now))
    await queries.delete_failures(tx, user.email)
    await queries.revoke_links(tx, user.id, LinkPurpose.VERIFY_EMAIL, now=now)
    await _set_password(
        tx, user.id, password_hash=password_hash, is_email_proven=True, action="auth.password_reset", now=now,
        origin=origin,
    )  # fmt: skip
    return user.id


async def undo_deletion(tx: Connection, *, token: str, now: datetime, origin: Origin) -> UUID:
    """Keep an account that was to be deleted, by the link its owner was sent; answers whose. Nobody is signed in.

    Raises `LinkInvalid`, also when it was restored before.
    """
    user = await lock_user(tx, await links.use_link(tx, token, LinkPurpose.UNDO_DELETION, now=now))
    if user.deletion_requested_at is None:
        raise LinkInvalid
    await undo_account_deletion(tx, user.id, now=now)
    await _record(tx, "account.restored", user.id, now=now, origin=origin)
    return user.id


async def change_password(
    tx: Connection, *, user_id: UUID, password_hash: str, secret: str, now: datetime, origin: Origin
) -> Session:
    """Set a password for somebody who knew the old one. Every session ends; a new one is opened for the caller."""
    await lock_user(tx, user_id)
    await _set_password(
        tx, user_id, password_hash=password_hash, is_email_proven=False, action="auth.password_changed", now=now,
        origin=origin,
    )  # fmt: skip
    return await open_session(tx, user=await get_user(tx, user_id), secret=secret, now=now, origin=origin)


async def _set_password(
    tx: Connection, user_id: UUID, *, password_hash: str, is_email_proven: bool, action: str, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    await queries.update_password(
        tx, user_id, password_hash=password_hash, is_email_proven=is_email_proven, is_activated=False, now=now
    )
    await queries.revoke_links(tx, user_id, LinkPurpose.RESET_PASSWORD, now=now)
    await forget_sessions(tx, user_id, now=now)
    await enqueue(tx, account_mail(PASSWORD_CHANGED, user_id=user_id, at=now))
    await _record(tx, action, user_id, now=now, origin=origin)


async def _record(tx: Connection, action: str, user_id: UUID, *, now: datetime, origin: Origin) -> None:
    await record(
        tx, Act(action=action, subject_kind="user", subject_id=user_id, actor_id=user_id), now=now, origin=origin
    )
