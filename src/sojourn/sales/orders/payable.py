"""What payments know of orders."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sojourn.catalog.services.models import RefundStage
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.jobs.queue import Effect, NewJob
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.sales import events
from sojourn.sales.effects import ORDER_CONFIRMED, ORDER_ONBOARDING, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.orders import queries
from sojourn.sales.orders.cancellation import terms_of
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.orders.promises import days_promised
from sojourn.sales.orders.rules import FINISHED, purchase_state, spent_fee
from sojourn.sales.payments.payable import Captured, PolicyRefund, Purchase, PurchaseState
from sojourn.sales.purchases import PurchaseKind
from sojourn.sales.referrals import service as referrals

POINTS = "loyalty_points_used"
ONBOARDING_AFTER = timedelta(hours=1)


class OrderPayable:
    """Orders hold no stock: they can be paid until they are cancelled, if the points they count on are there."""

    async def find(self, connection: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        return _purchase(await queries.find_purchase(connection, order_id=purchase_id))

    async def lock(self, tx: Connection, *, purchase_id: UUID, now: datetime) -> Purchase | None:
        """An unpaid order whose points went elsewhere, once they were kept for it no longer, has lapsed."""
        row = await queries.lock_purchase(tx, order_id=purchase_id)
        purchase = _purchase(row)
        if row is None or purchase is None or purchase.state is not PurchaseState.OPEN or not row[POINTS]:
            return purchase
        are_there = await loyalty.are_there(
            tx, user_id=purchase.user_id, purchase_id=purchase_id, points=row[POINTS], now=now
        )
        return purchase if are_there else replace(purchase, state=PurchaseState.LAPSED)

    async def revive(self, tx: Connection, *, purchase: Purchase, now: datetime) -> bool:
        """What it was to be paid with has been spent."""
        return False

    async def confirm(
        self,
        tx: Connection,
        *,
        purchase: Purchase,
        captured: Captured,
        storefront: Storefront,
        now: datetime,
    ) -> Sequence[Effect]:
        """Two statements where no points were spent: the order with its history, and the points it earns."""
        confirmed = await queries.confirm(
            tx, order_id=purchase.id, paid=captured.amount, payment_id=captured.payment_id,
            days=days_promised(now, storefront), now=now,
        )  # fmt: skip
        if confirmed is None:
            raise RuntimeError(f"order {purchase.id} was settled although it is not pending")
        user_id, points_used, points_earned, referrer_id = confirmed
        await referrals.note_paid(
            tx, friend_id=user_id, referrer_id=referrer_id, kind=PurchaseKind.ORDER, purchase_id=purchase.id,
            amount=purchase.amount_due, currency=purchase.currency, storefront=storefront, now=now,
        )  # fmt: skip
        if points_used:
            await loyalty.consume(tx, user_id=user_id, purchase_id=purchase.id, booking_id=None, now=now)
        await loyalty.earn(
            tx, user_id=user_id, purchase_kind=PurchaseKind.ORDER, purchase_id=purchase.id, booking_id=None,
            points=points_earned, now=now,
        )  # fmt: skip
        onboarding = NewJob(kind=ORDER_ONBOARDING, payload={"order_id": purchase.id}, after=ONBOARDING_AFTER)
        told = events.order_event(
            events.ORDER_CONFIRMED, user_id=user_id, order_id=purchase.id, reference=purchase.reference,
            status=OrderStatus.CONFIRMED, at=now,
        )  # fmt: skip
        return effect(ORDER_CONFIRMED, order_id=purchase.id, payment_id=captured.payment_id), onboarding, told

    async def note_refunds(
        self, tx: Connection, *, purchase_id: UUID, captured: Decimal, refunded: Decimal, rules: SalesRules,
        now: datetime,
    ) -> None:  # fmt: skip
        """Earned points follow the money; the status is the order's own affair.

        What a cancellation has settled stays settled, whatever becomes of its refund: the money is owed all the same.
        """
        status = await queries.note_refunded(tx, order_id=purchase_id, refunded=refunded, now=now)
        await loyalty.take_back(tx, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now)
        if status is not OrderStatus.CANCELLED:
            await loyalty.restore(
                tx, purchase_id=purchase_id, refunded=refunded, captured=captured, now=now, rules=rules
            )
        if status is OrderStatus.COMPLETED:
            await loyalty.mature(tx, purchase_id=purchase_id, now=now, rules=rules)

    async def find_policy_refund(
        self, connection: Connection, *, purchase_id: UUID, storefront: Storefront, now: datetime
    ) -> PolicyRefund | None:
        """By the stage of its work."""
        order = await queries.get(connection, order_id=purchase_id)
        if order.status in FINISHED:
            return None
        money = await queries.get_money(connection, order_id=purchase_id)
        terms = terms_of(order, money, by_agency=False)
        return PolicyRefund(tier=order.refund_stage.value, percent=terms.percent, amount=terms.amount)


def _purchase(row: Row | None) -> Purchase | None:
    if row is None:
        return None
    return Purchase(
        kind=PurchaseKind.ORDER,
        id=row["id"],
        user_id=row["user_id"],
        reference=row["order_number"],
        title=row["title"],
        state=purchase_state(OrderStatus(row["status"])),
        amount_due=row["total_amount"],
        currency=row["currency"],
        expires_at=None,
        customer_email=row["customer_email"],
        language=row["language"],
        non_refundable=spent_fee(row["government_fee"], RefundStage(row["refund_stage"])),
    )
