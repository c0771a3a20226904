"""Whose embassy: a country as people write it, and the country an embassy of the data files is of."""

from functools import cache
from typing import Final

from babel import Locale

from sojourn.platform.i18n import Language

_LOCALES: Final = {Language.EN: Locale("en"), Language.KM: Locale("km"), Language.ZH: Locale("zh", script="Hans")}
# What people and foreign offices call countries besides Unicode's names of them (CLDR).
_OTHER_NAMES: Final = {
    "british": "GB",
    "england": "GB",
    "great britain": "GB",
    "korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "the netherlands": "NL",
    "uk": "GB",
    "united states of america": "US",
    "usa": "US",
    "viet nam": "VN",
}
_CODE_LENGTH: Final = 2


def find_country(text: str) -> str | None:
    """The ISO 3166 code of a country given by its code or by its name in any of our languages."""
    folded = " ".join(text.casefold().replace(".", "").split())
    if len(folded) == _CODE_LENGTH and folded.upper() in _LOCALES[Language.EN].territories:
        return folded.upper()
    return _OTHER_NAMES.get(folded) or _codes_by_name().get(folded)


def country_of_embassy(name: str) -> str | None:
    """The ISO code behind `Embassy of the United States` or `British Embassy`."""
    country = name.removeprefix("Embassy of ").removeprefix("the ").removesuffix(" Embassy")
    return find_country(country)


@cache
def _codes_by_name() -> dict[str, str]:
    return {
        str(name).casefold(): code
        for locale in _LOCALES.values()
        for code, name in locale.territories.items()
        if len(code) == _CODE_LENGTH
    }
