"""Machine-readable zones: the specimens of ICAO 9303, and every zone that can be written."""

import string
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.passports.mrz import (
    Mrz,
    MrzCheck,
    MrzFormat,
    MrzUnreadable,
    check_digit,
    lines_of,
    read_mrz,
)

TODAY = date(2026, 12, 1)
# Parts 4 (TD3), 5 (TD1) and 6 (TD2), appendix B.
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
LONG_TD1 = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<<<<<<<<<<<<<<"
LETTERS, DIGITS = string.ascii_uppercase, string.digits


def read(text: str) -> Mrz:
    return read_mrz(lines_of(text), today=TODAY)


@pytest.mark.parametrize(
    ("text", "size", "number"),
    [(TD3, MrzFormat.TD3, "L898902C3"), (TD1, MrzFormat.TD1, "D23145890"), (TD2, MrzFormat.TD2, "D23145890")],
)
def test_the_specimens(text: str, size: MrzFormat, number: str) -> None:
    mrz = read(text)
    assert (mrz.format, mrz.document_number, mrz.issuing_state, mrz.nationality) == (size, number, "UTO", "UTO")
    assert (mrz.surname, mrz.given_names, mrz.sex) == ("ERIKSSON", "ANNA MARIA", "F")
    assert (mrz.birth_date, mrz.expires_on, mrz.failed) == (date(1974, 8, 12), date(2012, 4, 15), ())


def test_a_long_number_goes_on_in_the_optional_field() -> None:
    assert read(LONG_TD1).document_number == "D23145890734"
    assert MrzCheck.DOCUMENT_NUMBER not in read(LONG_TD1).failed
    assert MrzCheck.DOCUMENT_NUMBER in read(LONG_TD1.replace("7349", "7348")).failed
    assert MrzCheck.DOCUMENT_NUMBER in read(LONG_TD1.replace("7349", "<<<<")).failed


@pytest.mark.parametrize("text", [
    TD3.lower(), TD3.replace("\n", "\r\n"), TD3.replace("\n", ""), f"\n{TD3}\n\n",
    TD3.replace("<<<<<<<<<<<<<<<<<<<\n", "\n"),
    TD3.replace("<<ANNA", "«ANNA"), TD3.replace("\n", "  \n  ").replace("UTO74", "UTO 74"),
])  # fmt: skip
def test_as_people_type_it(text: str) -> None:
    assert read(text) == read(TD3)


@pytest.mark.parametrize(("text", "what"), [
    ("", "two lines of"), ("P<UTO", "two lines of"), (TD3 + "<", "two lines of"), (TD3 + "\nX", "two lines of"),
    (TD1.rpartition("\n")[0], "two lines of"), (TD3.replace("ERIKSSON", "ERIKSSÖN"), "letters, digits and < only"),
    ("<" + TD3, "of 45 and 44"), (TD1.replace("<<\n7", "\n7"), "of 28 and 30 and 30"),
    ("V" + TD3[1:], "begins with P"), ("<" + TD3[1:], "begins with P"),
])  # fmt: skip
def test_what_is_none(text: str, what: str) -> None:
    with pytest.raises(MrzUnreadable, match=what):
        read(text)


@pytest.mark.parametrize(
    ("at", "failed"),
    [
        (0, {MrzCheck.DOCUMENT_NUMBER, MrzCheck.COMPOSITE}),
        (9, {MrzCheck.DOCUMENT_NUMBER, MrzCheck.COMPOSITE}),
        (13, {MrzCheck.BIRTH_DATE, MrzCheck.COMPOSITE}),
        (21, {MrzCheck.EXPIRY_DATE, MrzCheck.COMPOSITE}),
        (30, {MrzCheck.PERSONAL_NUMBER, MrzCheck.COMPOSITE}),
        (43, {MrzCheck.COMPOSITE}),
    ],
)
def test_each_digit_watches_its_field(at: int, failed: set[MrzCheck]) -> None:
    first, second = TD3.split("\n")
    wrong = "5" if second[at] != "5" else "6"
    assert set(read(f"{first}\n{second[:at]}{wrong}{second[at + 1 :]}").failed) == failed


def test_dates_that_are_none() -> None:
    mrz = read(TD3.replace("740812", "<<<<<<").replace("120415", "121332"))
    assert (mrz.birth_date, mrz.expires_on) == (None, None)
    assert read(TD3.replace("740812", "000230")).birth_date is None


def test_centuries() -> None:
    assert read(TD3.replace("740812", "261201")).birth_date == TODAY
    assert read(TD3.replace("740812", "261202")).birth_date == date(1926, 12, 2)
    assert read(TD3.replace("120415", "760415")).expires_on == date(2076, 4, 15)
    assert read(TD3.replace("120415", "770415")).expires_on == date(1977, 4, 15)
    assert read(TD3.replace("2F1", "2<1")).sex is None


def test_the_check_digits_of_the_specification() -> None:
    assert check_digit("520727") == "3"
    assert check_digit("AB2134<<<") == "5"


def field(alphabet: str, width: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=1, max_size=width)


@given(
    surname=field(LETTERS, 15), given_name=field(LETTERS, 15), number=field(LETTERS + DIGITS, 9),
    country=st.text(LETTERS, min_size=3, max_size=3), birth=st.dates(date(1930, 1, 1), TODAY),
    expires_on=st.dates(date(1990, 1, 1), date(2076, 12, 31)), sex=st.sampled_from("FM"),
    personal=st.text(LETTERS + DIGITS, max_size=14),
)  # fmt: skip
def test_what_is_written_is_read(
    surname: str, given_name: str, number: str, country: str, birth: date, expires_on: date, sex: str, personal: str
) -> None:
    number_, personal_ = number.ljust(9, "<"), personal.ljust(14, "<")
    born, ends = f"{birth:%y%m%d}", f"{expires_on:%y%m%d}"
    body = (
        f"{number_}{check_digit(number_)}{country}{born}{check_digit(born)}{sex}{ends}{check_digit(ends)}"
        f"{personal_}{check_digit(personal_)}"
    )
    last = check_digit(body[:10] + body[13:20] + body[21:43])
    mrz = read(f"P<{country}{surname}<<{given_name}".ljust(44, "<") + f"\n{body}{last}")
    assert (mrz.surname, mrz.given_names, mrz.document_number, mrz.nationality) == (
        surname,
        given_name,
        number,
        country,
    )
    assert (mrz.birth_date, mrz.expires_on, mrz.sex, mrz.failed) == (birth, expires_on, sex, ())


@given(at=st.sampled_from([1, 2, 3, 4, 5, 6, *range(13, 19), *range(21, 27)]), digit=st.sampled_from(DIGITS))
def test_one_digit_read_for_another_is_always_noticed(at: int, digit: str) -> None:
    first, second = TD3.split("\n")
    changed = f"{first}\n{second[:at]}{digit}{second[at + 1 :]}"
    assert bool(read(changed).failed) == (changed != TD3)


@given(st.text(LETTERS + DIGITS + "<\n ", max_size=140))
def test_no_text_breaks_it(text: str) -> None:
    with suppress(MrzUnreadable):
        read(text)


@given(st.lists(st.text(LETTERS + DIGITS + "<", min_size=44, max_size=44), min_size=2, max_size=2))
def test_no_zone_breaks_it(lines: list[str]) -> None:
    with suppress(MrzUnreadable):
        assert read("\n".join(lines)).format is MrzFormat.TD3
