"""Schedules on the clocks of a zone, through summer time and back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.platform.jobs.queue import TryLater, retry_delay
from sojourn.platform.jobs.schedule import next_run

ZONES = ("Asia/Phnom_Penh", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
# Minutes since the beginning of 2024: four years of clocks.
MOMENTS = st.integers(0, 4 * 365 * 24 * 60).map(lambda m: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=m))


def runs(cron: str, zone: str, *, after: str, count: int) -> list[str]:
    moment, found = datetime.fromisoformat(after).astimezone(UTC), []
    for _ in range(count):
        moment = next_run(cron, after=moment, zone=zone)
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


def test_eight_in_phnom_penh_is_one_in_utc() -> None:
    assert runs("0 8 * * *", "Asia/Phnom_Penh", after="2026-12-01T00:59:59Z", count=2) == ["12-01 01:00", "12-02 01:00"]
    assert runs("0 8 * * *", "Asia/Phnom_Penh", after="2026-12-01T01:00:00Z", count=1) == ["12-02 01:00"]


def test_eight_in_berlin_moves_with_summer_time() -> None:
    assert runs("0 8 * * *", "Europe/Berlin", after="2026-03-28T00:00:00Z", count=2) == ["03-28 07:00", "03-29 06:00"]
    assert runs("0 8 * * *", "Europe/Berlin", after="2026-10-24T00:00:00Z", count=2) == ["10-24 06:00", "10-25 07:00"]


def test_what_the_clocks_skip_still_runs_and_what_they_repeat_runs_once() -> None:
    # 02:30 is skipped on 29 March and shown twice on 25 October.
    spring = runs("30 2 * * *", "Europe/Berlin", after="2026-03-28T12:00:00Z", count=2)
    assert spring == ["03-29 01:30", "03-30 00:30"]
    autumn = runs("30 2 * * *", "Europe/Berlin", after="2026-10-24T12:00:00Z", count=2)
    assert autumn == ["10-25 00:30", "10-26 01:30"]
    # Asked between the two 02:30, at 02:45 and, when that comes again, at 02:10: the first was it.
    for between in ("2026-10-25T00:45:00Z", "2026-10-25T01:10:00Z"):
        assert runs("30 2 * * *", "Europe/Berlin", after=between, count=1) == ["10-26 01:30"]


@given(after=MOMENTS, zone=st.sampled_from(ZONES), hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_daily_schedule_runs_once_on_each_day_of_its_zone(after: datetime, zone: str, hour: int, minute: int) -> None:
    moments = [next_run(f"{minute} {hour} * * *", after=after, zone=zone)]
    for _ in range(3):
        moments.append(next_run(f"{minute} {hour} * * *", after=moments[-1], zone=zone))
    assert after < moments[0] <= after + timedelta(hours=26)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"), [(0, None, 2), (3, None, 16), (30, None, 3600), (0, 40, 40), (6, 40, 128)]
)
def test_a_pause_is_as_long_as_the_fault_asks_at_least(attempt: int, asked: int | None, seconds: int) -> None:
    fault = TryLater()
    fault.after = None if asked is None else timedelta(seconds=asked)
    assert retry_delay(attempt, fault) == timedelta(seconds=seconds)
    assert retry_delay(0, ValueError()) == retry_delay(0) == timedelta(seconds=2)
