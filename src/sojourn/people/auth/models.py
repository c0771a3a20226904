"""What is sent to the sign-in desk and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.people.auth.passwords import MAX_LENGTH, MIN_LENGTH
from sojourn.people.users.fields import Country, Email, LanguageIn, Phone, Secret
from sojourn.people.users.models import User, UserOut
from sojourn.platform.kit.texts import PersonName
from sojourn.platform.kit.wire import Wire

NewPassword = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
AnyPassword = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class TokenDelivery(StrEnum):
    """How the refresh token travels: a cookie for browsers, the body for native apps."""

    COOKIE = "cookie"
    BODY = "body"


class Registration(Wire):
    """A new customer."""

    name: PersonName = Field(alias="fullName")
    email: Email
    password: NewPassword
    phone: Phone | None = None
    country: Country | None = None
    language: LanguageIn | None = None
    referral_code: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=20)] | None = None
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class Credentials(Wire):
    email: Email
    password: AnyPassword
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class RefreshRequest(Wire):
    """For those who keep the refresh token themselves; browsers send their cookie and no body."""

    refresh_token: Secret | None = None
    token_delivery: TokenDelivery | None = None


class LinkToken(Wire):
    token: Secret


class EmailOnly(Wire):
    email: Email


class PasswordReset(Wire):
    token: Secret
    password: NewPassword


class PasswordChange(Wire):
    current_password: AnyPassword
    new_password: NewPassword
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class InvitationAcceptance(Wire):
    token: Secret
    password: NewPassword
    token_delivery: TokenDelivery = TokenDelivery.COOKIE


class SignedIn(Wire):
    """`expires_in` is the access token's life in seconds. `refresh_token` is null when it went out as a cookie."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: int
    refresh_token: str | None = None
    user: UserOut


class Notice(Wire):
    """A sentence for the person at the screen."""

    message: str


class SessionOut(Wire):
    """One device that is signed in."""

    id: UUID
    signed_in_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in: the account, the family of refresh tokens, and the one that only they hold."""

    user: User
    id: UUID
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Somebody was right about the first factor. Whoever holds the token answers with the second, within minutes."""

    token: str


@dataclass(frozen=True, slots=True)
class StoredRefreshToken:
    """A row of `refresh_tokens`. Rotated means used once; a second use is a theft."""

    id: UUID
    user_id: UUID
    family_id: UUID
    version: int
    expires_at: datetime
    rotated_at: datetime | None
    is_revoked: bool


class LinkPurpose(StrEnum):
    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"
    STAFF_INVITATION = "STAFF_INVITATION"
    UNDO_DELETION = "UNDO_DELETION"
