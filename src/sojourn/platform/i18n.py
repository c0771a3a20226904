"""Languages: which one to answer in, and how dates, times and money read in it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel import Locale
from babel import dates as babel_dates
from babel import numbers as babel_numbers

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"
_KHMER_DIGITS = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
# Browsers send a handful of ranges; whatever follows is not a preference but an attack.
_HEADER_LIMIT = 1_000


class Language(StrEnum):
    """The languages the engine speaks, by their HTTP names."""

    EN = "en"
    KM = "km"
    ZH = "zh"


# KH is the country, not the language, yet it is what many clients send for Khmer.
_ALIASES = {"kh": Language.KM}
_LOCALES = {
    Language.EN: Locale("en"),
    Language.KM: Locale("km"),
    Language.ZH: Locale("zh", script="Hans"),
}


def language_of(tag: str) -> Language | None:
    """The language a tag such as `km-KH`, `zh_CN`, `EN` or `kh` means, or None."""
    primary = tag.strip().replace("_", "-").partition("-")[0].lower()
    if primary in _ALIASES:
        return _ALIASES[primary]
    return Language(primary) if primary in _LOCALES else None


def negotiate(accept_language: str | None, *, offered: Sequence[Language], default: Language) -> Language:
    """Choose from `offered` by an Accept-Language header (RFC 9110, 12.5.4); `default` when nothing fits.

    Ranges of equal quality count in the order sent. Anything malformed is skipped; no header makes this raise.
    """
    qualities, wildcard = _read_ranges(accept_language, offered)
    best = _best(qualities)
    if best is not None and qualities[best] >= wildcard:
        return best
    if wildcard > 0:
        return _unnamed(qualities, offered=offered, default=default) or best or default
    return default


def named_in(accept_language: str | None, *, offered: Sequence[Language]) -> Language | None:
    """The language that an Accept-Language header asks for by name; None when it leaves the choice to us."""
    qualities, _ = _read_ranges(accept_language, offered)
    return _best(qualities)


def _read_ranges(accept_language: str | None, offered: Sequence[Language]) -> tuple[dict[Language, float], float]:
    """How much each language on offer is wanted, and how much any other (`*`)."""
    qualities: dict[Language, float] = {}
    wildcard = 0.0
    for entry in (accept_language or "")[:_HEADER_LIMIT].split(","):
        tag, _, parameter = entry.partition(";")
        quality = _quality(parameter)
        language = language_of(tag)
        if quality is None:
            continue
        if tag.strip() == "*":
            wildcard = max(wildcard, quality)
        elif language is not None and language in offered:
            qualities[language] = max(qualities.get(language, 0.0), quality)
    return qualities, wildcard


def _best(qualities: Mapping[Language, float]) -> Language | None:
    wanted = [language for language, quality in qualities.items() if quality > 0]
    return max(wanted, key=qualities.__getitem__, default=None)


def pick(texts: Mapping[str, str | None], language: Language) -> str:
    """The text in `language`, else in English, else in whatever language there is; "" when there is none."""
    for key in (language.value, Language.EN.value, *texts):
        if text := texts.get(key):
            return text
    return ""


def format_date(day: date, language: Language) -> str:
    """A calendar date in full, as it is written in `language`."""
    locale = _LOCALES[language]
    if language is Language.KM:
        # CLDR's Khmer pattern drops the words a Khmer date is written with.
        month = babel_dates.get_month_names("wide", locale=locale)[day.month]
        return f"ថ្ងៃទី{day.day} ខែ{month} ឆ្នាំ{day.year}".translate(_KHMER_DIGITS)
    return babel_dates.format_date(day, "long", locale=locale)


def format_datetime(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """An instant on the clock of `zone`, with the zone's name. Raises ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    local = at.astimezone(zone)
    locale = _LOCALES[language]
    zone_name = babel_dates.get_timezone_name(zone, locale=locale) if zone.key != "UTC" else "UTC"
    # CLDR's Khmer zone names carry a break mark followed by a stray space.
    zone_name = zone_name.replace(f"{_ZERO_WIDTH_SPACE} ", "").replace(_ZERO_WIDTH_SPACE, "")
    day = format_date(local.date(), language)
    clock = f"{local:%H:%M}"
    if language is Language.KM:
        return f"{day} ម៉ោង {clock.translate(_KHMER_DIGITS)} ({zone_name})"
    return f"{day} {clock} ({zone_name})"


def format_money(amount: Decimal, currency: str, language: Language) -> str:
    """An amount with its currency (ISO 4217) as `language` writes it. Whole riel go without decimals."""
    locale = _LOCALES[language]
    is_whole_riel = currency == "KHR" and amount == amount.to_integral_value()
    pattern = re.sub(r"\.0+", "", locale.currency_formats["standard"].pattern) if is_whole_riel else None
    text = babel_numbers.format_currency(
        amount, currency, format=pattern, locale=locale, currency_digits=not is_whole_riel
    )
    if text.endswith(currency):
        return text.replace(currency, _NO_BREAK_SPACE + currency)
    return text.replace(currency, currency + _NO_BREAK_SPACE).replace(_NO_BREAK_SPACE * 2, _NO_BREAK_SPACE)


def format_number(number: int, language: Language) -> str:
    """A count, grouped in thousands."""
    return babel_numbers.format_decimal(number, locale=_LOCALES[language])


def _quality(parameter: str) -> float | None:
    text = parameter.strip()
    if not text:
        return 1.0
    match = _QUALITY.fullmatch(text)
    return float(match.group(1)) if match else None


def _unnamed(named: Mapping[Language, float], *, offered: Sequence[Language], default: Language) -> Language | None:
    """What `*` stands for: the default, else the first on offer, unless the header spoke of it by name."""
    candidates = (default, *offered)
    return next((language for language in candidates if language in offered and language not in named), None)
