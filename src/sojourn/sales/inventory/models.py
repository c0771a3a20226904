"""Stock: resources with a capacity per day (or slot), and claims on them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sojourn.platform.kit.wire import Wire


class ResourceKind(StrEnum):
    DEPARTURE = "DEPARTURE"
    ROOM = "ROOM"
    VEHICLE = "VEHICLE"
    GUIDE = "GUIDE"
    APPOINTMENT = "APPOINTMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`quantity` units of one resource on one day, or, for slots, from `minute` of that day (UTC) on."""

    resource_id: UUID
    day: date
    quantity: int
    minute: int = 0
    # Named in a refusal, where a purchase takes several kinds.
    kind: ResourceKind | None = None


class DayAvailability(Wire):
    """What is left of a resource on one day. Lapsed holds count as free; what is sold begins tomorrow."""

    day: date
    capacity: int
    available: int


class RoomAvailability(Wire):
    """The nights of one kind of room; a night is named by the day on which it begins."""

    hotel_room_id: UUID
    key: str
    name: str
    days: list[DayAvailability]
