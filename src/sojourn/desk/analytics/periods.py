"""From which day to which, in which mode of payment, and how a figure names the rows behind it."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.dialect import in_casing
from sojourn.platform.kit.clock import local_date, start_of_day
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import Storefront

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
MAX_PERIODS = 400

Day = Annotated[date, Field(ge=date(2000, 1, 2), le=date(2999, 12, 30))]


class Mode(StrEnum):
    """Test money is never mixed with real money (rules, section 13)."""

    LIVE = "live"
    TEST = "test"


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"  # begins on Monday
    MONTH = "month"
    YEAR = "year"


# How far back revenue reaches when nobody says from when, and how long a step is at least.
REACH = {Step.DAY: 30, Step.WEEK: 26 * 7, Step.MONTH: 365, Step.YEAR: 10 * 365}
SHORTEST = {Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 28, Step.YEAR: 365}


class Between(Wire):
    """`from_date` and `to_date` are days in the storefront's zone, both included. `mode` is that of the payments;
    left out, the one in which the storefront takes money now."""

    from_date: Day | None = None
    to_date: Day | None = None
    mode: Mode | None = None


def check_order(from_date: date | None, to_date: date | None) -> None:
    """Raises InvalidInput when the stretch ends before it begins."""
    if from_date and to_date and from_date > to_date:
        raise InvalidInput.at("from_date", "must not be after `to_date`")


def moments(from_date: date | None, to_date: date | None, zone: str) -> tuple[datetime, datetime]:
    """The days as a half-open stretch of time, UTC. Raises InvalidInput."""
    check_order(from_date, to_date)
    since = start_of_day(from_date, zone) if from_date else EARLIEST
    return since, start_of_day(to_date + timedelta(days=1), zone) if to_date else LATEST


def days_of_revenue(step: Step, from_date: date | None, to_date: date | None, *, today: date) -> tuple[date, date]:
    """What to report on, both ends included. Raises InvalidInput for more than 400 periods."""
    check_order(from_date, to_date)
    last = to_date or max(today, from_date or today)
    first = from_date or beginning_of(step, last - timedelta(days=REACH[step]))
    if (last - first).days // SHORTEST[step] >= MAX_PERIODS:
        raise InvalidInput.at("from_date", f"must lie within {MAX_PERIODS} periods of `to_date`")
    return first, last


def beginning_of(step: Step, day: date) -> date:
    """The first day of the period in which `day` lies."""
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    if step is Step.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if step is Step.YEAR else day


def end_of(step: Step, first: date) -> date:
    """The last day of the period that begins on `first`."""
    if step is Step.WEEK:
        return first + timedelta(days=6)
    if step is Step.MONTH:
        return beginning_of(step, first + timedelta(days=31)) - timedelta(days=1)
    return date(first.year, 12, 31) if step is Step.YEAR else first


def today_in(storefront: Storefront, now: datetime) -> date:
    return local_date(now, storefront.time_zone)


def rows_url(storefront: Storefront, path: str, **filters: object) -> str:
    """The path of the rows behind a figure, with its filters as this storefront spells them."""
    asked = {in_casing(name, storefront.dialect): str(value) for name, value in filters.items() if value is not None}
    return f"{storefront.prefix}{path}" + (f"?{urlencode(asked)}" if asked else "")
