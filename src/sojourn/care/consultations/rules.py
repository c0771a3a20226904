"""When a consultation can be: hours on the wall clock of the consultant, slots on the world's (rules, section 9).

Hours are what the consultant reads off the wall, so they are turned into instants day by day: the same nine o'clock is
another instant after a clock change. Slots are instants and steps of real minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sojourn.care.consultations.models import DayHours, Status, Weekday
from sojourn.platform.storefront import ConsultationRules

WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, half-open, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A consultant's hours. `overrides` of a day stand in place of the week's; none of them: closed."""

    zone: ZoneInfo
    weekly: Mapping[Weekday, Sequence[DayHours]]
    overrides: Mapping[date, Sequence[DayHours]]

    def hours_of(self, day: date) -> Sequence[DayHours]:
        if day in self.overrides:
            return self.overrides[day]
        return self.weekly.get(WEEKDAYS[day.weekday()], ())


def instant_of(day: date, minute: int, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """The instant of a wall-clock minute of `day`; 1440 is the next midnight.

    Where the clock skips that minute, a start waits and an end comes early: nobody is at work in an hour that is not.
    Where it strikes twice, a start is the first and an end the second.
    """
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return local.replace(fold=int(is_end)).astimezone(UTC)


def working_spans(calendar: Calendar, day: date) -> list[Span]:
    """The hours of one local day as instants."""
    spans = []
    for hours in calendar.hours_of(day):
        start = instant_of(day, hours.start_minute, calendar.zone)
        end = instant_of(day, hours.end_minute, calendar.zone, is_end=True)
        if start < end:
            spans.append(Span(start, end))
    return spans


def offered_starts(calendar: Calendar, day: date, rules: ConsultationRules) -> list[datetime]:
    """Every start that a local day's hours have room for, taken or not: the session must fit, the buffer need not."""
    session, step = timedelta(minutes=rules.minutes), timedelta(minutes=rules.grid_minutes)
    starts = set()
    for span in working_spans(calendar, day):
        start = span.start
        while start + session <= span.end:
            starts.add(start)
            start += step
    return sorted(starts)


def occupied_minutes(start: datetime, rules: ConsultationRules) -> Iterator[datetime]:
    """The grid steps that a session and the buffer after it take, UTC."""
    steps = (rules.minutes + rules.buffer_minutes) // rules.grid_minutes
    for number in range(steps):
        yield start.astimezone(UTC) + timedelta(minutes=number * rules.grid_minutes)


def free_starts(
    calendar: Calendar, days: Sequence[date], *, taken: frozenset[datetime], sessions: Mapping[date, int],
    now: datetime, rules: ConsultationRules,
) -> list[datetime]:  # fmt: skip
    """What can be booked on those local days: in the hours, free with its buffer, neither too soon nor too far, and
    not on a day that is full. `taken` are claimed grid steps, `sessions` the number of consultations on local days."""
    earliest, latest = bookable(now, rules)
    return [
        start
        for day in days
        if sessions.get(day, 0) < rules.max_a_day
        for start in offered_starts(calendar, day, rules)
        if earliest <= start <= latest and taken.isdisjoint(occupied_minutes(start, rules))
    ]


def bookable(now: datetime, rules: ConsultationRules) -> tuple[datetime, datetime]:
    """The first and the last instant a customer may choose."""
    return now + timedelta(hours=rules.notice_hours), now + timedelta(days=rules.horizon_days)


def why_not_offered(start: datetime, calendar: Calendar, *, now: datetime, rules: ConsultationRules) -> str | None:
    """What is wrong with a start a customer asks for: `NOTICE`, `HORIZON`, `HOURS`; None when nothing is."""
    earliest, latest = bookable(now, rules)
    if start < earliest:
        return "NOTICE"
    if start > latest:
        return "HORIZON"
    day = start.astimezone(calendar.zone).date()
    return None if start in offered_starts(calendar, day, rules) else "HOURS"


def is_on_grid(start: datetime, rules: ConsultationRules) -> bool:
    """Whether `start` is a whole number of grid steps into its UTC day."""
    minutes = start.astimezone(UTC).hour * 60 + start.astimezone(UTC).minute
    return minutes % rules.grid_minutes == 0 and start.second == start.microsecond == 0


def is_in_time(starts_at: datetime, now: datetime, rules: ConsultationRules) -> bool:
    """Whether a customer may still move it, or cancel without losing the session; the boundary favours them."""
    return starts_at - now >= timedelta(hours=rules.change_hours)


def uses_session_when_cancelled(status: Status, *, starts_at: datetime, by_staff: bool, now: datetime,
                                rules: ConsultationRules) -> bool:  # fmt: skip
    """A session is lost only by a customer who cancels late what was promised to them."""
    return not by_staff and status is Status.SCHEDULED and not is_in_time(starts_at, now, rules)


def no_show_from(starts_at: datetime, rules: ConsultationRules) -> datetime:
    """From when on it may be said that the customer did not come."""
    return starts_at + timedelta(minutes=rules.no_show_minutes)
