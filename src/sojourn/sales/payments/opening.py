"""What every way to pay begins with: one open payment per purchase, its amount computed here and never taken from the
caller."""

from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context
from sojourn.platform.jobs.queue import enqueue
from sojourn.sales.effects import CANCEL_INTENT, effect
from sojourn.sales.payments import queries
from sojourn.sales.payments.errors import AlreadyPaid, HoldExpired, PurchaseCancelled, PurchaseNotFound
from sojourn.sales.payments.models import Charge, Payment, PaymentMethod, PurchaseChoice
from sojourn.sales.payments.payable import Payables, Purchase, PurchaseState
from sojourn.sales.purchases import PurchaseKind

REFUSED_STATES = {
    PurchaseState.PAID: AlreadyPaid,
    PurchaseState.CANCELLED: PurchaseCancelled,
    PurchaseState.LAPSED: HoldExpired,
}


def chosen(choice: PurchaseChoice) -> tuple[PurchaseKind, UUID]:
    """Which purchase is meant. Raises `InvalidInput` unless exactly one id is given."""
    given = [
        (kind, purchase_id)
        for kind, purchase_id in (
            (PurchaseKind.ORDER, choice.order_id),
            (PurchaseKind.BOOKING, choice.booking_id),
            (PurchaseKind.BOOKING_CHANGE, choice.change_id),
        )
        if purchase_id is not None
    ]
    if len(given) != 1:
        raise InvalidInput.at("booking_id", "name exactly one purchase: `order_id`, `booking_id` or `change_id`")
    return given[0]


async def lock_due(
    ctx: Context, tx: Connection, *, payables: Payables, actor: Actor, choice: PurchaseChoice
) -> Purchase:
    """The actor's own purchase, locked, if it may be paid now.

    Raises PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired.
    """
    kind, purchase_id = chosen(choice)
    purchase = await payables.of(kind).lock(tx, purchase_id=purchase_id, now=ctx.now())
    if purchase is None or purchase.user_id != actor.user_id:
        raise PurchaseNotFound
    if purchase.state is not PurchaseState.OPEN:
        raise REFUSED_STATES[purchase.state]
    return purchase


async def supersede(ctx: Context, tx: Connection, payment: Payment) -> None:
    """Close the purchase's open payment, because another takes its place, and call it off at its provider."""
    await queries.close_payment(tx, payment_id=payment.id, code="superseded", now=ctx.now())
    await enqueue(tx, effect(CANCEL_INTENT, payment_id=payment.id))


async def insert_payment(
    ctx: Context, tx: Connection, *, purchase: Purchase, charge: Charge, provider: str, is_live: bool,
    method: PaymentMethod,
) -> Payment:  # fmt: skip
    """A new open payment of a locked purchase that has none."""
    payment_id = await queries.insert_payment(
        tx, purchase=purchase, charge=charge, provider=provider, method=method, is_live=is_live, now=ctx.now()
    )
    act = Act(
        action="payment.opened", subject_kind="PAYMENT", subject_id=payment_id, actor_id=purchase.user_id,
        amount=charge.amount, currency=charge.currency, reference=purchase.reference, detail={"method": method.value},
    )  # fmt: skip
    await record(tx, act, now=ctx.now(), origin=ctx.origin)
    return await queries.get_payment(tx, payment_id=payment_id)
