"""Changing a booking: its date, its party, its extras. Stock moves atomically, or the booking stays as it was.

An open hold is simply priced and claimed anew. A paid booking that becomes cheaper changes at once and the difference
comes back by the policy. One that becomes dearer waits, with claims of its own, until the difference is paid.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.catalog.policies import RefundTier
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.money import ZERO, percent_of
from sojourn.platform.storefront import Storefront
from sojourn.sales import events
from sojourn.sales.bookings import changes_queries, facts_queries, queries, rides, rules
from sojourn.sales.bookings.changes_queries import NewTerms
from sojourn.sales.bookings.errors import ChangePending, NotModifiable
from sojourn.sales.bookings.facts import Facts
from sojourn.sales.bookings.models import (
    Booking,
    BookingStatus,
    BookingType,
    ChangeIn,
    OptionChoice,
    Terms,
)
from sojourn.sales.bookings.offers import Offer, make_offer
from sojourn.sales.bookings.service import check_points, check_travelers
from sojourn.sales.bookings.stock import claims_of_booking, claims_of_terms, find_resources, resources_of
from sojourn.sales.effects import BOOKING_MODIFIED, CANCEL_INTENT, effect
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.inventory.models import ResourceKind
from sojourn.sales.payments import queries as payments
from sojourn.sales.payments import refunds
from sojourn.sales.payments.models import RefundCause
from sojourn.sales.pricing.rules import max_points
from sojourn.sales.purchases import PurchaseKind

MAY_BE_EMPTY = frozenset({"transfer", "distance_km", "special_requests"})


async def modify(
    tx: Connection, *, storefront: Storefront, user_id: UUID, booking_id: UUID, body: ChangeIn, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Change a booking, or open a change that waits for its payment.

    Raises BookingNotFound, NotModifiable, ChangePending, SoldOut, InvalidInput by field.
    """
    booking = await queries.lock_visible(tx, booking_id=booking_id, user_id=user_id)
    is_hold = rules.is_live_hold(booking.status, booking.reserved_until, now)
    has_started = booking.travel_date <= local_date(now, booking.time_zone)
    if has_started or not (is_hold or booking.status is BookingStatus.CONFIRMED):
        raise NotModifiable(details={"status": rules.status_on_wire(booking.status, booking.reserved_until, now)})
    pending = await changes_queries.lock_pending(tx, booking_id=booking_id)
    if pending is not None:
        if pending.expires_at > now:
            raise ChangePending(details={"change_id": str(pending.id)})
        await changes_queries.cancel_pending(tx, booking_id=booking_id, now=now)
    facts = await _facts(tx, booking, body, now)
    terms = _new_terms(booking, facts, body, storefront=storefront, now=now)
    if is_hold:
        await _change_hold(tx, booking, facts, terms, now)
    elif terms.price.total > booking.total_usd:
        await _open_change(tx, booking, facts, terms, storefront, now)
        return
    else:
        await _change_paid(tx, booking, facts, terms, storefront, now, origin)
    await note_modified(tx, booking, terms, now=now, origin=origin)


async def _facts(tx: Connection, booking: Booking, body: ChangeIn, now: datetime) -> Facts:
    """What was booked, at the prices it was bought for; another ride at today's. What is retired can no longer be
    moved."""
    asked = facts_queries.Asked(
        user_id=booking.user_id, trip_id=booking.trip_id, hotel_room_id=booking.hotel_room_id,
        vehicle_id=booking.vehicle_id, guide_id=booking.guide_id, takes_included=False, now=now,
    )  # fmt: skip
    current = await facts_queries.get_facts(tx, asked)
    bought = booking.snapshot
    rates = {name: Decimal(rate) for name, rate in bought["rates"].items()}
    departure, room, vehicle, guide = current.departure, current.room, current.vehicle, current.guide
    if departure is not None:
        departure = replace(
            departure, price_per_person=Decimal(bought["price_per_person_usd"]),
            non_refundable_fee=Decimal(bought["non_refundable_fee_usd"]), duration_days=bought["duration_days"],
        )  # fmt: skip
    if room is not None:
        room = replace(room, rate=rates["room"])
    if vehicle is not None:
        ride = rides.booked_ride(bought)
        if rides.asked_ride(bought, body).is_counted_as(ride):
            vehicle = rides.at_price(vehicle, rates["vehicle"], ride.transfer)
    if guide is not None:
        guide = replace(guide, rate=rates["guide"])
    return Facts(
        departure=departure, room=room, vehicle=vehicle, guide=guide, is_student=booking.student_discount_applied
    )


