"""Quoting and holding."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.ids import new_id, new_reference
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales.bookings import queries, rules
from sojourn.sales.bookings.errors import (
    AlreadyExtended,
    BookingTypeNotOffered,
    HoldNotOpen,
    QuoteChanged,
    TripNotBookable,
)
from sojourn.sales.bookings.models import BookingIn, BookingType, Departure, OptionChoice, Quote, QuoteIn, Terms
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.models import Claim
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.pricing.models import Price
from sojourn.sales.pricing.rules import Extra, max_points, price_package

PER_PERSON = "PERSON"


async def quote(
    connection: Connection, *, storefront: Storefront, user_id: UUID, body: QuoteIn, now: datetime
) -> Quote:
    """A price and what is left, now; nothing is held. Raises TripNotBookable and InvalidInput by field."""
    departure = await read_departure(connection, storefront=storefront, user_id=user_id, body=body, now=now)
    plain = price_of(departure, body, points=0, rules=storefront.rules)
    balance = await loyalty.balance(connection, user_id=user_id, now=now)
    most = max_points(
        after_discounts=plain.subtotal - plain.discount, available=balance.available, rules=storefront.rules
    )
    check_points(body.loyalty_points, most)
    days = await inventory.list_availability(
        connection, resource_id=departure.resource_id, first=body.travel_date, last=body.travel_date, now=now
    )
    return Quote(
        trip_id=departure.trip_id,
        title=departure.title,
        travel_date=body.travel_date,
        end_date=rules.end_date(body.travel_date, departure.duration_days),
        people_count=body.people_count,
        available=days[0].available if days else 0,
        currency=storefront.currency,
        price=price_of(departure, body, points=body.loyalty_points, rules=storefront.rules),
        max_loyalty_points=most,
    )


async def hold(
    tx: Connection,
    *,
    storefront: Storefront,
    user_id: UUID,
    body: BookingIn,
    language: str,
    now: datetime,
    origin: Origin,
) -> RawJson:
    """Hold places for `hold_seconds`: the booking is RESERVED and its stock claimed, or nothing happens.

    Two statements and no network. Raises TripNotBookable, SoldOut, TooManyHolds, NotEnoughPoints, QuoteChanged,
    InvalidInput by field.
    """
    departure = await read_departure(tx, storefront=storefront, user_id=user_id, body=body, now=now)
    price = price_of(departure, body, points=body.loyalty_points, rules=storefront.rules)
    if body.expected_total is not None and body.expected_total != price.total:
        raise QuoteChanged(details={"total": f"{price.total:.2f}"})
    booking_id = new_id()
    until = now + timedelta(seconds=storefront.rules.hold_seconds)
    if body.loyalty_points:
        await _reserve_points(tx, storefront, user_id, booking_id, body.loyalty_points, price, until, now)
    booking = _row(storefront, departure, body, booking_id=booking_id, user_id=user_id, language=language)
    claim = Claim(resource_id=departure.resource_id, day=body.travel_date, quantity=body.people_count)
    return await queries.hold(
        tx,
        booking=booking | {"reserved_until": until},
        price=price,
        claims=[claim],
        max_holds=storefront.rules.max_open_holds,
        now=now,
        origin=origin,
    )


async def _reserve_points(
    tx: Connection, storefront: Storefront, user_id: UUID, booking_id: UUID, points: int, price: Price, until: datetime,
    now: datetime,
) -> None:  # fmt: skip
    most = max_points(after_discounts=price.subtotal - price.discount, available=points, rules=storefront.rules)
    check_points(points, most)
    await loyalty.reserve(tx, user_id=user_id, purchase_id=booking_id, points=points, expires_at=until, now=now)


async def read_departure(
    connection: Connection, *, storefront: Storefront, user_id: UUID, body: QuoteIn, now: datetime
) -> Departure:
    """The trip behind a request, with the request checked against it."""
    if body.booking_type is not BookingType.PACKAGE:
        raise BookingTypeNotOffered(details={"booking_type": body.booking_type.value})
    departure = await queries.get_departure(connection, trip_id=body.trip_id, user_id=user_id, now=now)
    check_terms(departure, body, storefront=storefront, now=now)
    return departure


def check_terms(departure: Departure, body: Terms, *, storefront: Storefront, now: datetime) -> None:
    """Date window and group size. Raises InvalidInput naming the field."""
    first, last = rules.date_window(local_date(now, storefront.time_zone), storefront.rules)
    if not first <= body.travel_date <= last:
        raise InvalidInput.at("travel_date", f"must lie between {first} and {last}")
    if not departure.min_people <= body.people_count <= departure.max_people:
        raise InvalidInput.at("people_count", f"must be {departure.min_people} to {departure.max_people} for this trip")


def check_points(asked: int, most: int) -> None:
    """Whole blocks, within the cap. Raises InvalidInput."""
    if asked > most or asked % 100:
        raise InvalidInput.at("loyalty_points", f"must be a multiple of 100, at most {most} here")


def price_of(departure: Departure, body: Terms, *, points: int, rules: SalesRules) -> Price:
    """The price of these terms on that departure."""
    return price_package(
        title=departure.title,
        unit_price=departure.price_per_person,
        people=body.people_count,
        extras=[_extra(departure, choice, body.people_count) for choice in _distinct(body.options)],
        non_refundable_each=departure.non_refundable_fee,
        is_student=departure.is_student,
        points=points,
        rules=rules,
    )


def _distinct(options: list[OptionChoice]) -> list[OptionChoice]:
    if len({choice.key for choice in options}) != len(options):
        raise InvalidInput.at("options", "names the same option twice")
    return options


def _extra(departure: Departure, choice: OptionChoice, people: int) -> Extra:
    offered = next((option for option in departure.options if option["key"] == choice.key), None)
    if offered is None:
        names = ", ".join(option["key"] for option in departure.options) or "none"
        raise InvalidInput.at("options", f"{choice.key!r} is not offered with this trip (there are: {names})")
    usual = people if offered["per"] == PER_PERSON else 1
    title: dict[str, str] = offered["title"]
    return Extra(description=title["en"], quantity=choice.quantity or usual, unit_price=Decimal(offered["price_usd"]))


def _row(
    storefront: Storefront, departure: Departure, body: BookingIn, *, booking_id: UUID, user_id: UUID, language: str
) -> dict[str, Any]:
    return {
        "id": booking_id,
        # A reference already taken is passed over by the statement; three in a row never are.
        "references": [new_reference(storefront.booking_prefix) for _ in range(3)],
        "user_id": user_id,
        "booking_type": body.booking_type,
        "trip_id": departure.trip_id,
        "title": departure.title,
        "snapshot": {
            "slug": departure.slug,
            "price_per_person_usd": f"{departure.price_per_person:.2f}",
            "non_refundable_fee_usd": f"{departure.non_refundable_fee:.2f}",
            "duration_days": departure.duration_days,
            "meeting_point": departure.meeting_point,
            "options": [choice.model_dump(mode="json") for choice in body.options],
        },
        "travel_date": body.travel_date,
        "end_date": rules.end_date(body.travel_date, departure.duration_days),
        "time_zone": storefront.time_zone,
        "people_count": body.people_count,
        "pickup_location": body.pickup_location,
        "special_requests": body.special_requests,
        "customizations": body.customizations,
        "travelers": [traveler.model_dump(mode="json") for traveler in body.travelers],
        "currency": storefront.currency,
        "cancellation_policy": departure.policy,
        "language": language,
    }


async def extend_hold(
    tx: Connection, *, storefront: Storefront, user_id: UUID, booking_id: UUID, now: datetime
) -> datetime:
    """Lengthen a hold once, to `hold_seconds_extended` in all, before it ends. Returns the new deadline.

    Raises BookingNotFound, HoldNotOpen, AlreadyExtended.
    """
    booking = await queries.lock_visible(tx, booking_id=booking_id, user_id=user_id)
    if not rules.is_live_hold(booking.status, booking.reserved_until, now):
        raise HoldNotOpen(details={"status": booking.status.value})
    if booking.is_extended:
        raise AlreadyExtended
    until = booking.created_at + timedelta(seconds=storefront.rules.hold_seconds_extended)
    await queries.extend(tx, booking_id=booking_id, until=until, now=now)
    if booking.loyalty_points_used:
        await loyalty.extend(tx, purchase_id=booking_id, expires_at=until)
    return until


async def list_availability(
    connection: Connection, *, trip_id: UUID, first: date, last: date, now: datetime
) -> list[Any]:
    """Places left on each day of a trip. Raises TripNotBookable."""
    resource_id = await inventory.find_departure(connection, trip_id=trip_id)
    if resource_id is None:
        raise TripNotBookable
    return await inventory.list_availability(connection, resource_id=resource_id, first=first, last=last, now=now)
