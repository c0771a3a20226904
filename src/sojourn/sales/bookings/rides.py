"""Vehicles: by the day, both ends included, or by the kilometre or transfer where the vehicle says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sojourn.platform.errors import InvalidInput
from sojourn.sales.bookings.facts import Vehicle
from sojourn.sales.bookings.models import ChangeIn, Terms, Transfer
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """How a vehicle is counted: a transfer, kilometres, or, with neither, days."""

    transfer: Transfer | None = None
    distance_km: int | None = None

    @property
    def is_one_day(self) -> bool:
        return self.transfer is not None or self.distance_km is not None

    def is_counted_as(self, other: "Ride") -> bool:
        """At the same unit price: the same transfer, or kilometres both, or days both."""
        return self.transfer == other.transfer and (self.distance_km is None) == (other.distance_km is None)

    def as_json(self) -> dict[str, Any]:
        transfer = None if self.transfer is None else self.transfer.model_dump(mode="json")
        return {"transfer": transfer, "distance_km": self.distance_km}


def booked_ride(snapshot: Mapping[str, Any]) -> Ride:
    """As it was sold."""
    transfer = snapshot["transfer"]
    return Ride(
        transfer=None if transfer is None else Transfer.model_validate(transfer), distance_km=snapshot["distance_km"]
    )


def asked_ride(snapshot: Mapping[str, Any], body: ChangeIn) -> Ride:
    """As a change wants it. Naming a transfer or kilometres replaces what was booked; naming null means days."""
    if body.model_fields_set.isdisjoint({"transfer", "distance_km"}):
        return booked_ride(snapshot)
    return Ride(transfer=body.transfer, distance_km=body.distance_km)


def at_price(vehicle: Vehicle, bought: Decimal, transfer: Transfer | None) -> Vehicle:
    """The vehicle at the unit price it was booked for, however it is counted."""
    rides = [] if transfer is None else [{**transfer.model_dump(), "price_usd": bought}]
    return replace(vehicle, rate=bought, per_km=bought, transfers=rides)


def check_capacity(vehicle: Vehicle, people: int) -> None:
    if people > vehicle.capacity:
        raise InvalidInput.at("people_count", f"must be at most {vehicle.capacity} for this vehicle")
