"""A zone among the lines that an engine has read, with the mistakes that engines make."""

from datetime import date

import pytest
from tests.unit.passports.test_mrz import TD1, TD2, TD3, read

from sojourn.care.passports.finding import find_mrz

TODAY = date(2026, 12, 1)
PAGE = ["PASSPORT UTOPIA", "ERIKSSON", "ANNA MARIA"]


@pytest.mark.parametrize("zone", [TD1, TD2, TD3])
def test_on_the_page_and_in_pieces_of_it(zone: str) -> None:
    assert find_mrz([*PAGE, *zone.split("\n")], today=TODAY) == read(zone)
    assert find_mrz([*zone.split("\n"), "11"], today=TODAY) == read(zone)


@pytest.mark.parametrize("lines", [
    ["P < UTOE R I KS SON < < ANNA <MA R I A < < < < <", "L898902C36UT07408122F1204159ZE184226B<<<<<10"],
    ["P<UT0ER1K550N<<ANNA<MAR1A<<<<<<<<<<<<<<<<<<<<<<<", "L898902C36UTO74O8I22F12O4I59ZE184226B<<<<<10"],
    ["p<utoeriksson«anna<maria", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"],
])  # fmt: skip
def test_what_engines_mistake_is_put_right(lines: list[str]) -> None:
    assert find_mrz([*PAGE, *lines], today=TODAY) == read(TD3)


def test_cards_are_put_right_too() -> None:
    wrong = TD1.replace("7408122F1204159UTO", "74O8I22F12O4I59UT0").replace("ERIKSSON", "ER1K550N")
    assert find_mrz(wrong.split("\n"), today=TODAY) == read(TD1)


def test_a_wrong_digit_stays_wrong() -> None:
    mrz = find_mrz(TD3.replace("7408122", "7408123").split("\n"), today=TODAY)
    assert mrz is not None
    assert mrz.failed


def test_the_better_one_of_two() -> None:
    worse = TD3.replace("7408122", "7408123").split("\n")
    assert find_mrz([*worse, *TD3.split("\n")], today=TODAY) == read(TD3)


@pytest.mark.parametrize("lines", [[], PAGE, ["8810"], [TD3.split("\n")[1]], ["V" * 44, "V" * 44], TD1.split("\n")[:2]])
def test_where_there_is_none(lines: list[str]) -> None:
    assert find_mrz(lines, today=TODAY) is None
