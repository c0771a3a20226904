"""By when a stage is promised: golden cases by hand, and what holds for every day."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.catalog.services.models import MAX_PROMISED_DAYS
from sojourn.sales.orders.promises import working_days_from


@pytest.mark.parametrize(
    ("day", "days", "promised"),
    [
        ("2026-12-01", 0, "2026-12-01"),  # a Tuesday
        ("2026-12-01", 3, "2026-12-04"),
        ("2026-12-04", 1, "2026-12-07"),  # over a weekend
        ("2026-12-05", 0, "2026-12-07"),  # begun on a Saturday
        ("2026-12-05", 1, "2026-12-07"),
        ("2026-04-13", 1, "2026-04-17"),  # Khmer New Year, 14 to 16 April
        ("2026-01-06", 1, "2026-01-08"),  # Victory over Genocide Day
    ],
)
def test_days_counted_by_hand(day: str, days: int, promised: str) -> None:
    counted = working_days_from(date.fromisoformat(day), country="KH")
    assert counted[days] == date.fromisoformat(promised)


def test_another_country_works_on_other_days() -> None:
    assert working_days_from(date(2026, 4, 13), country="FR")[1] == date(2026, 4, 14)


@given(st.dates(min_value=date(2025, 1, 1), max_value=date(2060, 12, 31)))
def test_each_is_a_working_day_and_none_is_left_out(day: date) -> None:
    off = holidays.country_holidays("KH")
    counted = working_days_from(day, country="KH")
    assert len(counted) == MAX_PROMISED_DAYS + 1
    assert counted[0] >= day
    assert counted[1] > day
    between = [day + timedelta(days=n) for n in range(1, (counted[-1] - day).days + 1)]
    assert list(counted[1:]) == [one for one in between if one.weekday() < 5 and one not in off]
