"""Departures as the desk sees them: one trip, one day."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.platform.kit.wire import Money, Wire


class Departure(Wire):
    """One day of a trip. `held` places lapse by themselves; `capacity` is the trip's unless the day has its own."""

    day: date
    capacity: int
    confirmed: int
    held: int
    available: int
    has_own_capacity: bool
    reason: str | None


class DepartureIn(Wire):
    """A day that differs. `capacity` null: as the trip says again; 0: closed."""

    capacity: Annotated[int, Field(ge=0, le=10_000)] | None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] | None = None


class ManifestEntry(Wire):
    """One booking on a departure manifest."""

    booking_id: UUID
    booking_ref: str
    customer_name: str
    customer_email: str
    customer_phone: str | None
    people_count: int
    travelers: list[dict[str, Any]]
    options: list[dict[str, Any]]
    pickup_location: str
    special_requests: str | None
    total_usd: Money
    language: str


class Manifest(Wire):
    """Who travels on one departure: confirmed bookings only."""

    trip_id: UUID
    title: str
    day: date
    people: int
    bookings: list[ManifestEntry]


class CancelDepartureIn(Wire):
    """Why the agency cancels; travellers are told."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class CancelledDeparture(Wire):
    """Each booking is cancelled on its own by a job, with everything refunded."""

    day: date
    bookings: int
