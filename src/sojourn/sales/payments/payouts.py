"""Refunds that no provider can send: a person pays them out, and says under which reference (rules, section 4)."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.jobs.queue import NewJob
from sojourn.sales.effects import SEND_REFUND, effect, staff_alert
from sojourn.sales.payments import payout_queries
from sojourn.sales.payments.models import Payment, PaymentMethod, PayoutOut, PayoutsIn, Refund
from sojourn.sales.purchases import PurchaseKind


async def hand_over(tx: Connection, *, payment: Payment, refund: Refund, now: datetime) -> NewJob:
    """Who sends a new refund: the provider by a job, or, where it has no refunds, a person. Returns what to queue."""
    if payment.method is not PaymentMethod.BAKONG_QR:
        return effect(SEND_REFUND, refund_id=refund.id)
    payee = await payout_queries.insert_payout(tx, refund_id=refund.id, payment_id=payment.id, now=now)
    details = {
        "reference": payment.reference, "amount": f"{refund.amount:.2f}", "currency": refund.currency,
        "cause": refund.cause.value, "to_account": payee or "unknown",
    }  # fmt: skip
    return staff_alert("A KHQR refund must be paid out by hand", subject_id=refund.id, details=details)


async def list_payouts(connection: Connection, filters: PayoutsIn) -> tuple[list[PayoutOut], int]:
    """One page, with how many there are in all."""
    rows, total = await payout_queries.list_payouts(connection, filters)
    return [_present(row) for row in rows], total


async def get_payout(connection: Connection, *, refund_id: UUID) -> PayoutOut:
    """Raises RefundNotFound."""
    return _present(await payout_queries.get_payout(connection, refund_id=refund_id))


def _present(row: payout_queries.Row) -> PayoutOut:
    kind = PurchaseKind(row["purchase_kind"])
    known = {name: row[name] for name in PayoutOut.model_fields if name not in {"order_id", "booking_id"}}
    return PayoutOut(
        **known,
        order_id=row["purchase_id"] if kind is PurchaseKind.ORDER else None,
        booking_id=row["purchase_id"] if kind is PurchaseKind.BOOKING else row["changed_booking_id"],
    )
