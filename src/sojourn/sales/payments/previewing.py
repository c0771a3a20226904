"""What the desk may give back, before it does."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.storefront import Storefront
from sojourn.sales.payments import queries
from sojourn.sales.payments.models import Disposition, Payment, RefundPolicyOut, RefundPreview
from sojourn.sales.payments.payable import Payables
from sojourn.sales.payments.refunds import spent
from sojourn.sales.payments.rules import refundable


async def preview(
    connection: Connection, *, payables: Payables, payment_id: UUID, storefront: Storefront, now: datetime
) -> RefundPreview:
    """What `request_by_staff` would let through now. Raises PaymentNotFound."""
    payment = await queries.get_payment(connection, payment_id=payment_id)
    purchase = await payables.of(payment.purchase_kind).find(connection, purchase_id=payment.purchase_id, now=now)
    reserved = (await queries.get_reserved_for_refund(connection, payment_ids=[payment.id]))[payment.id]
    kept = spent(payment, purchase)
    return RefundPreview(
        payment_id=payment.id,
        reference=payment.reference,
        currency=payment.paid_in,
        captured_amount=payment.captured_amount,
        refunded_amount=reserved,
        non_refundable_amount=kept,
        refundable_amount=refundable(captured=payment.captured_amount - kept, refunded_or_pending=reserved),
        policy=await _policy(connection, payables, payment, storefront, now),
    )


async def _policy(
    connection: Connection, payables: Payables, payment: Payment, storefront: Storefront, now: datetime
) -> RefundPolicyOut | None:
    if payment.disposition is not Disposition.APPLIED:
        return None
    found = await payables.of(payment.purchase_kind).find_policy_refund(
        connection, purchase_id=payment.purchase_id, storefront=storefront, now=now
    )
    if found is None:
        return None
    return RefundPolicyOut(tier=found.tier, percent=found.percent, amount=found.amount, currency=storefront.currency)