def _asked(booking: Booking, facts: Facts, body: ChangeIn) -> Terms:
    """The booking's terms with what is to change. A stay or hire that moves keeps its length unless that is said;
    rooms within a trip's price follow the party."""
    if body.rooms is not None and booking.hotel_room_id is None:
        raise InvalidInput.at("rooms", "needs a booking with a room")
    rooms = None if facts.room is not None and facts.room.is_included else booking.rooms
    travel_date = body.travel_date or booking.travel_date
    length = booking.end_date - booking.travel_date
    for field in ("transfer", "distance_km"):
        if getattr(body, field) is not None and booking.booking_type is not BookingType.TRANSPORT_ONLY:
            raise InvalidInput.at(field, "belongs to TRANSPORT_ONLY")
    ride = rides.asked_ride(booking.snapshot, body)
    is_length_given = booking.booking_type is BookingType.PACKAGE or ride.is_one_day
    chosen = [OptionChoice.model_validate(option) for option in booking.snapshot["options"]]
    return Terms(
        travel_date=travel_date,
        end_date=body.end_date or (None if is_length_given else travel_date + length),
        people_count=body.people_count or booking.people_count,
        rooms=body.rooms or rooms,
        options=chosen if body.options is None else body.options,
        transfer=ride.transfer,
        distance_km=ride.distance_km,
    )


def _new_terms(booking: Booking, facts: Facts, body: ChangeIn, *, storefront: Storefront, now: datetime) -> NewTerms:
    offer = make_offer(facts, _asked(booking, facts, body), storefront=storefront, now=now)
    asked = offer.terms
    price = offer.price(points=booking.loyalty_points_used, rules=storefront.rules)
    spent = booking.loyalty_points_used
    if spent:
        most = max_points(after_discounts=price.subtotal - price.discount, available=spent, rules=storefront.rules)
        check_points(spent, most, storefront.rules)
    check_travelers(body.travelers or [], people=asked.people_count, today=local_date(now, storefront.time_zone))
    is_new_request = "special_requests" in body.model_fields_set
    return NewTerms(
        travel_date=asked.travel_date,
        end_date=offer.end_date,
        people_count=asked.people_count,
        pickup_location=body.pickup_location or booking.pickup_location,
        special_requests=body.special_requests if is_new_request else booking.special_requests,
        customizations=booking.customizations,
        options=[choice.model_dump(mode="json") for choice in asked.options],
        travelers=None if body.travelers is None else [t.model_dump(mode="json") for t in body.travelers],
        price=price,
        rooms=offer.rooms,
        ride=_ride_sold(booking, offer),
        refund_at_most=_refund_at_most(booking, asked.travel_date, storefront=storefront, now=now),
    )


def _refund_at_most(booking: Booking, travel_date: date, *, storefront: Storefront, now: datetime) -> int:
    """A paid booking that is put off brings no more back than before: else nobody would ever cancel late."""
    if booking.status is not BookingStatus.CONFIRMED or travel_date == booking.travel_date:
        return booking.refund_at_most
    return _policy(booking, storefront=storefront, now=now).percent


def _policy(booking: Booking, *, storefront: Storefront, now: datetime) -> rules.Cancellation:
    return rules.cancellation(
        tiers=[RefundTier.model_validate(tier) for tier in booking.cancellation_policy["tiers"]],
        travel_date=booking.travel_date, zone=booking.time_zone, paid_at=booking.confirmed_at or booking.created_at,
        now=now, rules=storefront.rules, by_agency=False, at_most=booking.refund_at_most,
    )  # fmt: skip


def _ride_sold(booking: Booking, offer: Offer) -> dict[str, Any]:
    """What the booking keeps of how its vehicle is counted: the next change goes by it."""
    if booking.booking_type is not BookingType.TRANSPORT_ONLY:
        return {}
    ride = rides.Ride(transfer=offer.terms.transfer, distance_km=offer.terms.distance_km)
    return {**ride.as_json(), "rates": offer.rates}


async def _change_hold(tx: Connection, booking: Booking, facts: Facts, terms: NewTerms, now: datetime) -> None:
    await _rewrite(tx, booking, terms, paid=ZERO, points=0, now=now)
    closed = await payments.close_open_payments(tx, purchase_ids=[booking.id], code="superseded", now=now)
    await enqueue(tx, *(effect(CANCEL_INTENT, payment_id=payment_id) for payment_id in closed))
    await inventory.take(
        tx, kind=PurchaseKind.BOOKING, purchase_id=booking.id,
        claims=claims_of_terms(resources_of(facts), terms), expires_at=booking.reserved_until, now=now,
    )  # fmt: skip


