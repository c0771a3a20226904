"""What is made of a passport that was read."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.passports.test_mrz import TD3, read

from sojourn.care.passports.models import PassportWarning
from sojourn.care.passports.mrz import MrzCheck
from sojourn.care.passports.rules import country_of, is_same_name, months_after, prefill, warnings_for

TODAY, TRAVEL = date(2026, 12, 1), date(2027, 3, 1)
GOOD = replace(read(TD3), expires_on=date(2027, 9, 1), nationality="KHM")


def warned(*, expires_on: date | None = date(2027, 9, 1), travel: date | None = TRAVEL, buyer: str | None = None,
           failed: tuple[MrzCheck, ...] = ()) -> list[PassportWarning]:  # fmt: skip
    mrz = replace(GOOD, expires_on=expires_on, failed=failed)
    return warnings_for(mrz, today=TODAY, travel_date=travel, buyer=buyer)


def test_six_months_beyond_travel() -> None:
    soon = [PassportWarning.EXPIRES_WITHIN_SIX_MONTHS_OF_TRAVEL]
    assert warned() == []
    assert warned(expires_on=date(2027, 8, 31)) == soon
    assert warned(expires_on=date(2027, 8, 31), travel=None) == []
    assert warned(expires_on=None) == []
    assert warned(expires_on=TODAY) == soon
    assert warned(expires_on=TODAY - timedelta(days=1)) == [PassportWarning.EXPIRED]
    assert warned(expires_on=TODAY - timedelta(days=1), failed=(MrzCheck.EXPIRY_DATE,)) == [
        PassportWarning.CHECK_DIGITS_FAILED
    ]


@pytest.mark.parametrize("name", [
    "Anna Maria Eriksson", "ERIKSSON ANNA MARIA", "Anna Eriksson", "Ánna-María Eriksson", "Anna Maria Karin Eriksson",
    "អាណា", "",
])  # fmt: skip
def test_names_that_may_be_the_same(name: str) -> None:
    assert is_same_name(name, GOOD)
    assert warned(buyer=name) == []


@pytest.mark.parametrize("name", ["Sok Dara", "Anna Svensson"])
def test_names_that_differ(name: str) -> None:
    assert warned(buyer=name) == [PassportWarning.NAME_DIFFERS]


@pytest.mark.parametrize(("code", "name"), [
    ("KHM", "Cambodia"), ("D", "Germany"), ("GBN", "United Kingdom"), ("USA", "United States"), ("UTO", "UTO"),
    ("XXA", "XXA"), ("RKS", "Kosovo"),
])  # fmt: skip
def test_countries(code: str, name: str) -> None:
    assert country_of(code) == name


def test_the_form_gets_nothing_that_a_digit_speaks_against() -> None:
    filled = prefill(GOOD)
    assert (filled.passport_number, filled.nationality, filled.full_name) == (
        "L898902C3", "Cambodia", "ANNA MARIA ERIKSSON",
    )  # fmt: skip
    assert prefill(replace(GOOD, failed=(MrzCheck.DOCUMENT_NUMBER,))).passport_number is None
    bare = prefill(replace(GOOD, document_number="", nationality="", surname="", given_names=""))
    assert (bare.passport_number, bare.nationality, bare.full_name) == (None, None, None)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_months_end_where_they_end(day: date) -> None:
    later = months_after(day, 6)
    assert (later.month - day.month) % 12 == 6
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
