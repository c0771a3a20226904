"""An account, as the engine keeps it and as each storefront shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.people.roles import Role, role_on_wire
from sojourn.people.users.fields import AvatarUrl, Country, LanguageIn, Phone, SpokenLanguages
from sojourn.platform.db.database import Row
from sojourn.platform.http.files import Exportable
from sojourn.platform.i18n import Language
from sojourn.platform.kit.texts import PersonName, SearchText
from sojourn.platform.kit.wire import PageIn, Wire
from sojourn.platform.storefront import Storefront


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A row of `users`. `refresh_token_version` rises whenever every session must end at once."""

    id: UUID
    email: str
    email_verified_at: datetime | None
    name: str
    phone: str | None
    country: str | None
    avatar_url: str | None
    role: Role
    preferred_language: Language
    spoken_languages: Sequence[Language]
    loyalty_points: int
    is_student: bool
    student_verified_at: datetime | None
    emergency_contact_name: str | None
    emergency_contact_phone: str | None
    total_completed_bookings: int
    referral_code: str
    referred_by: UUID | None
    refresh_token_version: int
    is_active: bool
    last_signed_in_at: datetime | None
    deletion_requested_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "User":
        values = {name: row[name] for name in cls.__slots__}
        named = {
            "role": Role(row["role"]),
            "preferred_language": Language(row["preferred_language"]),
            "spoken_languages": tuple(Language(name) for name in row["spoken_languages"]),
        }
        return cls(**values | named)


class UserOut(Wire):
    """An account as its owner sees it. `role` is the storefront's word: DerLg's customers are TRAVELER. Only staff have
    `spoken_languages`."""

    id: UUID
    name: str = Field(alias="fullName")
    email: str
    phone: str | None
    country: str | None
    avatar_url: str | None
    role: str
    preferred_language: Language
    spoken_languages: list[Language]
    loyalty_points: int
    is_student: bool
    student_verified_at: datetime | None
    emergency_contact_name: str | None
    emergency_contact_phone: str | None
    total_completed_bookings: int
    referral_code: str
    referred_by: UUID | None
    email_verified: bool
    created_at: datetime
    updated_at: datetime


class AccountOut(UserOut):
    """An account as the agency's admins see it."""

    is_active: bool
    last_signed_in_at: datetime | None
    deletion_requested_at: datetime | None


_SHARED = tuple(name for name in UserOut.model_fields if name not in {"role", "email_verified"})


def present(user: User, storefront: Storefront) -> UserOut:
    """The account for its owner."""
    return UserOut.model_validate(_shown(user, storefront))


def present_account(user: User, storefront: Storefront) -> AccountOut:
    """The account for an admin."""
    return AccountOut.model_validate(
        _shown(user, storefront)
        | {
            "is_active": user.is_active,
            "last_signed_in_at": user.last_signed_in_at,
            "deletion_requested_at": user.deletion_requested_at,
        }
    )


def _shown(user: User, storefront: Storefront) -> dict[str, object]:
    shared = {name: getattr(user, name) for name in _SHARED}
    return shared | {
        "role": role_on_wire(user.role, storefront),
        "spoken_languages": list(user.spoken_languages),
        "email_verified": user.email_verified_at is not None,
    }


class UserPatch(Wire):
    """What people may change about themselves; what is not sent stays. `spoken_languages` are for staff."""

    name: PersonName | None = Field(None, alias="fullName")
    phone: Phone | None = None
    country: Country | None = None
    avatar_url: AvatarUrl | None = None
    preferred_language: LanguageIn | None = None
    spoken_languages: SpokenLanguages | None = None
    emergency_contact_name: PersonName | None = None
    emergency_contact_phone: Phone | None = None


class LanguageChoice(Wire):
    """The language to be spoken to in; `EN`, `KH` and `ZH` are understood as well."""

    language: LanguageIn


class Preferences(Wire):
    """Which messages somebody wants. Mails about purchases and the account's safety always come.

    Pushes come to registered devices: about purchases, before a journey or consultation, about festivals.
    """

    is_welcome_mail_wanted: bool = True
    is_points_mail_wanted: bool = True
    is_review_mail_wanted: bool = True
    is_festival_mail_wanted: bool = False
    is_purchase_push_wanted: bool = True
    is_reminder_push_wanted: bool = True
    is_festival_push_wanted: bool = False


class PreferencesPatch(Wire):
    """What is not sent stays."""

    is_welcome_mail_wanted: bool | None = None
    is_points_mail_wanted: bool | None = None
    is_review_mail_wanted: bool | None = None
    is_festival_mail_wanted: bool | None = None
    is_purchase_push_wanted: bool | None = None
    is_reminder_push_wanted: bool | None = None
    is_festival_push_wanted: bool | None = None


class UserSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    LAST_SEEN = "last_seen"


class UserFilters(Exportable, PageIn):
    """`role` is the storefront's word; `search` is part of a name or an address."""

    role: Annotated[str, StringConstraints(max_length=20)] | None = None
    is_active: bool | None = None
    search: SearchText | None = None
    sort: UserSort = UserSort.NEWEST
