"""Mails about accounts: links, passwords, greetings, points."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import SAMPLE_AT, Link, MailContext, Text


class VerifyEmail(MailContext):
    kind = MailKind.VERIFY_EMAIL
    link: Link
    expires_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(link="https://travel.example/verify?token=abc&lang=en", expires_at=SAMPLE_AT)


class PasswordReset(MailContext):
    kind = MailKind.PASSWORD_RESET
    link: Link
    expires_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(link="https://travel.example/reset?token=abc", expires_at=SAMPLE_AT)


class PasswordChanged(MailContext):
    kind = MailKind.PASSWORD_CHANGED
    changed_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(changed_at=SAMPLE_AT)


class StaffInvitation(MailContext):
    kind = MailKind.STAFF_INVITATION
    link: Link
    expires_at: AwareDatetime
    role: Literal["CONSULTANT", "GUIDE", "ADMIN"]
    inviter: Text

    @classmethod
    def sample(cls) -> Self:
        return cls(
            link="https://travel.example/join?token=abc", expires_at=SAMPLE_AT, role="CONSULTANT", inviter="Dara Kim"
        )


class Welcome(MailContext):
    kind = MailKind.WELCOME
    mail_preference = "is_welcome_mail_wanted"

    @classmethod
    def sample(cls) -> Self:
        return cls()


class AccountDeletion(MailContext):
    """The account is closed; until `expires_at`, when its owner is forgotten, the link opens it again."""

    kind = MailKind.ACCOUNT_DELETION
    link: Link
    expires_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(link="https://travel.example/undo-deletion?token=abc", expires_at=SAMPLE_AT)


class DataExport(MailContext):
    """All that is kept about the recipient has been put together; until `expires_at` the link opens it."""

    kind = MailKind.DATA_EXPORT
    link: Link
    expires_at: AwareDatetime

    @classmethod
    def sample(cls) -> Self:
        return cls(link="https://api.travel.example/v1/users/exports/abc", expires_at=SAMPLE_AT)


class EmailAlreadyRegistered(MailContext):
    """Somebody tried to register with the recipient's address; the form told them nothing."""

    kind = MailKind.EMAIL_ALREADY_REGISTERED
    login_url: Link
    reset_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(login_url="https://travel.example/login", reset_url="https://derlg.example/forgot")


class PointsExpiring(MailContext):
    kind = MailKind.POINTS_EXPIRING
    mail_preference = "is_points_mail_wanted"
    points: Annotated[int, Field(ge=1)]
    expires_on: date

    @classmethod
    def sample(cls) -> Self:
        return cls(points=1200, expires_on=date(2026, 12, 5))
