"""What the fields of a vehicle must be to each other."""

from collections.abc import Iterator

from sojourn.catalog.faults import Fault, faults_of_days
from sojourn.catalog.transportation.models import VehicleFilters, VehicleIn
from sojourn.catalog.values import find_repeated


def faults_of(vehicle: VehicleIn) -> Iterator[Fault]:
    """A transfer is known by where it goes from and to: twice the same has no price."""
    rides = [f"{ride.from_place} to {ride.to_place}" for ride in vehicle.transfers]
    if (ride := find_repeated(rides)) is not None:
        yield Fault("transfers", f"has {ride} twice")


def faults_of_filters(filters: VehicleFilters) -> Iterator[Fault]:
    """Days that make no span."""
    yield from faults_of_days("travel_date", filters.travel_date, "end_date", filters.end_date)
