"""A person says that they have paid a refund out."""

from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.http.context import Context
from sojourn.sales.payments import payout_queries, queries, refunds
from sojourn.sales.payments.errors import RefundAlreadyPaidOut
from sojourn.sales.payments.models import RefundState, SettleIn
from sojourn.sales.payments.payable import Payables


async def settle_payout(ctx: Context, *, payables: Payables, admin: Actor, refund_id: UUID, body: SettleIn) -> None:
    """Close a refund that was paid out by hand: payment, purchase, points, trail and the customer's mail, as if a
    provider had sent it. Said twice under the same reference, it is done once.

    Raises RefundNotFound (none, or one that the provider sends), RefundAlreadyPaidOut (under another reference).
    """
    async with ctx.unit_of_work() as tx:
        known = await payout_queries.get_payout(tx, refund_id=refund_id)
        payment = await queries.get_payment(tx, payment_id=known["payment_id"])
        await payables.of(payment.purchase_kind).lock(tx, purchase_id=payment.purchase_id, now=ctx.now())
        await queries.lock_payment(tx, payment_id=payment.id)
        refund = await queries.lock_refund(tx, refund_id=refund_id)
        under = await payout_queries.lock_reference(tx, refund_id=refund_id)
        if under == body.reference:
            return
        if under is not None:
            raise RefundAlreadyPaidOut(details={"reference": under})
        await payout_queries.settle_payout(
            tx, refund_id=refund_id, reference=body.reference, admin_id=admin.user_id, now=ctx.now()
        )
        await refunds.settle(
            tx, payables, ctx.storefront.rules, refund_id, RefundState.SUCCEEDED, None, None, ctx.now(),
            settled_by=admin.user_id, origin=ctx.origin,
        )  # fmt: skip
        act = Act(
            action="refund.paid_out", subject_kind="PAYMENT", subject_id=payment.id, actor_id=admin.user_id,
            amount=refund.amount, currency=refund.currency, reference=payment.reference,
            detail={"refund_id": str(refund_id), "payout_reference": body.reference,
                    "to_account": known["payee_account"]},
        )  # fmt: skip
        await record(tx, act, now=ctx.now(), origin=ctx.origin)
