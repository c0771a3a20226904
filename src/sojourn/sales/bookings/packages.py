"""Trips: a price a head, a group within its limits, options that the trip offers."""

from decimal import Decimal

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings.facts import Departure
from sojourn.sales.bookings.models import OptionChoice, Terms
from sojourn.sales.pricing.rules import Extra

PER_PERSON = "PERSON"


def line(departure: Departure, terms: Terms) -> Extra:
    """Price a head x people. Raises InvalidInput naming the field."""
    if not departure.min_people <= terms.people_count <= departure.max_people:
        raise InvalidInput.at("people_count", f"must be {departure.min_people} to {departure.max_people} for this trip")
    return Extra(description=departure.title, quantity=terms.people_count, unit_price=departure.price_per_person)


def option_lines(departure: Departure, terms: Terms) -> list[Extra]:
    """The chosen options. Raises InvalidInput."""
    if len({choice.key for choice in terms.options}) != len(terms.options):
        raise InvalidInput.at("options", "names the same option twice")
    return [_option_line(departure, choice, terms.people_count) for choice in terms.options]


def _option_line(departure: Departure, choice: OptionChoice, people: int) -> Extra:
    offered = next((option for option in departure.options if option["key"] == choice.key), None)
    if offered is None:
        names = ", ".join(option["key"] for option in departure.options) or "none"
        raise InvalidInput.at("options", f"{choice.key!r} is not offered with this trip (there are: {names})")
    usual = people if offered["per"] == PER_PERSON else 1
    title: dict[str, str] = offered["title"]
    return Extra(description=title["en"], quantity=choice.quantity or usual, unit_price=Decimal(offered["price_usd"]))
