"""What may stand in a person's fields: checked once, here, for every model that takes them."""

import re
import unicodedata
from typing import Annotated

from email_validator import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sojourn.platform.i18n import Language, language_of

MAX_EMAIL = 255
TAG_LENGTH = 2
# Signs that turn what is written after them around: with one in it, a name reads as another.
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PHONE = re.compile(r"\+?\(?[0-9][0-9 ()./-]{2,18}[0-9]")


def _without_controls(value: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("must not contain control characters")
    return value


def _as_a_name(value: str) -> str:
    if DIRECTIONS & {*value}:
        raise ValueError("must not turn the direction of the text around it")
    if not any(unicodedata.category(character)[0] in "LN" for character in value):
        raise ValueError("must have a letter")
    return value


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


PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_without_controls),
    AfterValidator(_as_a_name),
]
Country = PersonName
"""A country as the person writes it: its name or its ISO code."""

Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=5, max_length=20), AfterValidator(_parse_phone)
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_without_controls),
]
SearchText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_without_controls),
]
AvatarUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"\x00-\x1f]+$", max_length=500)]
LanguageIn = Annotated[Language, BeforeValidator(_parse_language)]
SpokenLanguages = Annotated[list[LanguageIn], Field(max_length=len(Language)), AfterValidator(_without_repetition)]
"""What a member of staff speaks."""
Secret = Annotated[str, StringConstraints(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""What a link or a refresh token carries."""