async def _change_paid(
    tx: Connection, booking: Booking, facts: Facts, terms: NewTerms, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Same price or less: at once. The difference comes back in the percentage the policy gives now, but for permits
    that are spent."""
    each = Decimal(booking.snapshot.get("non_refundable_fee_usd", ZERO))
    in_price = min(each * booking.people_count, booking.non_refundable_usd)
    saved = booking.total_usd - terms.price.total - max(in_price - terms.price.non_refundable, ZERO)
    if saved > ZERO:
        await _refund_difference(tx, booking, saved, storefront, now, origin)
    await _rewrite(tx, booking, terms, paid=ZERO, points=0, now=now)
    claims = claims_of_terms(resources_of(facts), terms)
    if claims != claims_of_booking(resources_of(facts), booking):
        await inventory.take(
            tx, kind=PurchaseKind.BOOKING, purchase_id=booking.id, claims=claims, expires_at=None, now=now
        )


async def _refund_difference(
    tx: Connection, booking: Booking, saved: Decimal, storefront: Storefront, now: datetime, origin: Origin
) -> None:
    refund = percent_of(saved, _policy(booking, storefront=storefront, now=now).percent)
    if refund == ZERO:
        return
    purchase_ids = [booking.id, *await changes_queries.list_ids(tx, booking_id=booking.id)]
    paid = await payments.lock_applied_payments(tx, purchase_ids=purchase_ids)
    await refunds.request_over(
        tx, payments=paid, amount=refund, cause=RefundCause.MODIFICATION, requested_by=booking.user_id, now=now,
        origin=origin,
    )  # fmt: skip


async def _open_change(
    tx: Connection, booking: Booking, facts: Facts, terms: NewTerms, storefront: Storefront, now: datetime
) -> None:
    """Claim only what the booking does not have yet, and wait for the difference."""
    change_id = new_id()
    until = now + timedelta(seconds=storefront.rules.hold_seconds)
    await changes_queries.insert_change(
        tx, change_id=change_id, booking_id=booking.id, terms=terms,
        amount_due=terms.price.total - booking.total_usd, version=booking.version, expires_at=until, now=now,
    )  # fmt: skip
    await claim_increment(
        tx, booking=booking, change_id=change_id, resources=resources_of(facts), terms=terms, expires_at=until, now=now
    )


async def claim_increment(
    tx: Connection, *, booking: Booking, change_id: UUID, resources: Mapping[ResourceKind, UUID], terms: NewTerms,
    expires_at: datetime | None, now: datetime,
) -> None:  # fmt: skip
    """Claim for a change what goes beyond the booking's own claims. Raises SoldOut."""
    had = {(claim.resource_id, claim.day): claim.quantity for claim in claims_of_booking(resources, booking)}
    wanted = claims_of_terms(resources, terms)
    more = [replace(claim, quantity=claim.quantity - had.get((claim.resource_id, claim.day), 0)) for claim in wanted]
    claims = [claim for claim in more if claim.quantity > 0]
    if claims:
        await inventory.take(
            tx, kind=PurchaseKind.BOOKING_CHANGE, purchase_id=change_id, claims=claims, expires_at=expires_at, now=now
        )


async def _rewrite(
    tx: Connection, booking: Booking, terms: NewTerms, *, paid: Decimal, points: int, now: datetime
) -> None:
    await changes_queries.rewrite_booking(
        tx, booking_id=booking.id, terms=terms, paid=paid, points_earned=points, now=now
    )


async def apply_change(
    tx: Connection, *, booking: Booking, change_id: UUID, terms: NewTerms, paid: Decimal, points: int, now: datetime
) -> None:
    """The difference is paid: the change's claims become the booking's, and its terms too. Raises SoldOut."""
    resources = await find_resources(tx, booking)
    if resources is None:
        raise SoldOut
    await inventory.release(tx, purchase_id=change_id, now=now)
    claims = claims_of_terms(resources, terms)
    await inventory.take(tx, kind=PurchaseKind.BOOKING, purchase_id=booking.id, claims=claims, expires_at=None, now=now)
    await _rewrite(tx, booking, terms, paid=paid, points=points, now=now)
    await changes_queries.mark_applied(tx, change_id=change_id, now=now)


async def note_modified(tx: Connection, booking: Booking, terms: NewTerms, *, now: datetime, origin: Origin) -> None:
    """Trail and mail. `before` travels with the job, because the row no longer knows it."""
    before = _summary(booking.travel_date, booking.end_date, booking.people_count, booking.total_usd)
    after = _summary(terms.travel_date, terms.end_date, terms.people_count, terms.price.total)
    act = Act(
        action="booking.modified", subject_kind="BOOKING", subject_id=booking.id, actor_id=booking.user_id,
        amount=terms.price.total - booking.total_usd, currency=booking.currency, reference=booking.booking_ref,
        detail={"before": before, "after": after},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    if booking.status is BookingStatus.CONFIRMED:
        await enqueue(
            tx,
            modified_mail(booking, before, after),
            events.booking_event(
                events.BOOKING_MODIFIED, user_id=booking.user_id, booking_id=booking.id,
                reference=booking.booking_ref, status=booking.status, at=now,
            ),
        )  # fmt: skip


def modified_mail(booking: Booking, before: dict[str, Any], after: dict[str, Any]) -> NewJob:
    return NewJob(
        kind=BOOKING_MODIFIED,
        payload={"booking_id": booking.id, "version": booking.version + 1, "before": before, "after": after},
    )


def _summary(travel_date: date, end_date: date, people: int, total: Decimal) -> dict[str, Any]:
    return {
        "travel_date": travel_date.isoformat(), "end_date": end_date.isoformat(), "people_count": people,
        "total": f"{total:.2f}",
    }  # fmt: skip


def check_something_changes(body: ChangeIn) -> None:
    """An empty change is a mistake of the caller's, and null empties only what may be empty. Raises InvalidInput."""
    if not any(name in MAY_BE_EMPTY or getattr(body, name) is not None for name in body.model_fields_set):
        raise InvalidInput.at("travel_date", "name at least one thing to change")
