"""Bookings as payments see them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection, mirror_after_commit, savepoint
from sojourn.platform.db.together import Bundle, write_together
from sojourn.platform.jobs.queue import Effect
from sojourn.platform.kit.clock import local_date
from sojourn.platform.kit.money import ZERO
from sojourn.platform.redis.keys import booking_hold
from sojourn.platform.redis.port import Drop
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales import events
from sojourn.sales.bookings import cancellation, changes_queries, queries
from sojourn.sales.bookings.models import Booking, BookingStatus
from sojourn.sales.bookings.rules import is_live_hold, share
from sojourn.sales.bookings.stock import claims_of_booking, find_resources, has_its_stock
from sojourn.sales.effects import BOOKING_CONFIRMED, effect
from sojourn.sales.inventory import queries as inventory
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.loyalty import queries as loyalty_queries
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.payments import queries as payments
from sojourn.sales.payments.models import Payment
from sojourn.sales.payments.payable import (
    Captured,
    Confirmation,
    Paid,
    PolicyRefund,
    Purchase,
    PurchaseState,
)
from sojourn.sales.pricing.rules import points_for
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals import service as referrals

STATES = {
    BookingStatus.PENDING: PurchaseState.OPEN,
    BookingStatus.EXPIRED: PurchaseState.LAPSED,
    BookingStatus.CONFIRMED: PurchaseState.PAID,
    BookingStatus.COMPLETED: PurchaseState.PAID,
    BookingStatus.CANCELLED: PurchaseState.CANCELLED,
    BookingStatus.REFUNDED: PurchaseState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPurchase(Purchase):
    """A booking with what confirming it needs, so that nothing is read twice under the lock."""

    booking: Booking


def _booking_of(purchase: Purchase) -> Booking:
    assert isinstance(purchase, BookingPurchase)  # noqa: S101 - made by `as_purchase` below
    return purchase.booking


def state_of(booking: Booking, now: datetime) -> PurchaseState:
    """A hold whose deadline has passed, or whose stock somebody has taken over because it had, is lapsed."""
    if booking.status is BookingStatus.RESERVED:
        is_live = is_live_hold(booking.status, booking.reserved_until, now) and has_its_stock(booking)
        return PurchaseState.OPEN if is_live else PurchaseState.LAPSED
    return STATES[booking.status]


def as_purchase(booking: Booking, now: datetime) -> BookingPurchase:
    return BookingPurchase(
        kind=PurchaseKind.BOOKING,
        id=booking.id,
        user_id=booking.user_id,
        reference=booking.booking_ref,
        title=booking.title,
        state=state_of(booking, now),
        amount_due=booking.total_usd,
        currency=booking.currency,
        expires_at=booking.reserved_until,
        customer_email=booking.email,
        language=booking.language,
        booking=booking,
    )


async def reclaim(tx: Connection, *, booking: Booking, now: datetime) -> bool:
    """Take the stock of a lapsed hold again; False when it is gone. The customer is locked before the stock, as a
    hold does it."""
    resources = await find_resources(tx, booking)
    if resources is None:
        return False
    if booking.loyalty_points_used:
        await loyalty_queries.lock_owner(tx, user_id=booking.user_id)
    claims = claims_of_booking(resources, booking)
    try:
        async with savepoint(tx):
            await inventory.take(
                tx, kind=PurchaseKind.BOOKING, purchase_id=booking.id, claims=claims, expires_at=None, now=now
            )
    except SoldOut:
        return False
    return True


def _confirmation(booking: Booking, *, captured: Captured, storefront: Storefront, now: datetime) -> Confirmation:
    """The booking confirmed, its stock kept, its points earned, its customer told."""
    points = points_for(captured.amount - booking.non_refundable_usd, storefront.rules)
    confirmed = queries.confirmed(
        booking, paid=captured.amount, is_late=captured.is_late, points_earned=points, now=now
    )  # fmt: skip
    earning = loyalty.earning(
        user_id=booking.user_id, purchase_kind=PurchaseKind.BOOKING, purchase_id=booking.id, booking_id=booking.id,
        points=points, now=now,
    )  # fmt: skip
    effects = (
        effect(BOOKING_CONFIRMED, booking_id=booking.id, payment_id=captured.payment_id),
        events.booking_event(
            events.BOOKING_CONFIRMED, user_id=booking.user_id, booking_id=booking.id, reference=booking.booking_ref,
            status=BookingStatus.CONFIRMED, at=now,
        ),
    )  # fmt: skip
    return Confirmation(
        writes=(confirmed, *earning), effects=effects, sure={"confirmed": 1}, mirrored=(Drop(booking_hold(booking.id)),)
    )


class BookingPayable:
    """`PlainPayable` for bookings."""

    async def find(self, connection: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        booking = await queries.find_booking(connection, booking_id=purchase_id)
        return as_purchase(booking, now) if booking else None

    async def lock(self, tx: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        booking = await queries.lock_booking(tx, booking_id=purchase_id)
        return as_purchase(booking, now) if booking else None

    async def revive(self, tx: Connection, *, purchase: Purchase, now: datetime) -> bool:
        booking = _booking_of(purchase)
        has_started = booking.travel_date <= local_date(now, booking.time_zone)
        return not has_started and await reclaim(tx, booking=booking, now=now)

    async def confirm(
        self, tx: Connection, *, purchase: Purchase, captured: Captured, storefront: Storefront, now: datetime
    ) -> Sequence[Effect]:
        booking = _booking_of(purchase)
        confirmation = _confirmation(booking, captured=captured, storefront=storefront, now=now)
        await referrals.note_paid(
            tx, friend_id=booking.user_id, referrer_id=booking.referred_by, kind=PurchaseKind.BOOKING,
            purchase_id=booking.id, amount=purchase.amount_due, currency=purchase.currency, storefront=storefront,
            now=now,
        )  # fmt: skip
        if booking.loyalty_points_used:
            await loyalty.consume(tx, user_id=booking.user_id, purchase_id=booking.id, booking_id=booking.id, now=now)
        await write_together(tx, Bundle(confirmation.writes, confirmation.sure))
        mirror_after_commit(*confirmation.mirrored)
        return confirmation.effects

    async def find_with_payments(
        self, connection: Connection, *, paid: Sequence[Paid], now: datetime
    ) -> dict[Paid, tuple[Purchase, Payment]]:
        found = await queries.find_with_payments(connection, paid=paid)
        return {one: (as_purchase(booking, now), payment) for one, (booking, payment) in found.items()}

    def confirm_plainly(
        self, *, purchase: Purchase, captured: Captured, storefront: Storefront, now: datetime
    ) -> Confirmation | None:
        """Where no points are spent and nobody has sent the customer."""
        booking = _booking_of(purchase)
        if booking.loyalty_points_used or booking.referred_by is not None:
            return None
        confirmation = _confirmation(booking, captured=captured, storefront=storefront, now=now)
        return replace(confirmation, sure={**confirmation.sure, "claimed": booking.claims_held})

    async def note_refunds(
        self, tx: Connection, *, purchase_id: UUID, captured: Decimal, refunded: Decimal, rules: SalesRules,
        now: datetime,
    ) -> None:  # fmt: skip
        await note_refunds(tx, booking_id=purchase_id, rules=rules, now=now)

    async def find_policy_refund(
        self, connection: Connection, *, purchase_id: UUID, storefront: Storefront, now: datetime
    ) -> PolicyRefund | None:
        """By the tiers that the customer bought."""
        booking = await queries.find_booking(connection, booking_id=purchase_id)
        if booking is None or booking.status is not BookingStatus.CONFIRMED:
            return None
        shown = await cancellation.preview(connection, booking, storefront=storefront, now=now, by_agency=False)
        return PolicyRefund(tier=shown.tier, percent=shown.refund_percent, amount=shown.refund_amount)


async def note_refunds(tx: Connection, *, booking_id: UUID, rules: SalesRules, now: datetime) -> None:
    """Add up the refunds of all the booking's payments and let the points follow.

    What a cancellation has settled stays settled, whatever becomes of its refund: the money is owed all the same.
    """
    purchase_ids = [booking_id, *await changes_queries.list_ids(tx, booking_id=booking_id)]
    applied = await payments.lock_applied_payments(tx, purchase_ids=purchase_ids)
    captured = sum((payment.priced(payment.captured_amount) for payment in applied), ZERO)
    refunded = sum((payment.priced(payment.refunded_amount) for payment in applied), ZERO)
    status = await queries.note_refunds(tx, booking_id=booking_id, refunded=refunded, now=now)
    await loyalty.give_back(tx, purchase_id=booking_id, fraction=share(refunded, captured), now=now, rules=rules)
    for purchase_id in purchase_ids:
        await loyalty.take_back(tx, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now)
        if status in (BookingStatus.CONFIRMED, BookingStatus.COMPLETED):
            await loyalty.restore(
                tx, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now, rules=rules
            )
        if status is BookingStatus.COMPLETED:
            await loyalty.mature(tx, purchase_id=purchase_id, now=now, rules=rules)
