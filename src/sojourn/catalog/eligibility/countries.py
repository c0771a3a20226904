"""The countries and territories of ISO 3166-1, by the names that CLDR gives them."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from babel import Locale

from sojourn.platform.i18n import Language

_LOCALES = {Language.EN: Locale("en"), Language.KM: Locale("km"), Language.ZH: Locale("zh", script="Hans")}
# CLDR names these as well, and ISO 3166-1 does not: reserved or private codes, groups of countries, no country.
_NOT_ISO = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})


@cache
def countries() -> Mapping[str, str]:
    """English names by code."""
    return MappingProxyType(
        {
            code: name
            for code, name in sorted(_LOCALES[Language.EN].territories.items())
            if len(code) == 2 and code.isalpha() and code not in _NOT_ISO
        }
    )


def country_name(code: str, language: Language) -> str:
    """The country's name, in English where CLDR has none in that language."""
    name: str = _LOCALES[language].territories.get(code, countries()[code])
    return name
