"""Values that everything in the catalogue shares: slugs, texts in three languages, pictures, pages of a list."""

import re
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from sojourn.platform.i18n import Language, language_of
from sojourn.platform.kit.money import MAX_AMOUNT
from sojourn.platform.kit.wire import MoneyIn, PageIn, Text, Wire

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# Paths of the API that a slug must not hide.
RESERVED_SLUGS = frozenset({"featured", "main", "micro", "digital", "search", "upcoming"})

_URL = TypeAdapter(AnyHttpUrl)
_SIGNS_OF_LIKE = re.compile(r"([\\%_])")


def _unambiguous(slug: str) -> str:
    if slug in RESERVED_SLUGS:
        raise ValueError("is a word of the API; choose another")
    if find_id(slug) is not None:
        raise ValueError("must not look like an id")
    return slug


def _web_address(text: str) -> str:
    try:
        _URL.validate_python(text)
    except ValidationError:
        raise ValueError("must be a web address, such as https://example.com/picture.jpg") from None
    return text


def _language_by_any_name(value: object) -> object:
    return (language_of(value) or value) if isinstance(value, str) else value


def _code_of_language(value: object) -> object:
    if not isinstance(value, str):
        return value
    ours = language_of(value)
    return ours.value if ours else value.strip().lower()


def find_id(id_or_slug: str) -> UUID | None:
    """The id, when that is what it is."""
    try:
        return UUID(id_or_slug)
    except ValueError:
        return None


def containing(text: str) -> str:
    """The LIKE pattern that finds `text` anywhere, its own wildcards taken literally."""
    return "%" + _SIGNS_OF_LIKE.sub(r"\\\1", text) + "%"


def province_key(province: str | None) -> str | None:
    """`Siem Reap` and `siem-reap` are the same province; rows are compared in this form."""
    return province.lower().replace(" ", "-") if province else None


def find_repeated(values: Sequence[str]) -> str | None:
    """A value that is there twice, if any."""
    return next((value for position, value in enumerate(values) if value in values[:position]), None)


Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=120), AfterValidator(_unambiguous)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=60)]
ImageUrl = Annotated[str, StringConstraints(max_length=500), AfterValidator(_web_address)]
Images = Annotated[list[ImageUrl], Field(max_length=30)]
Price = Annotated[MoneyIn, Field(gt=0, le=MAX_AMOUNT)]
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
LanguageName = Annotated[Language, BeforeValidator(_language_by_any_name)]
Place = Annotated[Text, Field(max_length=100)]
"""The name of a place or a province."""
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
LongerText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Lines = Annotated[list[Text], Field(max_length=40)]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$"), BeforeValidator(_code_of_language)]
"""Any language people speak, by its two letters; ours by all their names, `KH` among them."""
LanguageCodes = Annotated[list[LanguageCode], Field(min_length=1, max_length=20)]
Languages = Annotated[list[LanguageName], Field(min_length=1, max_length=3)]


class LocalText(Wire):
    """A text in English and, where we have them, Khmer and Chinese."""

    en: Text
    km: Text | None = None
    zh: Text | None = None


class InLanguage(Wire):
    """Which language `display_...` fields are in. Without it: `Accept-Language`; without a translation: English."""

    language: LanguageName | None = None


class Paging(InLanguage, PageIn):
    """Which page of a list, in which language."""
