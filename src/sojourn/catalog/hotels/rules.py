"""What the fields of a hotel must be to each other."""

from collections.abc import Iterator
from datetime import timedelta

from sojourn.catalog.faults import Fault, crossed
from sojourn.catalog.hotels.models import MAX_NIGHTS, HotelFilters, HotelIn
from sojourn.catalog.values import find_repeated


def faults_of(hotel: HotelIn) -> Iterator[Fault]:
    """Every field that does not fit the others."""
    if (key := find_repeated([room.key for room in hotel.rooms])) is not None:
        yield Fault("rooms", f"has the key {key} twice")
    if (hotel.latitude is None) != (hotel.longitude is None):
        yield Fault("longitude" if hotel.longitude is None else "latitude", "is needed as well")


def faults_of_filters(filters: HotelFilters) -> Iterator[Fault]:
    """Ranges that cross, and half a stay."""
    yield from crossed("min_price", filters.min_price, "max_price", filters.max_price)
    if (filters.check_in is None) != (filters.check_out is None):
        yield Fault("check_out" if filters.check_out is None else "check_in", "is needed as well")
    elif filters.check_in is not None and filters.check_out is not None:
        nights = filters.check_out - filters.check_in
        if not timedelta(days=1) <= nights <= timedelta(days=MAX_NIGHTS):
            yield Fault("check_out", f"must lie 1 to {MAX_NIGHTS} days after `check_in`")
