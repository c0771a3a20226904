"""What may stand in a person's fields: checked once, here, for every model that takes them."""

import re
from typing import Annotated

from email_validator import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sojourn.platform.i18n import Language, language_of
from sojourn.platform.kit.texts import PersonName

MAX_EMAIL = 255
TAG_LENGTH = 2
_PHONE = re.compile(r"\+?\(?[0-9][0-9 ()./-]{2,18}[0-9]")


def _parse_email(value: str) -> str:
    # Nothing is looked up in the DNS: a registration must not hang on somebody's name server. Without it the
    # reserved names are as good as any: a mail to them is refused later.
    return validate_email(value, check_deliverability=False, test_environment=True).normalized


def _parse_phone(value: str) -> str:
    if not _PHONE.fullmatch(value):
        raise ValueError("must be a phone number such as +855 12 345 678")
    return value


def _parse_language(value: object) -> object:
    # The DerLg document's enum says EN KH ZH; HTTP says en km zh (rules, section 0).
    return (language_of(value) or value) if isinstance(value, str) and len(value) == TAG_LENGTH else value


def _without_repetition(value: list[Language]) -> list[Language]:
    if len(set(value)) < len(value):
        raise ValueError("must name each language once")
    return value


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=MAX_EMAIL),
    AfterValidator(_parse_email),
    Field(json_schema_extra={"format": "email"}),
]
"""An address as it was typed, in Unicode's composed form; compared without regard to case by PostgreSQL."""


Country = PersonName
"""A country as the person writes it: its name or its ISO code."""

Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=5, max_length=20), AfterValidator(_parse_phone)
]
AvatarUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"\x00-\x1f]+$", max_length=500)]
LanguageIn = Annotated[Language, BeforeValidator(_parse_language)]
SpokenLanguages = Annotated[list[LanguageIn], Field(max_length=len(Language)), AfterValidator(_without_repetition)]
"""What a member of staff speaks."""
Secret = Annotated[str, StringConstraints(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""What a link or a refresh token carries."""
