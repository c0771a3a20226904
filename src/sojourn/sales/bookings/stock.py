"""The stock behind bookings: which resources, on which days, how many."""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.sales.bookings.changes_queries import NewTerms
from sojourn.sales.bookings.facts import Facts
from sojourn.sales.bookings.models import Booking
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.models import Claim, ResourceKind


def resources_of(facts: Facts) -> dict[ResourceKind, UUID]:
    """The stock behind the facts."""
    found = {
        ResourceKind.DEPARTURE: facts.departure, ResourceKind.ROOM: facts.room, ResourceKind.VEHICLE: facts.vehicle,
        ResourceKind.GUIDE: facts.guide,
    }  # fmt: skip
    return {kind: fact.resource_id for kind, fact in found.items() if fact is not None}


def claims_of_booking(resources: Mapping[ResourceKind, UUID], booking: Booking) -> list[Claim]:
    """The stock that a booking has, or had before it lapsed."""
    return claims_of(
        resources, travel_date=booking.travel_date, end_date=booking.end_date, people=booking.people_count,
        rooms=booking.rooms,
    )  # fmt: skip


def claims_of_terms(resources: Mapping[ResourceKind, UUID], terms: NewTerms) -> list[Claim]:
    """The stock that a booking needs after a change."""
    return claims_of(
        resources, travel_date=terms.travel_date, end_date=terms.end_date, people=terms.people_count, rooms=terms.rooms
    )


def has_its_stock(booking: Booking) -> bool:
    """Whether a hold, locked, still has all it claimed: once it has lapsed by anybody's clock, anybody may take it."""
    subjects = {
        ResourceKind.DEPARTURE: booking.trip_id, ResourceKind.ROOM: booking.hotel_room_id,
        ResourceKind.VEHICLE: booking.vehicle_id, ResourceKind.GUIDE: booking.guide_id,
    }  # fmt: skip
    taken = {kind: subject for kind, subject in subjects.items() if subject is not None}
    return booking.claims_held >= len(claims_of_booking(taken, booking))


async def find_resources(connection: Connection, booking: Booking) -> dict[ResourceKind, UUID] | None:
    """The resources behind a booking; None when one of them is no more."""
    subjects = (booking.trip_id, booking.hotel_room_id, booking.vehicle_id, booking.guide_id)
    trip_id, hotel_room_id, vehicle_id, guide_id = subjects
    found = await inventory.find_resources(
        connection, trip_id=trip_id, hotel_room_id=hotel_room_id, vehicle_id=vehicle_id, guide_id=guide_id
    )
    return found if len(found) == sum(subject is not None for subject in subjects) else None


def claims_of(
    resources: Mapping[ResourceKind, UUID], *, travel_date: date, end_date: date, people: int, rooms: int | None
) -> list[Claim]:
    """A departure's places on its first day, rooms for each night, a vehicle and a guide for each day."""
    nights = [travel_date + timedelta(days=n) for n in range((end_date - travel_date).days)]
    days = {
        ResourceKind.DEPARTURE: [travel_date],
        ResourceKind.ROOM: nights,
        ResourceKind.VEHICLE: [*nights, end_date],
        ResourceKind.GUIDE: [*nights, end_date],
    }
    quantities = {ResourceKind.DEPARTURE: people, ResourceKind.ROOM: rooms or 1}
    return [
        Claim(resource_id=resource_id, day=day, quantity=quantities.get(kind, 1), kind=kind)
        for kind, resource_id in resources.items()
        for day in days[kind]
    ]
