"""What a booking needs to know of what it takes, read once, before anything is locked."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A trip, the traveller and the stock."""

    trip_id: UUID
    title: str
    slug: str
    price_per_person: Decimal
    non_refundable_fee: Decimal
    duration_days: int
    min_people: int
    max_people: int
    options: list[dict[str, Any]]
    policy: dict[str, Any]
    meeting_point: str | None
    resource_id: UUID
    is_student: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A kind of room. Rate in USD a night."""

    title: str
    rate: Decimal
    max_guests: int
    address: str
    policy: dict[str, Any]
    resource_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A fleet of one kind. `rate` in USD a day; `per_km` and `transfers` where the vehicle says so."""

    title: str
    rate: Decimal
    per_km: Decimal | None
    transfers: list[dict[str, Any]]
    capacity: int
    policy: dict[str, Any]
    resource_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A guide. Rate in USD a day."""

    title: str
    rate: Decimal
    max_group: int
    policy: dict[str, Any]
    resource_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that one booking takes. What is booked by itself stands alone; a trip may have the others with it."""

    departure: Departure | None = None
    room: Room | None = None
    vehicle: Vehicle | None = None
    guide: Guide | None = None
    is_student: bool = False

    @property
    def main(self) -> Departure | Room | Vehicle | Guide:
        """What gives the booking its name and its policy."""
        found = self.departure or self.room or self.vehicle or self.guide
        assert found is not None  # noqa: S101 - the terms were checked to name at least one
        return found
