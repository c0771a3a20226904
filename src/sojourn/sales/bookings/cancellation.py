"""Cancelling: first shown, then done. What the preview shows is what comes back."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.catalog.policies import RefundTier
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection, mirror_after_commit
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.money import ZERO
from sojourn.platform.redis.keys import booking_hold
from sojourn.platform.redis.port import Drop
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales import events
from sojourn.sales.bookings import changes_queries, queries, rules
from sojourn.sales.bookings.errors import NotCancellable, QuoteChanged
from sojourn.sales.bookings.models import Booking, BookingStatus, CancelIn, CancellationPreview
from sojourn.sales.effects import BOOKING_CANCELLED, CANCEL_INTENT, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.loyalty.rules import points_to_give_back, points_to_take_back
from sojourn.sales.payments import queries as payments
from sojourn.sales.payments import refunds
from sojourn.sales.payments.models import RefundCause
from sojourn.sales.referrals import service as referrals

BY_CUSTOMER = "CANCELLED_BY_CUSTOMER"
BY_AGENCY = "CANCELLED_BY_AGENCY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Who cancels: the owner by the policy, the agency always at 100 %."""

    user_id: UUID
    is_agency: bool


async def preview(
    connection: Connection, booking: Booking, *, storefront: Storefront, now: datetime, by_agency: bool
) -> CancellationPreview:
    """What cancelling `booking` at `now` would do. Raises NotCancellable."""
    return _outcome(await _settled(connection, booking), storefront, now, by_agency=by_agency)


async def _settled(connection: Connection, booking: Booking) -> Booking:
    """The booking with every refund that was asked for as if it had arrived: what is on its way cannot come back
    twice."""
    if booking.paid_usd == ZERO:
        return booking
    return replace(booking, refunded_usd=await changes_queries.get_coming_back(connection, booking_id=booking.id))


def _outcome(booking: Booking, storefront: Storefront, now: datetime, *, by_agency: bool) -> CancellationPreview:
    _check_cancellable(booking, now)
    terms = _terms(booking, storefront, now, by_agency=by_agency)
    refund = rules.refund_amount(
        terms=terms, captured=booking.paid_usd, non_refundable=booking.non_refundable_usd,
        already_refunded=booking.refunded_usd,
    )  # fmt: skip
    total = booking.refunded_usd + refund
    is_paid = booking.paid_usd > ZERO
    fraction = rules.share(total, booking.paid_usd)
    return CancellationPreview(
        booking_id=booking.id,
        tier=terms.tier,
        refund_percent=terms.percent,
        hours_before_start=terms.hours_left,
        refund_amount=refund,
        non_refundable_amount=booking.non_refundable_usd,
        currency=booking.currency,
        points_returned=points_to_give_back(spent=booking.loyalty_points_used, fraction=fraction),
        points_taken_back=(
            points_to_take_back(earned=booking.loyalty_points_earned, refunded=total, captured=booking.paid_usd)
            if is_paid
            else 0
        ),
        quote_id=rules.quote_id(booking_id=booking.id, version=booking.version, tier=terms.tier, refund=refund),
        valid_until=terms.valid_until,
    )


def _check_cancellable(booking: Booking, now: datetime) -> None:
    is_open_hold = rules.is_live_hold(booking.status, booking.reserved_until, now)
    if booking.status is not BookingStatus.CONFIRMED and not is_open_hold:
        raise NotCancellable(details={"status": rules.status_on_wire(booking.status, booking.reserved_until, now)})


def _terms(booking: Booking, storefront: Storefront, now: datetime, *, by_agency: bool) -> rules.Cancellation:
    if booking.status is BookingStatus.RESERVED:
        return rules.Cancellation(
            tier=rules.UNPAID, percent=0, fixed_fee=ZERO, valid_until=booking.reserved_until,
            hours_left=rules.hours_before(booking.travel_date, booking.time_zone, now),
        )  # fmt: skip
    return rules.cancellation(
        tiers=[RefundTier.model_validate(tier) for tier in booking.cancellation_policy["tiers"]],
        travel_date=booking.travel_date,
        zone=booking.time_zone,
        paid_at=booking.confirmed_at or booking.created_at,
        now=now,
        rules=storefront.rules,
        by_agency=by_agency,
        at_most=booking.refund_at_most,
    )


