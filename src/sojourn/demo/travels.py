"""What travellers of DerLg do in more than one chapter: find a departure with seats, hold it, open its payment."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sojourn.demo.teller import Unexpected, expect
from sojourn.demo.visitor import Visitor
from sojourn.demo.waiting import until
from sojourn.storefronts import STOREFRONTS

KEY = "derlg"
PICKUP = "Royal Residence, Siem Reap"
# Far enough ahead for everything to come back when it is cancelled.
FIRST_DAY, LAST_DAY = 30, 120

Booking = Mapping[str, Any]


def days_ahead(days: int) -> str:
    """A day on the storefront's calendar."""
    return (datetime.now(ZoneInfo(STOREFRONTS[KEY].time_zone)).date() + timedelta(days=days)).isoformat()


async def find_day(visitor: Visitor, trip_id: str, *, people: int) -> tuple[str, int]:
    """The first day on which so many can go, and how many seats it has left. Raises `Unexpected`."""
    asked = {"from": days_ahead(FIRST_DAY), "to": days_ahead(LAST_DAY)}
    for day in await visitor.get(f"/trips/{trip_id}/availability", **asked):
        if day["available"] >= people:
            return day["day"], day["available"]
    raise Unexpected(f"no day from {asked['from']} to {asked['to']} has {people} seats left")


async def hold(visitor: Visitor, trip_id: str, *, day: str, people: int = 1, **more: object) -> Booking:
    """A booking that is RESERVED. Raises `Unexpected` when it is refused."""
    body = {"trip_id": trip_id, "travel_date": day, "people_count": people, "pickup_location": PICKUP, **more}
    booking: Booking = await visitor.send("POST", "/bookings", body, status=201)
    expect(booking["status"] == "RESERVED", f"the hold is {booking['status']}")
    return booking


async def open_payment(visitor: Visitor, booking: Booking) -> Mapping[str, Any]:
    """The payment intent of a booking, for exactly what is due."""
    intent: Mapping[str, Any] = await visitor.send(
        "POST", "/payments/create-intent", {"booking_id": booking["id"]}, status=201
    )
    expect(intent["amount"] == booking["total_usd"], f"{intent['amount']} asked for, {booking['total_usd']} due")
    return intent


async def wait_for_status(visitor: Visitor, booking: Booking, status: str) -> Booking:
    """The booking once it has that status. Raises `Unexpected` when it does not come to it."""

    async def look() -> Booking | None:
        found: Booking = await visitor.get(f"/bookings/{booking['id']}")
        return found if found["status"] == status else None

    return await until(look, f"{booking['booking_ref']} becoming {status}")


def seconds_between(first: str, last: str) -> float:
    """Between two moments as they are sent."""
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
