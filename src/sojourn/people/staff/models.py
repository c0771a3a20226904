"""Who works for the agency."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from sojourn.people.users.fields import Email, LanguageIn, SpokenLanguages
from sojourn.platform.kit.texts import PersonName
from sojourn.platform.kit.wire import Wire


class StaffRole(StrEnum):
    """What somebody can be invited as."""

    CONSULTANT = "CONSULTANT"
    GUIDE = "GUIDE"
    ADMIN = "ADMIN"


class Invitation(Wire):
    """Staff are invited by an admin, never self-registered (rules, section 1).

    `language` is the one to be written to in; orders are given to consultants by their `spoken_languages`.
    """

    email: Email
    name: PersonName = Field(alias="fullName")
    role: StaffRole
    language: LanguageIn | None = None
    spoken_languages: SpokenLanguages = []


class StandingPatch(Wire):
    """What an admin decides about an account; what is not sent stays. `role` is the storefront's word."""

    role: Annotated[str, StringConstraints(max_length=20)] | None = None
    is_active: bool | None = None
