"""What the fields of a guide must be to each other."""

from collections.abc import Iterator

from sojourn.catalog.faults import Fault, faults_of_days
from sojourn.catalog.guides.models import GuideFilters, GuideIn
from sojourn.catalog.values import find_repeated


def faults_of(guide: GuideIn) -> Iterator[Fault]:
    """Nothing is said twice."""
    if (code := find_repeated(guide.languages)) is not None:
        yield Fault("languages", f"has {code} twice")
    if (province := find_repeated(guide.provinces)) is not None:
        yield Fault("provinces", f"has {province} twice")


def faults_of_filters(filters: GuideFilters) -> Iterator[Fault]:
    """Days that make no span."""
    yield from faults_of_days("available_date", filters.available_date, "end_date", filters.end_date)
