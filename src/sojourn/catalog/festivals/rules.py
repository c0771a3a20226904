"""What the fields of a festival must be to each other, and which years are kept."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from sojourn.catalog.faults import Fault
from sojourn.catalog.festivals.models import MAX_LENGTH_DAYS, Feast, FestivalFilters, FestivalIn, Reckoning
from sojourn.catalog.values import find_repeated

YEARS_BEHIND = 1
YEARS_AHEAD = 10
_LEAP_YEAR, _COMMON_YEAR = 2028, 2027


def known_years(today: date) -> tuple[int, int]:
    """The first and the last year that may be asked about: a timer computes ahead of them (docs/jobs.md)."""
    return today.year - YEARS_BEHIND, today.year + YEARS_AHEAD


def faults_of(festival: FestivalIn) -> Iterator[Fault]:
    """Every field that does not fit the others."""
    if festival.reckoning is None and not festival.dates:
        yield Fault("dates", "are needed where there is no reckoning")
    if festival.reckoning is not None:
        yield from _faults_of_reckoning(festival.reckoning)
    if (year := find_repeated([str(dates.year) for dates in festival.dates])) is not None:
        yield Fault("dates", f"has {year} twice")
    for number, dates in enumerate(festival.dates):
        if dates.starts_on.year != dates.year:
            yield Fault(f"dates.{number}.starts_on", "must lie in its year")
        if not timedelta(0) <= dates.ends_on - dates.starts_on < timedelta(days=MAX_LENGTH_DAYS):
            yield Fault(f"dates.{number}.ends_on", f"must lie 0 to {MAX_LENGTH_DAYS - 1} days after `starts_on`")


def _faults_of_reckoning(reckoning: Reckoning) -> Iterator[Fault]:
    for name, value in (("month", reckoning.month), ("day", reckoning.day)):
        if (value is not None) != (reckoning.feast is Feast.DATE):
            yield Fault(f"reckoning.{name}", "belongs to DATE, and DATE needs it")
    month, day = reckoning.month, reckoning.day
    if month is None or day is None:
        return
    if day > monthrange(_COMMON_YEAR, month)[1]:
        yield Fault("reckoning.day", "does not come every year")
        return
    # A festival belongs to the year it begins in: one that a shift moves over New Year would belong to another.
    shift = timedelta(days=reckoning.shift)
    if any((date(year, month, day) + shift).year != year for year in (_LEAP_YEAR, _COMMON_YEAR)):
        yield Fault("reckoning.shift", "must not lead into another year")


def faults_of_filters(filters: FestivalFilters, today: date) -> Iterator[Fault]:
    """A year of which nothing is known: an empty page would say that nothing is held."""
    first, last = known_years(today)
    if filters.year is not None and not first <= filters.year <= last:
        yield Fault("year", f"must be {first} to {last}")


def span_of(filters: FestivalFilters, today: date) -> tuple[date, date]:
    """The first and the last day that is asked about."""
    year = filters.year or today.year
    if filters.month is None:
        return date(year, 1, 1), date(year, 12, 31)
    return date(year, filters.month, 1), date(year, filters.month, monthrange(year, filters.month)[1])
