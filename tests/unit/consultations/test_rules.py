"""Golden hours over clock changes, and what holds for every week."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.care.consultations.models import DayHours, Status, Weekday
from sojourn.care.consultations.rules import (
    Calendar,
    bookable,
    free_starts,
    instant_of,
    is_in_time,
    is_on_grid,
    no_show_from,
    occupied_minutes,
    offered_starts,
    uses_session_when_cancelled,
    why_not_offered,
    working_spans,
)
from sojourn.platform.storefront import ConsultationRules

RULES = ConsultationRules()
PHNOM_PENH = ZoneInfo("Asia/Phnom_Penh")


def calendar(zone: str, starts: str, ends: str, **overrides: list[DayHours]) -> Calendar:
    return Calendar(
        zone=ZoneInfo(zone),
        weekly={day: [DayHours(starts=starts, ends=ends)] for day in Weekday},
        overrides={date.fromisoformat(day.removeprefix("d").replace("_", "-")): h for day, h in overrides.items()},
    )


def told(starts: list[datetime], zone: ZoneInfo = PHNOM_PENH) -> list[str]:
    return [f"{start.astimezone(zone):%d %H:%M}" for start in starts]


# Hours 09:00-10:00 on the consultant's wall: what a customer in Phnom Penh (always UTC+7) is offered.
@pytest.mark.parametrize(
    ("zone", "day", "phnom_penh"),
    [
        ("Europe/Paris", "2027-03-26", ["26 15:00", "26 15:15", "26 15:30"]),  # winter, UTC+1
        ("Europe/Paris", "2027-03-28", ["28 14:00", "28 14:15", "28 14:30"]),  # the clock went forward that night
        ("Europe/Paris", "2027-10-30", ["30 14:00", "30 14:15", "30 14:30"]),  # summer, UTC+2
        ("Europe/Paris", "2027-10-31", ["31 15:00", "31 15:15", "31 15:30"]),  # the clock went back that night
        ("America/New_York", "2027-03-13", ["13 21:00", "13 21:15", "13 21:30"]),  # UTC-5
        ("America/New_York", "2027-03-14", ["14 20:00", "14 20:15", "14 20:30"]),  # UTC-4
        ("America/New_York", "2027-11-06", ["06 20:00", "06 20:15", "06 20:30"]),
        ("America/New_York", "2027-11-07", ["07 21:00", "07 21:15", "07 21:30"]),
        ("Asia/Phnom_Penh", "2027-03-28", ["28 09:00", "28 09:15", "28 09:30"]),
        ("Asia/Kathmandu", "2027-03-28", ["28 10:15", "28 10:30", "28 10:45"]),  # UTC+5:45
        ("Australia/Lord_Howe", "2027-04-04", ["04 05:30", "04 05:45", "04 06:00"]),  # half an hour back, UTC+10:30
    ],
)
def test_nine_oclock_stays_nine_oclock(zone: str, day: str, phnom_penh: list[str]) -> None:
    assert told(offered_starts(calendar(zone, "09:00", "10:00"), date.fromisoformat(day), RULES)) == phnom_penh


@pytest.mark.parametrize(
    ("zone", "day", "hours", "minutes"),
    [
        ("Europe/Paris", "2027-03-28", ("00:00", "24:00"), 23 * 60),
        ("Europe/Paris", "2027-10-31", ("00:00", "24:00"), 25 * 60),
        ("America/New_York", "2027-11-07", ("00:30", "03:00"), 210),  # 01:00 to 02:00 comes twice
        ("America/New_York", "2027-11-07", ("00:30", "01:30"), 120),  # until the second half past one
        ("America/New_York", "2027-03-14", ("01:00", "02:30"), 30),  # half past two never comes
        ("America/New_York", "2027-03-14", ("01:00", "04:00"), 120),  # 02:00 to 03:00 never comes
        ("America/New_York", "2027-03-14", ("02:00", "03:00"), 0),
        ("America/New_York", "2027-03-14", ("02:30", "05:00"), 90),  # waits until 03:30
        ("Africa/Cairo", "2027-04-30", ("00:00", "02:00"), 60),  # forward at midnight: the day begins at one
    ],
)
def test_hours_are_as_long_as_the_day_makes_them(zone: str, day: str, hours: tuple[str, str], minutes: int) -> None:
    spans = working_spans(calendar(zone, *hours), date.fromisoformat(day))
    assert sum(((span.end - span.start) for span in spans), timedelta()) == timedelta(minutes=minutes)


def test_the_hour_that_comes_twice_is_offered_twice_each_once() -> None:
    starts = offered_starts(calendar("America/New_York", "01:00", "02:00"), date(2027, 11, 7), RULES)
    assert [f"{start:%H:%M}" for start in starts] == ["05:00", "05:15", "05:30", "05:45", "06:00", "06:15", "06:30"]
    assert len(set(starts)) == len(starts)


def test_an_override_stands_in_place_of_the_week() -> None:
    closed = calendar("Europe/Paris", "09:00", "17:00", d2027_03_29=[])
    assert offered_starts(closed, date(2027, 3, 29), RULES) == []
    other = calendar("Europe/Paris", "09:00", "17:00", d2027_03_29=[DayHours(starts="20:00", ends="20:30")])
    assert told(offered_starts(other, date(2027, 3, 29), RULES), ZoneInfo("Europe/Paris")) == ["29 20:00"]
    assert len(offered_starts(other, date(2027, 3, 30), RULES)) == 31


zones = st.sampled_from(
    ["Europe/Paris", "America/New_York", "Asia/Phnom_Penh", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))
quarters = st.integers(0, 95)


@given(zones, days, quarters, st.integers(1, 96))
def test_every_start_lies_within_the_hours_on_the_wall(zone: str, day: date, first: int, length: int) -> None:
    last = min(first + length, 96)
    hours = DayHours(starts=f"{first // 4:02}:{first % 4 * 15:02}", ends=f"{last // 4:02}:{last % 4 * 15:02}")
    where = ZoneInfo(zone)
    for start in offered_starts(Calendar(zone=where, weekly={}, overrides={day: [hours]}), day, RULES):
        local, end = start.astimezone(where), (start + timedelta(minutes=30)).astimezone(where)
        assert local.date() == day
        assert local.hour * 60 + local.minute >= first * 15
        assert end.date() > day or end.hour * 60 + end.minute <= last * 15
        assert is_on_grid(start, RULES)


@given(zones, days, st.integers(0, 1440))
def test_an_end_is_never_before_its_start(zone: str, day: date, minute: int) -> None:
    where = ZoneInfo(zone)
    start, end = instant_of(day, minute, where), instant_of(day, minute, where, is_end=True)
    exists = start.astimezone(where) == datetime.combine(day, datetime.min.time(), where) + timedelta(minutes=minute)
    assert not exists or start <= end


def test_a_session_takes_its_time_and_the_buffer_after_it() -> None:
    start = datetime(2026, 12, 3, 23, 30, tzinfo=UTC)
    taken = [f"{step:%d %H:%M}" for step in occupied_minutes(start, RULES)]
    assert taken == ["03 23:30", "03 23:45", "04 00:00"], "over midnight, UTC"


@given(st.integers(0, 95), st.integers(0, 95))
def test_free_times_keep_clear_of_what_is_taken(one: int, other: int) -> None:
    day, now = date(2026, 12, 3), datetime(2026, 12, 1, tzinfo=UTC)
    taken = frozenset(
        step for n in (one, other)
        for step in occupied_minutes(datetime(2026, 12, 3, tzinfo=UTC) + timedelta(minutes=15 * n), RULES)
    )  # fmt: skip
    always = calendar("UTC", "00:00", "24:00")
    free = free_starts(always, [day], taken=taken, sessions={}, now=now, rules=RULES)
    every = offered_starts(always, day, RULES)
    assert [start for start in every if taken.isdisjoint(occupied_minutes(start, RULES))] == free
    assert len(every) - len(free) <= 10
    assert free_starts(always, [day], taken=taken, sessions={day: 8}, now=now, rules=RULES) == []


def test_the_boundaries_favour_the_customer() -> None:
    now = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    always = calendar("UTC", "00:00", "24:00")
    first, last = bookable(now, RULES)
    assert (first - now, last - now) == (timedelta(hours=12), timedelta(days=60))
    for start, reason in (
        (first, None), (last, None),
        (first - timedelta(minutes=15), "NOTICE"), (last + timedelta(minutes=15), "HORIZON"),
    ):  # fmt: skip
        assert why_not_offered(start, always, now=now, rules=RULES) == reason
    assert is_in_time(now + timedelta(hours=24), now, RULES)
    assert not is_in_time(now + timedelta(hours=24, seconds=-1), now, RULES)
    assert no_show_from(now, RULES) == now + timedelta(minutes=15)


def test_the_first_and_the_last_start_are_free_and_none_beyond() -> None:
    now = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    always = calendar("UTC", "00:00", "24:00")
    first, last = bookable(now, RULES)
    days = [now.date() + timedelta(days=days) for days in range(62)]
    free = free_starts(always, days, taken=frozenset(), sessions={}, now=now, rules=RULES)
    assert (free[0], free[-1]) == (first, last)
    nearly_full = dict.fromkeys(days, RULES.max_a_day - 1)
    assert free_starts(always, days, taken=frozenset(), sessions=nearly_full, now=now, rules=RULES) == free
    only_one = replace(RULES, max_a_day=1)
    assert free_starts(always, days, taken=frozenset(), sessions={}, now=now, rules=only_one) == free


def test_a_start_outside_the_hours_is_not_offered() -> None:
    now = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
    mornings = calendar("Asia/Phnom_Penh", "09:00", "10:00")
    for minutes, reason in ((-15, "HOURS"), (0, None), (30, None), (45, "HOURS"), (7, "HOURS")):
        start = datetime(2026, 12, 3, 2, 0, tzinfo=UTC) + timedelta(minutes=minutes)
        assert why_not_offered(start, mornings, now=now, rules=RULES) == reason


@pytest.mark.parametrize(
    ("at", "is_on"),
    [
        ("00:00:00+00:00", True), ("23:45:00+00:00", True), ("10:07:00+00:00", False), ("10:15:01+00:00", False),
        ("10:15:00.000001+00:00", False), ("10:15:00+05:45", True), ("10:15:00+05:40", False),
    ],
)  # fmt: skip
def test_the_grid_is_of_whole_quarters(at: str, *, is_on: bool) -> None:
    assert is_on_grid(datetime.fromisoformat(f"2026-12-03T{at}"), RULES) is is_on


@pytest.mark.parametrize(
    ("status", "by_staff", "hours", "is_used"),
    [
        (Status.SCHEDULED, False, 23, True), (Status.SCHEDULED, False, 24, False), (Status.SCHEDULED, True, 1, False),
        (Status.PENDING, False, 1, False),
    ],
)  # fmt: skip
def test_who_loses_a_session(status: Status, by_staff: bool, hours: int, is_used: bool) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    starts_at = now + timedelta(hours=hours)
    used = uses_session_when_cancelled(status, starts_at=starts_at, by_staff=by_staff, now=now, rules=RULES)
    assert used is is_used