async def cancel(
    tx: Connection, *, storefront: Storefront, booking_id: UUID, canceller: Canceller, body: CancelIn, now: datetime,
    origin: Origin,
) -> CancellationPreview:  # fmt: skip
    """Cancel: stock free, intents closed, refund asked for, points moved, mail queued; all or nothing.

    Raises BookingNotFound, NotCancellable, QuoteChanged (with what holds now).
    """
    visible_to = None if canceller.is_agency else canceller.user_id
    booking = await _settled(tx, await queries.lock_visible(tx, booking_id=booking_id, user_id=visible_to))
    outcome = _outcome(booking, storefront, now, by_agency=canceller.is_agency)
    if body.quote_id is not None and body.quote_id != outcome.quote_id:
        raise QuoteChanged(details={"quote_id": outcome.quote_id, "refund_amount": f"{outcome.refund_amount:.2f}"})
    purchase_ids = [booking_id, *await changes_queries.list_ids(tx, booking_id=booking_id)]
    await queries.cancel(
        tx, booking_id=booking_id, reason=body.reason or (BY_AGENCY if canceller.is_agency else BY_CUSTOMER), now=now
    )
    closed = await payments.close_open_payments(tx, purchase_ids=purchase_ids, code="purchase_cancelled", now=now)
    await changes_queries.cancel_pending(tx, booking_id=booking_id, now=now)
    await referrals.note_cancelled(tx, purchase_id=booking_id, now=now)
    await _give_back(tx, booking, purchase_ids, outcome.refund_amount, canceller, storefront.rules, now, origin)
    act = Act(
        action="booking.cancelled", subject_kind="BOOKING", subject_id=booking_id, actor_id=canceller.user_id,
        amount=outcome.refund_amount, currency=booking.currency, reference=booking.booking_ref,
        detail={"tier": outcome.tier, "percent": outcome.refund_percent, "by_agency": canceller.is_agency},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    if booking.status is BookingStatus.RESERVED:
        mirror_after_commit(Drop(booking_hold(booking_id)))
    await enqueue(
        tx,
        effect(BOOKING_CANCELLED, booking_id=booking_id),
        *(effect(CANCEL_INTENT, payment_id=payment_id) for payment_id in closed),
        events.booking_event(
            events.BOOKING_CANCELLED, user_id=booking.user_id, booking_id=booking_id, reference=booking.booking_ref,
            status=BookingStatus.CANCELLED, reason=BY_AGENCY if canceller.is_agency else BY_CUSTOMER, at=now,
        ),
    )  # fmt: skip
    return outcome


async def _give_back(
    tx: Connection, booking: Booking, purchase_ids: list[UUID], refund: Decimal, canceller: Canceller,
    sales: SalesRules, now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Points and money, in the proportion in which they paid. What is kept was earned: nothing else would free it."""
    if booking.status is BookingStatus.RESERVED:
        if booking.loyalty_points_used:
            await loyalty.release(tx, purchase_id=booking.id)
        return
    paid = await payments.lock_applied_payments(tx, purchase_ids=purchase_ids)
    if refund > ZERO:
        await refunds.request_over(
            tx, payments=paid, amount=refund, cause=RefundCause.CANCELLATION, requested_by=canceller.user_id, now=now,
            origin=origin,
        )  # fmt: skip
    total = booking.refunded_usd + refund
    if booking.loyalty_points_used:
        share = rules.share(total, booking.paid_usd)
        await loyalty.give_back(tx, purchase_id=booking.id, fraction=share, now=now, rules=sales)
    for purchase_id in purchase_ids:
        await loyalty.take_back(tx, purchase_id=purchase_id, refunded=total, captured=booking.paid_usd, now=now)
        await loyalty.mature(tx, purchase_id=purchase_id, now=now, rules=sales)
