"""Vehicles: by the day, both ends included, or by the kilometre or transfer where the vehicle says so."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings.facts import Vehicle
from sojourn.sales.bookings.models import Terms, Transfer
from sojourn.sales.bookings.rules import days_inclusive
from sojourn.sales.pricing.rules import Extra
from sojourn.sales.pricing.wording import counted


def daily_line(vehicle: Vehicle, *, first: date, last: date, people: int) -> Extra:
    """Daily rate x days. Raises InvalidInput naming the field."""
    check_capacity(vehicle, people)
    days = days_inclusive(first, last)
    return Extra(description=f"{vehicle.title}: {counted(days, 'day')}", quantity=days, unit_price=vehicle.rate)


def line(vehicle: Vehicle, terms: Terms) -> Extra:
    """As the terms ask: a transfer, kilometres, or days. Raises InvalidInput naming the field."""
    if terms.transfer is None and terms.distance_km is None:
        last = terms.end_date or terms.travel_date
        return daily_line(vehicle, first=terms.travel_date, last=last, people=terms.people_count)
    check_capacity(vehicle, terms.people_count)
    if terms.end_date not in {None, terms.travel_date}:
        raise InvalidInput.at("end_date", "must be `travel_date`: transfers and kilometres are sold for one day")
    if terms.distance_km is None:
        return _transfer_line(vehicle, terms)
    if terms.transfer is not None:
        raise InvalidInput.at("distance_km", "does not go together with transfer")
    if vehicle.per_km is None:
        raise InvalidInput.at("distance_km", "this vehicle is not sold by the kilometre")
    return Extra(
        description=f"{vehicle.title}: {terms.distance_km} km", quantity=terms.distance_km, unit_price=vehicle.per_km
    )


def _transfer_line(vehicle: Vehicle, terms: Terms) -> Extra:
    assert terms.transfer is not None  # noqa: S101 - the caller looked
    asked = (terms.transfer.from_place, terms.transfer.to_place)
    prices = {(ride["from_place"], ride["to_place"]): ride["price_usd"] for ride in vehicle.transfers}
    if asked not in prices:
        names = "; ".join(f"{origin} to {goal}" for origin, goal in prices) or "none"
        raise InvalidInput.at("transfer", f"is not offered by this vehicle (there are: {names})")
    description = f"{vehicle.title}: {asked[0]} to {asked[1]}"
    return Extra(description=description, quantity=1, unit_price=Decimal(prices[asked]))


def at_price(vehicle: Vehicle, bought: Decimal, transfer: Transfer | None) -> Vehicle:
    """The vehicle at the unit price it was booked for, however it is counted."""
    rides = [] if transfer is None else [{**transfer.model_dump(), "price_usd": bought}]
    return replace(vehicle, rate=bought, per_km=bought, transfers=rides)


def check_capacity(vehicle: Vehicle, people: int) -> None:
    if people > vehicle.capacity:
        raise InvalidInput.at("people_count", f"must be at most {vehicle.capacity} for this vehicle")
