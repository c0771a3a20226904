"""Rooms: half-open [check-in, check-out), so that one guest leaves on the day the next one comes (rules, section 2)."""

from datetime import date
from math import ceil

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings.facts import Room
from sojourn.sales.bookings.models import Terms
from sojourn.sales.pricing.rules import Extra
from sojourn.sales.pricing.wording import counted

MAX_NIGHTS = 60


def rooms_of(room: Room, terms: Terms) -> int:
    """How many of that kind: as many as were asked for; within a trip's price, as many as the party needs. Raises
    InvalidInput."""
    if not room.is_included:
        return terms.rooms or 1
    if terms.rooms is not None:
        raise InvalidInput.at("rooms", "follow from `people_count`: this trip includes them")
    return ceil(terms.people_count / room.max_guests)


def line(room: Room, *, check_in: date, check_out: date | None, rooms: int, people: int) -> Extra:
    """Nightly rate x nights x rooms. Raises InvalidInput naming the field."""
    nights = 0 if check_out is None else (check_out - check_in).days
    if not 1 <= nights <= MAX_NIGHTS:
        raise InvalidInput.at("end_date", f"must be the day of leaving, 1 to {MAX_NIGHTS} days after `travel_date`")
    if people > room.max_guests * rooms:
        raise InvalidInput.at("people_count", f"must be at most {room.max_guests} for each of {rooms} rooms")
    description = f"{room.title}: {counted(nights, 'night')}, {counted(rooms, 'room')}"
    return Extra(description=description, quantity=nights * rooms, unit_price=room.rate)
