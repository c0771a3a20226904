"""The machine-readable zone of a passport or identity card (ICAO 9303, parts 3 to 6): pure functions.

Line 1 of a passport has no check digit: a name that was read is never proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

FILLER: Final = "<"
_WEIGHTS: Final = (7, 3, 1)
_ALPHABET: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
_TD1_WIDTH, _TD2_WIDTH, _TD3_WIDTH = 30, 36, 44
_YEARS_AHEAD: Final = 50


class MrzFormat(StrEnum):
    """The sizes: TD3 is a passport's, TD1 and TD2 are cards'."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"


class MrzCheck(StrEnum):
    """What a check digit is over."""

    DOCUMENT_NUMBER = "DOCUMENT_NUMBER"
    BIRTH_DATE = "BIRTH_DATE"
    EXPIRY_DATE = "EXPIRY_DATE"
    PERSONAL_NUMBER = "PERSONAL_NUMBER"
    COMPOSITE = "COMPOSITE"


class MrzUnreadable(ValueError):
    """The text is no machine-readable zone; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mrz:
    """What a zone says. `failed` names the check digits that do not hold; dates that cannot be are None."""

    format: MrzFormat
    document_type: str
    issuing_state: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    birth_date: date | None
    sex: str | None
    expires_on: date | None
    failed: tuple[MrzCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A zone cut into its fields, each with its check digit where it has one."""

    format: MrzFormat
    head: str
    names: str
    number: tuple[str, str]
    birth: tuple[str, str]
    sex: str
    expiry: tuple[str, str]
    nationality: str
    personal: tuple[str, str] | None
    composite: tuple[str, str]


def check_digit(text: str) -> str:
    """Weights 7, 3, 1, modulo 10; letters count from 10, fillers nothing (part 3, section 4.9)."""
    return str(sum(_value(sign) * _WEIGHTS[place % 3] for place, sign in enumerate(text)) % 10)


def _value(sign: str) -> int:
    return 0 if sign == FILLER else int(sign, 36)


def lines_of(text: str) -> list[str]:
    """The lines of a zone as somebody typed it: in capitals, without spaces, names filled up.

    Raises MrzUnreadable.
    """
    lines = [line for part in text.upper().replace("«", "<<").splitlines() if (line := "".join(part.split()))]
    if len(lines) == 1:
        lines = _cut(lines[0])
    if any(strange := set(line) - _ALPHABET for line in lines):
        raise MrzUnreadable(f"holds letters, digits and < only, not {''.join(sorted(strange))[:20]}")
    widths = {(2, _TD3_WIDTH): 0, (2, _TD2_WIDTH): 0, (3, _TD1_WIDTH): 2}
    width = len(lines[1]) if len(lines) > 1 else 0
    names_at = widths.get((len(lines), width))
    if names_at is None:
        raise MrzUnreadable("has two lines of 44 or 36 characters, or three of 30")
    lines[names_at] = lines[names_at].ljust(width, FILLER)
    if any(len(line) != width for line in lines):
        raise MrzUnreadable(f"has lines of {width} characters, not of {' and '.join(str(len(line)) for line in lines)}")
    return lines


def _cut(line: str) -> list[str]:
    """A zone that was typed without line breaks."""
    widths = {2 * _TD3_WIDTH: _TD3_WIDTH, 2 * _TD2_WIDTH: _TD2_WIDTH, 3 * _TD1_WIDTH: _TD1_WIDTH}
    width = widths.get(len(line))
    return [line[at : at + width] for at in range(0, len(line), width)] if width else [line]


def read_mrz(lines: Sequence[str], *, today: date) -> Mrz:
    """What the lines (as `lines_of` gives them) say. Raises MrzUnreadable for what is no passport or card."""
    parts = _card(lines) if len(lines[0]) == _TD1_WIDTH else _booklet(lines)
    if parts.head[0] not in "PIAC":
        raise MrzUnreadable("begins with P for a passport, or with I, A or C for an identity card")
    surname, _, given = parts.names.strip(FILLER).partition(FILLER * 2)
    return Mrz(
        format=parts.format,
        document_type=parts.head[:2].rstrip(FILLER),
        issuing_state=parts.head[2:5].rstrip(FILLER),
        surname=_words(surname),
        given_names=_words(given),
        document_number=parts.number[0].rstrip(FILLER),
        nationality=parts.nationality.rstrip(FILLER),
        birth_date=_date(parts.birth[0], latest=today),
        sex=parts.sex if parts.sex in "FM" else None,
        expires_on=_date(parts.expiry[0], latest=date(today.year + _YEARS_AHEAD, 12, 31)),
        failed=_failed(parts),
    )


def _booklet(lines: Sequence[str]) -> _Parts:
    """TD3 and TD2: two lines that begin alike."""
    first, second = lines
    is_passport = len(second) == _TD3_WIDTH
    personal = (second[28:42], second[42]) if is_passport else None
    number = (second[:9], second[9])
    if not is_passport and second[9] == FILLER:
        number = _long_number(second[:9], second[28:35])
    return _Parts(
        format=MrzFormat.TD3 if is_passport else MrzFormat.TD2,
        head=first[:5],
        names=first[5:],
        number=number,
        nationality=second[10:13],
        birth=(second[13:19], second[19]),
        sex=second[20],
        expiry=(second[21:27], second[27]),
        personal=personal,
        composite=(second[:10] + second[13:20] + second[21:-1], second[-1]),
    )


def _card(lines: Sequence[str]) -> _Parts:
    """TD1: three lines."""
    first, second, names = lines
    number = (first[5:14], first[14])
    if first[14] == FILLER:
        number = _long_number(first[5:14], first[15:30])
    return _Parts(
        format=MrzFormat.TD1,
        head=first[:5],
        names=names,
        number=number,
        birth=(second[:6], second[6]),
        sex=second[7],
        expiry=(second[8:14], second[14]),
        nationality=second[15:18],
        personal=None,
        composite=(first[5:] + second[:7] + second[8:15] + second[18:29], second[29]),
    )


def _long_number(first: str, rest: str) -> tuple[str, str]:
    """A number of more than nine characters goes on in the optional field, its check digit at the end of it."""
    rest = rest.partition(FILLER)[0]
    return (first + rest[:-1], rest[-1]) if rest else (first, FILLER)


def _failed(parts: _Parts) -> tuple[MrzCheck, ...]:
    checks = {
        MrzCheck.DOCUMENT_NUMBER: parts.number,
        MrzCheck.BIRTH_DATE: parts.birth,
        MrzCheck.EXPIRY_DATE: parts.expiry,
        MrzCheck.COMPOSITE: parts.composite,
    }
    if parts.personal is not None and parts.personal != (FILLER * len(parts.personal[0]), FILLER):
        checks[MrzCheck.PERSONAL_NUMBER] = parts.personal
    return tuple(name for name in MrzCheck if name in checks and check_digit(checks[name][0]) != checks[name][1])


def _words(text: str) -> str:
    return " ".join(word for word in text.split(FILLER) if word)


def _date(text: str, *, latest: date) -> date | None:
    """The last day written so that is not after `latest`; None for what is not known, or no day."""
    if not text.isdecimal():
        return None
    for century in (latest.year // 100, latest.year // 100 - 1):
        try:
            day = date(century * 100 + int(text[:2]), int(text[2:4]), int(text[4:]))
        except ValueError:
            continue
        if day <= latest:
            return day
    return None
