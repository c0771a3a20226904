"""What a booking comes to, whatever its type: its days, its price step by step, and the stock it takes.

Pure functions on facts. Each type has a module of its own for its line of the price (packages, stays, rides, guiding).
"""

from dataclasses import dataclass
from datetime import date, datetime

from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import Module, SalesRules, Storefront
from sojourn.sales.bookings import guiding, packages, rides, rules, stays
from sojourn.sales.bookings.errors import BookingTypeNotOffered
from sojourn.sales.bookings.facts import Departure, Facts
from sojourn.sales.bookings.models import BookingType, QuoteIn, Terms
from sojourn.sales.bookings.stock import claims_of, resources_of
from sojourn.sales.inventory.models import Claim
from sojourn.sales.pricing.models import Price
from sojourn.sales.pricing.rules import Extra, price_hire, price_package

SUBJECTS = {
    "trip_id": (BookingType.PACKAGE, Module.TRIPS),
    "hotel_room_id": (BookingType.HOTEL_ONLY, Module.HOTELS),
    "vehicle_id": (BookingType.TRANSPORT_ONLY, Module.TRANSPORTATION),
    "guide_id": (BookingType.GUIDE_ONLY, Module.GUIDES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Checked terms with what they cost. `beside`: room, vehicle and guide that a trip takes along, by their names."""

    facts: Facts
    terms: Terms
    end_date: date
    rooms: int | None
    base: Extra
    options: list[Extra]
    beside: dict[str, Extra]

    def price(self, *, points: int, rules: SalesRules) -> Price:
        """`points` must have been checked before."""
        base, departure = self.base, self.facts.departure
        if departure is None:
            return price_hire(
                title=base.description, unit_price=base.unit_price, units=base.quantity,
                people=self.terms.people_count, is_student=self.facts.is_student, points=points, rules=rules,
            )  # fmt: skip
        return price_package(
            title=base.description, unit_price=base.unit_price, people=base.quantity,
            extras=[*self.options, *self.beside.values()], non_refundable_each=departure.non_refundable_fee,
            is_student=self.facts.is_student, points=points, rules=rules,
        )  # fmt: skip

    @property
    def rates(self) -> dict[str, str]:
        """The unit prices of stock, by name: a change keeps what was agreed."""
        main = "room" if self.facts.room else "vehicle" if self.facts.vehicle else "guide"
        lines = self.beside if self.facts.departure else {main: self.base}
        return {name: f"{line.unit_price:.2f}" for name, line in lines.items()}

    def claims(self) -> list[Claim]:
        """The stock it takes."""
        return claims_of(
            resources_of(self.facts), travel_date=self.terms.travel_date, end_date=self.end_date,
            people=self.terms.people_count, rooms=self.rooms,
        )  # fmt: skip


def check_subjects(body: QuoteIn, storefront: Storefront) -> None:
    """What is booked fits the type and is sold here. Raises InvalidInput by field, BookingTypeNotOffered."""
    for field, (booking_type, module) in SUBJECTS.items():
        is_given = getattr(body, field) is not None
        is_main = body.booking_type is booking_type
        if is_main and not is_given:
            raise InvalidInput.at(field, f"is needed for {booking_type.value}")
        if is_given and not is_main and (body.booking_type is not BookingType.PACKAGE):
            raise InvalidInput.at(field, f"does not belong to {body.booking_type.value}")
        if is_given and module not in storefront.modules:
            raise BookingTypeNotOffered(details={"booking_type": booking_type.value})
    if body.rooms is not None and body.hotel_room_id is None:
        raise InvalidInput.at("rooms", "needs `hotel_room_id`")
    for field in ("transfer", "distance_km"):
        if getattr(body, field) is not None and body.booking_type is not BookingType.TRANSPORT_ONLY:
            raise InvalidInput.at(field, "belongs to TRANSPORT_ONLY")


def make_offer(facts: Facts, terms: Terms, *, storefront: Storefront, now: datetime) -> Offer:
    """Check the terms against the facts and price them. Raises InvalidInput naming the field."""
    first, last = rules.date_window(local_date(now, storefront.time_zone), storefront.rules)
    if not first <= terms.travel_date <= last:
        raise InvalidInput.at("travel_date", f"must lie between {first} and {last}")
    rooms = None if facts.room is None else stays.rooms_of(facts.room, terms)
    if facts.departure is not None:
        return _package(facts, facts.departure, terms, rooms)
    if terms.options:
        raise InvalidInput.at("options", "are sold with trips only")
    end = terms.end_date or terms.travel_date
    if facts.room is not None:
        check_in, check_out, people = terms.travel_date, terms.end_date, terms.people_count
        base = stays.line(facts.room, check_in=check_in, check_out=check_out, rooms=rooms or 1, people=people)
    elif facts.vehicle is not None:
        base = rides.line(facts.vehicle, terms)
    else:
        assert facts.guide is not None  # noqa: S101 - see `Facts.main`
        base = guiding.line(facts.guide, first=terms.travel_date, last=end, people=terms.people_count)
    return Offer(facts=facts, terms=terms, end_date=end, rooms=rooms, base=base, options=[], beside={})


def _package(facts: Facts, departure: Departure, terms: Terms, rooms: int | None) -> Offer:
    """A trip, with room, vehicle and guide for its days where they are included or were asked for."""
    first, people = terms.travel_date, terms.people_count
    end = rules.end_date(first, departure.duration_days)
    if terms.end_date not in {None, end}:
        raise InvalidInput.at("end_date", "follows from the length of the trip")
    base = packages.line(departure, terms)
    options = packages.option_lines(departure, terms)
    beside: dict[str, Extra] = {}
    if facts.room is not None:
        if departure.duration_days == 1:
            raise InvalidInput.at("hotel_room_id", "a trip of one day has no night")
        beside["room"] = stays.line(facts.room, check_in=first, check_out=end, rooms=rooms or 1, people=people)
    if facts.vehicle is not None:
        beside["vehicle"] = rides.daily_line(facts.vehicle, first=first, last=end, people=people)
    if facts.guide is not None:
        beside["guide"] = guiding.line(facts.guide, first=first, last=end, people=people)
    return Offer(facts=facts, terms=terms, end_date=end, rooms=rooms, base=base, options=options, beside=beside)
