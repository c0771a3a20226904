"""What to make of a passport that was read: pure functions."""

import unicodedata
from calendar import monthrange
from datetime import date
from typing import Final

from babel import Locale
from babel.core import get_global

from sojourn.care.passports.models import PassportPrefill, PassportWarning
from sojourn.care.passports.mrz import Mrz, MrzCheck

MONTHS_BEYOND_TRAVEL: Final = 6
_ENGLISH: Final = Locale("en")  # its words are read with the first of them
_ALIASES: Final = get_global("territory_aliases")
# Codes of ICAO's own (9303, part 3, section 5) for nationals of a country.
_OWN: Final = {"D": "DE", "GBD": "GB", "GBN": "GB", "GBO": "GB", "GBP": "GB", "GBS": "GB", "RKS": "XK"}


def country_of(code: str) -> str:
    """The English name of a country by its three letters; the letters, where they are nobody's."""
    aliases = _ALIASES.get(code, [])
    short = _OWN.get(code) or (aliases[0] if len(aliases) == 1 else code)
    return str(_ENGLISH.territories.get(short, code))


def months_after(day: date, months: int) -> date:
    """The same day of the month, so many months on, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def warnings_for(mrz: Mrz, *, today: date, travel_date: date | None, buyer: str | None) -> list[PassportWarning]:
    """What a person should look at. `buyer`: whom the order is for, if there is one."""
    found = []
    if mrz.failed:
        found.append(PassportWarning.CHECK_DIGITS_FAILED)
    if mrz.expires_on is not None and MrzCheck.EXPIRY_DATE not in mrz.failed:
        if mrz.expires_on < today:
            found.append(PassportWarning.EXPIRED)
        elif travel_date is not None and mrz.expires_on < months_after(travel_date, MONTHS_BEYOND_TRAVEL):
            found.append(PassportWarning.EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL)
    if buyer is not None and not is_same_name(buyer, mrz):
        found.append(PassportWarning.NAME_DIFFERS)
    return found


def is_same_name(name: str, mrz: Mrz) -> bool:
    """Whether one of the two has all words of the other, in any order: zones leave out accents, and cut long names.

    A name in letters that are not Latin cannot be compared, and differs from nothing.
    """
    given, printed = _letters(name), _letters(f"{mrz.given_names} {mrz.surname}")
    return not given or not printed or given <= printed or printed <= given


def _letters(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    return frozenset("".join(sign if sign.isalpha() else " " for sign in plain).split())


def prefill(mrz: Mrz) -> PassportPrefill:
    """For the order's form: nothing that a check digit speaks against."""
    is_number_right = MrzCheck.DOCUMENT_NUMBER not in mrz.failed
    names = " ".join(part for part in (mrz.given_names, mrz.surname) if part)
    return PassportPrefill(
        passport_number=(mrz.document_number or None) if is_number_right else None,
        nationality=country_of(mrz.nationality) if mrz.nationality else None,
        full_name=names or None,
    )
