"""A waiting change as payments see it: bought like anything else, applied when its difference arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection, savepoint
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.jobs.queue import Effect
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales.bookings import changes, changes_queries, queries
from sojourn.sales.bookings.changes_queries import Change, NewTerms
from sojourn.sales.bookings.models import Booking, BookingStatus
from sojourn.sales.bookings.payable import note_refunds
from sojourn.sales.bookings.stock import find_resources
from sojourn.sales.inventory.errors import SoldOut
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.payments.payable import Captured, PolicyRefund, Purchase, PurchaseState
from sojourn.sales.pricing.models import Price
from sojourn.sales.pricing.rules import points_for
from sojourn.sales.purchases import PurchaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePurchase(Purchase):
    """A change with its booking, both locked."""

    booking: Booking
    change: Change


def _state(booking: Booking, change: Change, now: datetime) -> PurchaseState:
    if change.status == "APPLIED":
        return PurchaseState.PAID
    is_outdated = booking.status is not BookingStatus.CONFIRMED or booking.version != change.booking_version
    if change.status == "CANCELLED" or is_outdated:
        return PurchaseState.CANCELLED
    return PurchaseState.OPEN if change.expires_at > now else PurchaseState.LAPSED


def _as_purchase(booking: Booking, change: Change, now: datetime) -> ChangePurchase:
    return ChangePurchase(
        kind=PurchaseKind.BOOKING_CHANGE,
        id=change.id,
        user_id=booking.user_id,
        reference=booking.booking_ref,
        title=booking.title,
        state=_state(booking, change, now),
        amount_due=change.amount_due,
        currency=booking.currency,
        expires_at=change.expires_at,
        customer_email=booking.email,
        language=booking.language,
        changed_booking_id=booking.id,
        booking=booking,
        change=change,
    )


def _terms(change: Change) -> NewTerms:
    kept = {name: change.price[name] for name in Price.model_fields}
    return NewTerms(
        travel_date=change.travel_date,
        end_date=change.end_date,
        people_count=change.people_count,
        pickup_location=change.pickup_location,
        special_requests=change.special_requests,
        customizations=change.customizations,
        options=change.price["options"],
        travelers=change.price["travelers"],
        price=Price.model_validate(kept),
        rooms=change.price["rooms"],
        ride=change.price.get("ride", {}),  # none was written before a ride could be changed
        refund_at_most=change.price.get("refund_at_most", 100),
    )


class ChangePayable:
    """`Payable` for changes of bookings. The booking is locked before its change."""

    async def find(self, connection: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        change = await changes_queries.find_change(connection, change_id=purchase_id)
        if change is None:
            return None
        booking = await queries.find_booking(connection, booking_id=change.booking_id)
        return _as_purchase(booking, change, now) if booking else None

    async def lock(self, tx: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        seen = await changes_queries.find_change(tx, change_id=purchase_id)
        if seen is None:
            return None
        booking = await queries.lock_booking(tx, booking_id=seen.booking_id)
        change = await changes_queries.lock_change(tx, change_id=purchase_id)
        return _as_purchase(booking, change, now) if booking and change else None

    async def revive(self, tx: Connection, *, purchase: Purchase, now: datetime) -> bool:
        assert isinstance(purchase, ChangePurchase)  # noqa: S101 - made by `lock` above
        booking, change = purchase.booking, purchase.change
        resources = await find_resources(tx, booking)
        if resources is None:
            return False
        try:
            async with savepoint(tx):
                await changes.claim_increment(
                    tx, booking=booking, change_id=change.id, resources=resources, terms=_terms(change),
                    expires_at=None, now=now,
                )  # fmt: skip
        except SoldOut:
            return False
        return True

    async def confirm(
        self, tx: Connection, *, purchase: Purchase, captured: Captured, storefront: Storefront, now: datetime
    ) -> Sequence[Effect]:
        assert isinstance(purchase, ChangePurchase)  # noqa: S101 - made by `lock` above
        booking, terms = purchase.booking, _terms(purchase.change)
        fees = terms.price.non_refundable - booking.non_refundable_usd
        points = points_for(captured.amount - max(fees, Decimal(0)), storefront.rules)
        await changes.apply_change(
            tx, booking=booking, change_id=purchase.id, terms=terms, paid=captured.amount, points=points, now=now
        )
        await loyalty.earn(
            tx, user_id=booking.user_id, purchase_kind=PurchaseKind.BOOKING_CHANGE, purchase_id=purchase.id,
            booking_id=booking.id, points=points, now=now,
        )  # fmt: skip
        await changes.note_modified(tx, booking, terms, now=now, origin=SYSTEM_ORIGIN)
        return []

    async def note_refunds(
        self, tx: Connection, *, purchase_id: UUID, captured: Decimal, refunded: Decimal, rules: SalesRules,
        now: datetime,
    ) -> None:  # fmt: skip
        change = await changes_queries.find_change(tx, change_id=purchase_id)
        if change is not None:
            await note_refunds(tx, booking_id=change.booking_id, rules=rules, now=now)

    async def find_policy_refund(
        self, connection: Connection, *, purchase_id: UUID, storefront: Storefront, now: datetime
    ) -> PolicyRefund | None:
        """A change is not cancelled by itself: its money goes by the booking's policy."""
        return None
