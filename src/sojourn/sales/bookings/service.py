"""Quoting and holding."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection, mirror_after_commit
from sojourn.platform.errors import InvalidInput, Refusal, granted
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.ids import new_id, new_reference
from sojourn.platform.redis.keys import booking_hold
from sojourn.platform.redis.port import Put
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales.bookings import facts_queries, queries, rules
from sojourn.sales.bookings.errors import AlreadyExtended, HoldNotOpen, QuoteChanged, TripNotBookable
from sojourn.sales.bookings.models import BookingIn, BookingType, Quote, QuoteIn, Traveler
from sojourn.sales.bookings.offers import Offer, check_subjects, make_offer
from sojourn.sales.bookings.queries import Hold
from sojourn.sales.bookings.stock import has_its_stock
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.models import DayAvailability
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.pricing.rules import max_points

HELD = "1"  # what DerLg's document has a hold's key say


async def quote(
    connection: Connection, *, storefront: Storefront, user_id: UUID, body: QuoteIn, now: datetime
) -> Quote:
    """A price and what is left, now; nothing is held. Raises as `read_offer` does."""
    offer = await read_offer(connection, storefront=storefront, user_id=user_id, body=body, now=now)
    plain = offer.price(points=0, rules=storefront.rules)
    balance = await loyalty.balance(
        connection, user_id=user_id, now=now, zone=storefront.time_zone, rules=storefront.rules
    )
    most = max_points(
        after_discounts=plain.subtotal - plain.discount, available=balance.available, rules=storefront.rules
    )
    check_points(body.loyalty_points, most, storefront.rules)
    days = [claim.day for claim in offer.claims() if claim.resource_id == offer.facts.main.resource_id]
    left = await inventory.list_availability(
        connection, resource_id=offer.facts.main.resource_id, first=days[0], last=days[-1], now=now
    )
    return Quote(
        booking_type=body.booking_type,
        trip_id=body.trip_id,
        **offer.facts.stock_ids,
        title=offer.facts.main.title,
        travel_date=body.travel_date,
        end_date=offer.end_date,
        people_count=body.people_count,
        rooms=offer.rooms,
        available=min((day.available for day in left), default=0),
        currency=storefront.currency,
        price=offer.price(points=body.loyalty_points, rules=storefront.rules),
        max_loyalty_points=most,
    )


async def hold(ctx: Context, *, user_id: UUID, body: BookingIn, language: str) -> RawJson:
    """Hold stock for `hold_seconds`: the booking is RESERVED and all its stock claimed, or nothing happens.

    Two statements and no network (three where a trip takes room, vehicle or guide along), in common with other holds
    of the same moment. Raises as `read_offer`, and SoldOut, TooManyHolds, NotEnoughPoints, QuoteChanged.
    """
    if body.loyalty_points:
        async with ctx.unit_of_work() as tx:
            return await hold_within(
                tx, storefront=ctx.storefront, user_id=user_id, body=body, language=language, now=ctx.now(),
                origin=ctx.origin,
            )  # fmt: skip
    now = ctx.now()
    check_subjects(body, ctx.storefront)
    facts = granted(await ctx.gathering.share(facts_queries.list_facts, _asked(body, user_id, now)))
    offer = make_offer(facts, body, storefront=ctx.storefront, now=now)
    wanted = make_hold(
        offer, body, storefront=ctx.storefront, user_id=user_id, language=language, now=now, origin=ctx.origin
    )
    return granted(await ctx.gathering.share(_hold_all, wanted))


async def hold_within(
    tx: Connection, *, storefront: Storefront, user_id: UUID, body: BookingIn, language: str, now: datetime,
    origin: Origin,
) -> RawJson:  # fmt: skip
    """`hold` in the caller's transaction."""
    offer = await read_offer(tx, storefront=storefront, user_id=user_id, body=body, now=now)
    wanted = make_hold(offer, body, storefront=storefront, user_id=user_id, language=language, now=now, origin=origin)
    if body.loyalty_points:
        await _reserve_points(tx, storefront, wanted, body.loyalty_points)
    (held,) = await _hold_all(tx, [wanted])
    return granted(held)


async def _hold_all(tx: Connection, wanted: Sequence[Hold]) -> list[RawJson | Refusal]:
    outcomes = await queries.hold(tx, holds=wanted)
    for one, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, RawJson):
            seconds = ceil((one.booking["reserved_until"] - one.now).total_seconds())
            mirror_after_commit(Put(booking_hold(one.booking["id"]), HELD, seconds))
    return outcomes


def make_hold(
    offer: Offer, body: BookingIn, *, storefront: Storefront, user_id: UUID, language: str, now: datetime,
    origin: Origin,
) -> Hold:  # fmt: skip
    """What is to be written. Raises QuoteChanged, and InvalidInput by field."""
    price = offer.price(points=body.loyalty_points, rules=storefront.rules)
    if body.expected_total is not None and body.expected_total != price.total:
        raise QuoteChanged(
            "The price is no longer the one you expected. Look at the quote again.",
            details={"total": f"{price.total:.2f}"},
        )
    check_travelers(body.travelers, people=body.people_count, today=local_date(now, storefront.time_zone))
    booking = _row(storefront, offer, body, user_id=user_id, language=body.language or language)
    until = now + timedelta(seconds=storefront.rules.hold_seconds)
    return Hold(
        booking=booking | {"reserved_until": until},
        price=price,
        claims=offer.claims(),
        max_holds=storefront.rules.max_open_holds,
        now=now,
        origin=origin,
    )


