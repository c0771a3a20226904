"""What people's acts set going: job kinds, named here so that the floors above can handle them."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.jobs.queue import NewJob

VERIFY_EMAIL = "mail.verify_email"
PASSWORD_RESET = "mail.password_reset"
PASSWORD_CHANGED = "mail.password_changed"
STAFF_INVITATION = "mail.staff_invitation"
EMAIL_ALREADY_REGISTERED = "mail.email_already_registered"
WELCOME = "mail.welcome"
ACCOUNT_DELETION = "mail.account_deletion"


def link_mail(kind: str, *, user_id: UUID, secret: str, inviter: str | None = None) -> NewJob:
    """A mail that carries a single-use link; the secret lives only in the job until it is sent."""
    return NewJob(kind=kind, payload={"user_id": user_id, "secret": secret, "inviter": inviter})


def account_mail(kind: str, *, user_id: UUID, at: datetime) -> NewJob:
    """A mail about an account; `at` keeps two occasions apart."""
    return NewJob(kind=kind, payload={"user_id": user_id, "at": at.isoformat()})
