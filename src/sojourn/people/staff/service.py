"""Inviting staff, and saying who may do what."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sojourn.people.auth import links
from sojourn.people.auth.access import Actor
from sojourn.people.auth.errors import EmailTaken
from sojourn.people.auth.models import LinkPurpose, Session
from sojourn.people.auth.queries import find_credentials, revoke_links, update_password
from sojourn.people.auth.registration import new_referral_code
from sojourn.people.auth.sessions import forget_sessions, open_session
from sojourn.people.effects import STAFF_INVITATION, link_mail
from sojourn.people.roles import Role
from sojourn.people.staff.models import Invitation
from sojourn.people.users import queries
from sojourn.people.users.errors import LastAdmin
from sojourn.people.users.models import User
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.ids import new_id


async def invite(
    tx: Connection, *, admin: Actor, invitation: Invitation, language: Language, now: datetime, origin: Origin
) -> User:
    """An account that waits for its password, and the mail that asks for it.

    Who was invited before and has not answered gets a new link; the older one ends. Raises `EmailTaken` when somebody
    uses the address already.
    """
    role = Role(invitation.role)
    invited = await queries.insert_user(
        tx, user_id=new_id(), email=invitation.email, password_hash=None, name=invitation.name, phone=None,
        country=None, role=role, language=invitation.language or language, referral_code=new_referral_code(),
        referred_by=None, is_active=False, email_verified_at=None, now=now,
    )  # fmt: skip
    if invited is None:
        invited = await _invite_again(tx, invitation.email, role=role, now=now)
    if invitation.spoken_languages:
        speaking = replace(invited, spoken_languages=invitation.spoken_languages)
        invited = await queries.update_profile(tx, speaking, now=now)
    secret = await links.make_link(tx, invited.id, LinkPurpose.STAFF_INVITATION, now=now)
    await enqueue(tx, link_mail(STAFF_INVITATION, user_id=invited.id, secret=secret, inviter=admin.name))
    act = Act(
        action="staff.invited", subject_kind="user", subject_id=invited.id, actor_id=admin.user_id,
        detail={"role": role},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return invited


async def _invite_again(tx: Connection, email: str, *, role: Role, now: datetime) -> User:
    stored = await find_credentials(tx, email)
    is_waiting = stored and not (stored["is_active"] or stored["password_hash"] or stored["deletion_requested_at"])
    if stored is None or not is_waiting:
        raise EmailTaken
    await revoke_links(tx, stored["id"], LinkPurpose.STAFF_INVITATION, now=now)
    return await queries.update_standing(tx, stored["id"], role=role, is_active=False, now=now)


async def accept(
    tx: Connection, *, token: str, password_hash: str, secret: str, now: datetime, origin: Origin
) -> Session:
    """The invited person has chosen a password: the account opens. Raises `LinkInvalid`."""
    user_id = await links.use_link(tx, token, LinkPurpose.STAFF_INVITATION, now=now)
    await update_password(tx, user_id, password_hash=password_hash, is_email_proven=True, is_activated=True, now=now)
    act = Act(action="staff.invitation_accepted", subject_kind="user", subject_id=user_id, actor_id=user_id)
    await record(tx, act, now=now, origin=origin)
    user = await queries.get_user(tx, user_id)
    return await open_session(tx, user=user, secret=secret, now=now, origin=origin)


async def change_standing(
    tx: Connection, *, admin: Actor, user_id: UUID, role: Role | None, is_active: bool | None, now: datetime,
    origin: Origin,
) -> User:  # fmt: skip
    """Give somebody another role, or close and open the account. Their sessions end.

    Raises `UserNotFound`, and `LastAdmin` when nobody would be left to undo it.
    """
    admins = await queries.lock_admins(tx)
    before = await queries.lock_user(tx, user_id)
    new_role = before.role if role is None else role
    is_now_active = before.is_active if is_active is None else is_active
    if (new_role, is_now_active) == (before.role, before.is_active):
        return before
    if list(admins) == [user_id]:
        raise LastAdmin
    after = await queries.update_standing(tx, user_id, role=new_role, is_active=is_now_active, now=now)
    if not is_now_active:
        await revoke_links(tx, user_id, *LinkPurpose, now=now)
    await forget_sessions(tx, user_id, now=now)
    act = Act(
        action="staff.standing_changed", subject_kind="user", subject_id=user_id, actor_id=admin.user_id,
        detail={
            "role": [before.role, after.role], "is_active": [before.is_active, after.is_active],
        },
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    return after
