"""What the fields of a trip must be to each other."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from sojourn.catalog.faults import Fault, crossed
from sojourn.catalog.trips.models import Included, TripFilters, TripIn
from sojourn.catalog.values import find_repeated


def faults_of(trip: TripIn) -> Iterator[Fault]:
    """Every field that does not fit the others."""
    if trip.max_people < trip.min_people:
        yield Fault("max_people", "must not be below `min_people`")
    if (trip.capacity_per_departure or trip.max_people) < trip.min_people:
        yield Fault("capacity_per_departure", "must not be below `min_people`")
    if trip.non_refundable_fee_usd > trip.price_per_person_usd:
        yield Fault("non_refundable_fee_usd", "must not be above `price_per_person_usd`")
    days = [day.day for day in trip.itinerary]
    if days and days != list(range(1, trip.duration_days + 1)):
        yield Fault("itinerary", "must have each day from 1 to `duration_days`, in order")
    if (key := find_repeated([option.key for option in trip.options])) is not None:
        yield Fault("options", f"has the key {key} twice")
    if (trip.latitude is None) != (trip.longitude is None):
        yield Fault("longitude" if trip.longitude is None else "latitude", "is needed as well")
    if trip.included.room is not None and trip.duration_days == 1:
        yield Fault("included.room", "has no night in a trip of one day")


def faults_of_included(included: Included, found: Mapping[str, UUID | None]) -> Iterator[Fault]:
    """What is said to be included and was not found."""
    for name, entry_id in found.items():
        if getattr(included, name) is not None and entry_id is None:
            yield Fault(f"included.{name}", "is not in the catalogue")


def faults_of_filters(filters: TripFilters) -> Iterator[Fault]:
    """Ranges that cross."""
    yield from crossed("min_duration", filters.min_duration, "max_duration", filters.max_duration)
    yield from crossed("min_price", filters.min_price, "max_price", filters.max_price)
    yield from crossed("min_price", filters.min_price, "budget", filters.budget)
