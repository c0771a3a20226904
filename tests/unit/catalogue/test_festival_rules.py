"""What the fields of a festival must be to each other, and which days are asked about."""

from datetime import date
from typing import Any

import pytest
from tests.features.catalog.test_festivals import festival

from sojourn.catalog.festivals import rules
from sojourn.catalog.festivals.models import MAX_LENGTH_DAYS, FestivalFilters, FestivalIn

Json = dict[str, Any]
TODAY = date(2026, 12, 1)


def written(year: int, starts_on: str, ends_on: str) -> Json:
    return {"year": year, "starts_on": starts_on, "ends_on": ends_on, "source": "Sub-decree"}


def on(month: int | None, day: int | None, **more: Any) -> Json:
    return {"feast": "DATE", "month": month, "day": day, **more}


def faults(**changes: Any) -> list[str]:
    return [fault.field for fault in rules.faults_of(FestivalIn.model_validate(festival(**changes)))]


@pytest.mark.parametrize(
    ("reckoning", "dates", "wrong"),
    [
        (None, [], ["dates"]),
        (None, [written(2027, "2027-01-07", "2027-01-07")], []),
        (on(1, 7), [], []),
        (on(1, 7), [written(2027, "2027-01-07", "2027-01-07"), written(2028, "2028-01-07", "2028-01-07")], []),
        (None, [written(2027, "2027-01-07", "2027-01-07"), written(2027, "2027-02-07", "2027-02-07")], ["dates"]),
        (None, [written(2027, "2026-12-31", "2027-01-02")], ["dates.0.starts_on"]),
        # The year is the one it begins in, wherever it ends.
        (None, [written(2027, "2027-12-31", "2028-01-02")], []),
        (None, [written(2027, "2027-03-02", "2027-03-01")], ["dates.0.ends_on"]),
        (None, [written(2027, "2027-03-01", "2027-04-29")], []),
        (None, [written(2027, "2027-03-01", "2027-04-30")], ["dates.0.ends_on"]),
    ],
)
def test_written_dates(reckoning: Json | None, dates: list[Json], wrong: list[str]) -> None:
    assert MAX_LENGTH_DAYS == 60
    assert faults(reckoning=reckoning, dates=dates) == wrong


@pytest.mark.parametrize(
    ("reckoning", "wrong"),
    [
        (on(None, None), ["month", "day"]),
        (on(4, None), ["day"]),
        (on(None, 4), ["month"]),
        ({"feast": "QINGMING"}, []),
        ({"feast": "QINGMING", "month": 4, "day": 4}, ["month", "day"]),
        (on(2, 28), []),
        (on(2, 29), ["day"]),
        (on(4, 31), ["day"]),
        (on(12, 31), []),
        (on(12, 30, shift=1), []),
        (on(12, 31, shift=1), ["shift"]),
        (on(1, 1), []),
        (on(1, 2, shift=-1), []),
        (on(1, 1, shift=-1), ["shift"]),
        # A leap year has a day more between the two.
        (on(12, 2, shift=29), []),
        (on(12, 2, shift=30), ["shift"]),
    ],
)
def test_a_festival_is_found_in_every_year_and_stays_in_it(reckoning: Json, wrong: list[str]) -> None:
    assert faults(reckoning=reckoning, dates=[]) == [f"reckoning.{name}" for name in wrong]


@pytest.mark.parametrize(("year", "is_known"), [(None, True), (2024, False), (2025, True), (2036, True), (2037, False)])
def test_years_that_are_kept(year: int | None, *, is_known: bool) -> None:
    assert rules.known_years(TODAY) == (2025, 2036)
    found = [fault.field for fault in rules.faults_of_filters(FestivalFilters(year=year), TODAY)]
    assert found == ([] if is_known else ["year"])


@pytest.mark.parametrize(
    ("year", "month", "first", "last"),
    [
        (None, None, "2026-01-01", "2026-12-31"),
        (2028, None, "2028-01-01", "2028-12-31"),
        (2028, 2, "2028-02-01", "2028-02-29"),
        (None, 2, "2026-02-01", "2026-02-28"),
        (2027, 12, "2027-12-01", "2027-12-31"),
    ],
)
def test_the_days_that_are_asked_about(year: int | None, month: int | None, first: str, last: str) -> None:
    asked = FestivalFilters(year=year, month=month)
    assert rules.span_of(asked, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))