async def _reserve_points(tx: Connection, storefront: Storefront, wanted: Hold, points: int) -> None:
    price, booking = wanted.price, wanted.booking
    most = max_points(after_discounts=price.subtotal - price.discount, available=points, rules=storefront.rules)
    check_points(points, most, storefront.rules)
    await loyalty.reserve(
        tx, user_id=booking["user_id"], purchase_id=booking["id"], points=points, expires_at=booking["reserved_until"],
        now=wanted.now,
    )  # fmt: skip


async def read_offer(
    connection: Connection, *, storefront: Storefront, user_id: UUID, body: QuoteIn, now: datetime
) -> Offer:
    """What a request asks for, checked and priced. Raises TripNotBookable, RoomNotBookable, VehicleNotFound,
    GuideNotFound, BookingTypeNotOffered and InvalidInput by field."""
    check_subjects(body, storefront)
    facts = await facts_queries.get_facts(connection, _asked(body, user_id, now))
    return make_offer(facts, body, storefront=storefront, now=now)


def _asked(body: QuoteIn, user_id: UUID, now: datetime) -> facts_queries.Asked:
    return facts_queries.Asked(
        user_id=user_id, trip_id=body.trip_id, hotel_room_id=body.hotel_room_id, vehicle_id=body.vehicle_id,
        guide_id=body.guide_id, takes_included=True, now=now,
    )  # fmt: skip


def check_points(asked: int, most: int, sales: SalesRules) -> None:
    """Whole blocks, within the cap. Raises InvalidInput."""
    if asked > most or asked % sales.points_block:
        raise InvalidInput.at("loyalty_points", f"must be a multiple of {sales.points_block}, at most {most} here")


def check_travelers(travelers: Sequence[Traveler], *, people: int, today: date) -> None:
    """No more names than places, and everybody is born. Raises InvalidInput."""
    if len(travelers) > people:
        raise InvalidInput.at("travelers", f"are more than `people_count`, {people}")
    for position, traveler in enumerate(travelers):
        if traveler.birth_date is not None and traveler.birth_date > today:
            raise InvalidInput.at(f"travelers.{position}.birth_date", "lies in the future")


def _row(storefront: Storefront, offer: Offer, body: BookingIn, *, user_id: UUID, language: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        # A reference already taken is passed over by the statement; three in a row never are.
        "references": [new_reference(storefront.booking_prefix) for _ in range(3)],
        "user_id": user_id,
        "booking_type": body.booking_type,
        "trip_id": body.trip_id,
        **offer.facts.stock_ids,
        "rooms": offer.rooms,
        "title": offer.facts.main.title,
        "snapshot": _snapshot(offer, body),
        "travel_date": body.travel_date,
        "end_date": offer.end_date,
        "time_zone": storefront.time_zone,
        "people_count": body.people_count,
        "pickup_location": _pickup(offer, body),
        "special_requests": body.special_requests,
        "customizations": body.customizations,
        "travelers": [traveler.model_dump(mode="json") for traveler in body.travelers],
        "currency": storefront.currency,
        "cancellation_policy": offer.facts.main.policy,
        "language": language,
    }


def _snapshot(offer: Offer, body: BookingIn) -> dict[str, Any]:
    """What was sold: a change goes by these prices."""
    sold: dict[str, Any] = {
        "rates": offer.rates,
        "transfer": None if body.transfer is None else body.transfer.model_dump(mode="json"),
        "distance_km": body.distance_km,
        "meeting_point": None,
        "options": [choice.model_dump(mode="json") for choice in body.options],
    }
    departure = offer.facts.departure
    if departure is None:
        return sold
    return sold | {
        "slug": departure.slug,
        "price_per_person_usd": f"{departure.price_per_person:.2f}",
        "non_refundable_fee_usd": f"{departure.non_refundable_fee:.2f}",
        "duration_days": departure.duration_days,
        "meeting_point": departure.meeting_point,
    }


def _pickup(offer: Offer, body: BookingIn) -> str:
    """Where the service begins. Raises InvalidInput where only the customer can know."""
    if body.pickup_location is not None:
        return body.pickup_location
    if body.booking_type is not BookingType.HOTEL_ONLY or offer.facts.room is None:
        raise InvalidInput.at("pickup_location", "is needed: where should we meet you?")
    return offer.facts.room.address


async def extend_hold(
    tx: Connection, *, storefront: Storefront, user_id: UUID, booking_id: UUID, now: datetime
) -> datetime:
    """Lengthen a hold once, to `hold_seconds_extended` in all, before it ends. Returns the new deadline.

    Raises BookingNotFound, HoldNotOpen, AlreadyExtended.
    """
    booking = await queries.lock_visible(tx, booking_id=booking_id, user_id=user_id)
    if not (rules.is_live_hold(booking.status, booking.reserved_until, now) and has_its_stock(booking)):
        raise HoldNotOpen(details={"status": rules.status_on_wire(booking.status, booking.reserved_until, now)})
    if booking.is_extended:
        raise AlreadyExtended
    until = booking.created_at + timedelta(seconds=storefront.rules.hold_seconds_extended)
    await queries.extend(tx, booking_id=booking_id, until=until, now=now)
    if booking.loyalty_points_used:
        await loyalty.extend(tx, purchase_id=booking_id, expires_at=until)
    mirror_after_commit(Put(booking_hold(booking_id), HELD, ceil((until - now).total_seconds())))
    return until


async def list_availability(
    connection: Connection, *, trip_id: UUID, first: date, last: date, now: datetime, today: date
) -> list[DayAvailability]:
    """Places left on each day of a trip; none today and before, for nobody could book them. Raises TripNotBookable."""
    resource_id = await inventory.find_departure(connection, trip_id=trip_id)
    if resource_id is None:
        raise TripNotBookable
    left = await inventory.list_availability(connection, resource_id=resource_id, first=first, last=last, now=now)
    return [day if day.day > today else day.model_copy(update={"available": 0}) for day in left]
