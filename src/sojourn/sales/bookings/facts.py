"""What a booking needs to know of what it takes, read once, before anything is locked."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.platform.kit.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A trip with the ids of what it includes, the traveller and the stock."""

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
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    resource_id: UUID
    is_student: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A kind of room. Rate in USD a night; ZERO within a trip's price."""

    id: UUID
    title: str
    rate: Decimal
    max_guests: int
    address: str
    policy: dict[str, Any]
    resource_id: UUID

    @property
    def is_included(self) -> bool:
        return self.rate == ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A fleet of one kind. `rate` in USD a day, ZERO within a trip's price; `per_km` and `transfers` where the vehicle
    says so."""

    id: UUID
    title: str
    rate: Decimal
    per_km: Decimal | None
    transfers: list[dict[str, Any]]
    capacity: int
    policy: dict[str, Any]
    resource_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A guide. Rate in USD a day; ZERO within a trip's price."""

    id: UUID
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
    def stock_ids(self) -> dict[str, UUID | None]:
        """Room, vehicle and guide, named as a booking has them."""
        facts: dict[str, Room | Vehicle | Guide | None] = {
            "hotel_room_id": self.room, "vehicle_id": self.vehicle, "guide_id": self.guide,
        }  # fmt: skip
        return {name: None if fact is None else fact.id for name, fact in facts.items()}

    @property
    def main(self) -> Departure | Room | Vehicle | Guide:
        """What gives the booking its name and its policy."""
        found = self.departure or self.room or self.vehicle or self.guide
        assert found is not None  # noqa: S101 - the terms were checked to name at least one
        return found


def with_included_free(facts: Facts) -> Facts:
    """What the trip includes costs nothing beside its price."""
    trip, room, vehicle, guide = facts.departure, facts.room, facts.vehicle, facts.guide
    if trip is None:
        return facts
    if room is not None and room.id == trip.hotel_room_id:
        room = replace(room, rate=ZERO)
    if vehicle is not None and vehicle.id == trip.vehicle_id:
        vehicle = replace(vehicle, rate=ZERO)
    if guide is not None and guide.id == trip.guide_id:
        guide = replace(guide, rate=ZERO)
    return replace(facts, room=room, vehicle=vehicle, guide=guide)
