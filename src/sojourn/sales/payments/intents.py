"""Asking for money: one open payment per purchase, its amount computed here and never taken from the caller.

The provider is called between two units of work, never inside one: first the payment row (its id is the idempotency
key), then the call, then its answer.
"""

from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context
from sojourn.platform.jobs.queue import enqueue
from sojourn.providers.payments.port import (
    PaymentProvider,
    ProviderError,
    ProviderIntent,
    ProviderUnavailable,
    to_minor,
)
from sojourn.sales.effects import CANCEL_INTENT, effect
from sojourn.sales.payments import queries
from sojourn.sales.payments.errors import (
    AlreadyPaid,
    AmountDiffers,
    HoldExpired,
    ProviderDown,
    ProviderRefusal,
    PurchaseCancelled,
    PurchaseNotFound,
)
from sojourn.sales.payments.models import IntentIn, IntentOut, Payment, PaymentMethod, PaymentStatus, PurchaseChoice
from sojourn.sales.payments.payable import Payables, Purchase, PurchaseKind, PurchaseState

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
        raise InvalidInput.at("booking_id", "name exactly one purchase: order_id, booking_id or change_id")
    return given[0]


async def create_intent(
    ctx: Context, *, provider: PaymentProvider, payables: Payables, actor: Actor, body: IntentIn
) -> IntentOut:
    """Open (or find again) the payment of a purchase. Called twice, it answers the same intent.

    Raises PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, AmountDiffers, ProviderDown.
    """
    kind, purchase_id = chosen(body)
    async with ctx.unit_of_work() as tx:
        purchase = await payables.of(kind).lock(tx, purchase_id=purchase_id, now=ctx.now())
        if purchase is None or purchase.user_id != actor.user_id:
            raise PurchaseNotFound
        _check_due(purchase, body)
        payment = await _open_payment(ctx, tx, provider=provider, purchase=purchase)
    if payment.provider_intent_id is None:
        intent = await _ask(provider, ctx, purchase=purchase, payment_id=payment.id)
        async with ctx.unit_of_work() as tx:
            await queries.attach_intent(
                tx, payment_id=payment.id, intent_id=intent.id, client_secret=intent.client_secret, now=ctx.now()
            )
        intent_id, client_secret = intent.id, intent.client_secret
    else:
        intent_id, client_secret = payment.provider_intent_id, payment.client_secret
    return IntentOut(
        payment_id=payment.id,
        payment_intent_id=intent_id,
        client_secret=client_secret,
        amount=payment.amount,
        currency=payment.currency,
        status=PaymentStatus.PENDING if payment.status is PaymentStatus.FAILED else payment.status,
        expires_at=purchase.expires_at,
    )


def _check_due(purchase: Purchase, body: IntentIn) -> None:
    if purchase.state is not PurchaseState.OPEN:
        raise REFUSED_STATES[purchase.state]
    is_other_amount = body.amount is not None and body.amount != purchase.amount_due
    is_other_currency = body.currency is not None and body.currency != purchase.currency
    if is_other_amount or is_other_currency:
        raise AmountDiffers(details={"amount_due": f"{purchase.amount_due:.2f}", "currency": purchase.currency})


async def _open_payment(ctx: Context, tx: Connection, *, provider: PaymentProvider, purchase: Purchase) -> Payment:
    """The purchase's open payment; one of another amount is closed first and its intent cancelled."""
    payment = await queries.lock_open_payment(tx, purchase_id=purchase.id)
    if payment is not None and (payment.amount != purchase.amount_due or payment.provider != provider.name):
        await queries.close_payment(tx, payment_id=payment.id, code="superseded", now=ctx.now())
        await enqueue(tx, effect(CANCEL_INTENT, payment_id=payment.id))
        payment = None
    if payment is not None:
        return payment
    payment_id = await queries.insert_payment(
        tx,
        purchase=purchase,
        provider=provider.name,
        method=PaymentMethod.CARD,
        is_live=provider.is_live,
        now=ctx.now(),
    )
    act = Act(
        action="payment.opened", subject_kind="PAYMENT", subject_id=payment_id, actor_id=purchase.user_id,
        amount=purchase.amount_due, currency=purchase.currency, reference=purchase.reference,
    )  # fmt: skip
    await record(tx, act, now=ctx.now(), origin=ctx.origin)
    return await queries.get_payment(tx, payment_id=payment_id)


async def _ask(provider: PaymentProvider, ctx: Context, *, purchase: Purchase, payment_id: UUID) -> ProviderIntent:
    """Create the intent at the provider. Its metadata lead back here even if our own answer is lost."""
    purchase_name = "order_id" if purchase.kind is PurchaseKind.ORDER else "booking_id"
    metadata = {
        "storefront": ctx.storefront.key,
        "payment_id": str(payment_id),
        "purchase_kind": purchase.kind.value,
        purchase_name: str(purchase.id),
        "reference": purchase.reference,
    }
    try:
        return await provider.create_intent(
            amount_minor=to_minor(purchase.amount_due, purchase.currency),
            currency=purchase.currency,
            idempotency_key=f"intent-{payment_id}",
            metadata=metadata,
            description=f"{ctx.storefront.name} {purchase.reference}: {purchase.title}"[:500],
            receipt_email=None,  # our own mail carries the invoice
        )
    except ProviderUnavailable as fault:
        raise ProviderDown from fault
    except ProviderError as fault:
        raise ProviderRefusal(details={"provider_code": fault.code}) from fault


async def cancel_at_provider(
    connection: Connection, *, provider: PaymentProvider, payment_id: UUID
) -> ProviderIntent | None:
    """Cancel a closed payment's intent. The intent comes back as it is: it may have succeeded at the last moment, and
    then the caller settles it. None when there was never an intent."""
    payment = await queries.get_payment(connection, payment_id=payment_id)
    if payment.provider_intent_id is None:
        return None
    return await provider.cancel_intent(intent_id=payment.provider_intent_id)
