"""Mails about accounts: links, passwords, greetings."""

from collections.abc import Callable
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from sojourn.care.notifications import sources
from sojourn.care.notifications.mails import (
    AccountDeletion,
    EmailAlreadyRegistered,
    MailContext,
    PasswordChanged,
    PasswordReset,
    PointsExpiring,
    StaffInvitation,
    VerifyEmail,
    Welcome,
)
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import keep
from sojourn.people.auth.links import find_link_expiry
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import Work


async def verify_email(work: Work, payload: Payload) -> None:
    """The link that confirms an address."""
    await _send_link(
        work, payload, path="/verify-email", says=lambda link, until: VerifyEmail(link=link, expires_at=until)
    )


async def password_reset(work: Work, payload: Payload) -> None:
    """The link that lets somebody choose a new password."""
    await _send_link(
        work, payload, path="/reset-password", says=lambda link, until: PasswordReset(link=link, expires_at=until)
    )


async def account_deletion(work: Work, payload: Payload) -> None:
    """What happens to a closed account, and the link that opens it again."""
    await _send_link(
        work, payload, path="/undo-deletion", says=lambda link, until: AccountDeletion(link=link, expires_at=until)
    )


async def staff_invitation(work: Work, payload: Payload) -> None:
    """The link with which invited staff choose their first password."""
    async with work.runtime.db.read() as connection:
        role = await sources.get_role(connection, UUID(payload["user_id"]))

    def says(link: str, until: datetime) -> StaffInvitation:
        values = {"link": link, "expires_at": until, "role": role, "inviter": payload["inviter"]}
        return StaffInvitation.model_validate(values)

    await _send_link(work, payload, path="/accept-invitation", says=says)


async def _send_link(work: Work, payload: Payload, *, path: str, says: Callable[[str, datetime], MailContext]) -> None:
    """Nothing when the link was used or revoked meanwhile. One mail a link: its hash is the occasion."""
    secret: str = payload["secret"]
    user_id = UUID(payload["user_id"])
    async with work.runtime.db.unit_of_work() as tx:
        expires_at = await find_link_expiry(tx, secret)
        to = await sources.find_recipient(tx, user_id)
        if expires_at is None or to is None:
            return
        letter = Letter(
            context=says(f"{work.runtime.storefront.frontend_url}{path}?token={secret}", expires_at),
            to=to,
            subject_id=user_id,
            occasion=sha256(secret.encode()).hexdigest()[:16],
        )
        await keep(tx, letter, now=work.runtime.clock.now())


async def password_changed(work: Work, payload: Payload) -> None:
    """The account's owner hears of every change of the password."""
    await _tell(work, payload, PasswordChanged(changed_at=datetime.fromisoformat(payload["at"])))


async def email_already_registered(work: Work, payload: Payload) -> None:
    """Somebody tried to register with the owner's address."""
    home = work.runtime.storefront.frontend_url
    await _tell(work, payload, EmailAlreadyRegistered(login_url=f"{home}/login", reset_url=f"{home}/forgot-password"))


async def welcome(work: Work, payload: Payload) -> None:
    """The greeting to a new account."""
    await _tell(work, payload, Welcome())


async def _tell(work: Work, payload: Payload, context: MailContext) -> None:
    await _keep(work, UUID(payload["user_id"]), context, occasion=payload["at"])


async def points_expiring(work: Work, payload: Payload) -> None:
    """Points that end in 30 days; one mail a day of expiry."""
    expires_on = date.fromisoformat(payload["expires_on"])
    context = PointsExpiring(points=int(payload["points"]), expires_on=expires_on)
    await _keep(work, UUID(payload["user_id"]), context, occasion=expires_on.isoformat())


async def _keep(work: Work, user_id: UUID, context: MailContext, *, occasion: str) -> None:
    async with work.runtime.db.unit_of_work() as tx:
        to = await sources.find_recipient(tx, user_id)
        if to is not None:
            letter = Letter(context=context, to=to, subject_id=user_id, occasion=occasion)
            await keep(tx, letter, now=work.runtime.clock.now())
