"""Paying by card, or by PayPal, through the card processor.

The provider is called between two units of work, never inside one: first the payment row (its id is the idempotency
key), then the call, then its answer.
"""

from collections.abc import Awaitable
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Context
from sojourn.platform.jobs.queue import enqueue
from sojourn.providers.payments.port import (
    IntentMethod,
    IntentStatus,
    PaymentProvider,
    ProviderError,
    ProviderIntent,
    ProviderUnavailable,
    to_minor,
)
from sojourn.sales.effects import CANCEL_INTENT, effect
from sojourn.sales.payments import queries
from sojourn.sales.payments.errors import AmountDiffers, ProviderDown, ProviderRefusal
from sojourn.sales.payments.models import Charge, IntentIn, IntentOut, Payment, PaymentMethod, PaymentStatus
from sojourn.sales.payments.opening import insert_payment, lock_due, supersede
from sojourn.sales.payments.payable import Payables, Purchase
from sojourn.sales.purchases import PurchaseKind

INTENT_METHODS = {PaymentMethod.CARD: IntentMethod.CARD, PaymentMethod.PAYPAL: IntentMethod.PAYPAL}
_MAY_BEGIN = frozenset({IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION})


async def create_intent(
    ctx: Context, *, provider: PaymentProvider, payables: Payables, actor: Actor, body: IntentIn
) -> IntentOut:
    """Open (or find again) the payment of a purchase. Called twice, it answers the same intent.

    Raises PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, AmountDiffers, ProviderDown, ProviderRefusal.
    """
    method = PaymentMethod(body.payment_method)
    async with ctx.unit_of_work() as tx:
        purchase = await lock_due(ctx, tx, payables=payables, actor=actor, choice=body)
        _check_amount(purchase, body)
        payment = await _open_payment(ctx, tx, provider=provider, purchase=purchase, method=method)
    intent_id, client_secret = payment.provider_intent_id, payment.client_secret
    if intent_id is None:
        intent = await _create(provider, ctx, purchase=purchase, payment=payment)
        async with ctx.unit_of_work() as tx:
            is_open = await queries.attach_intent(
                tx, payment_id=payment.id, intent_id=intent.id, client_secret=intent.client_secret, now=ctx.now()
            )
            if not is_open:
                await enqueue(tx, effect(CANCEL_INTENT, payment_id=payment.id))
        if not is_open:  # the purchase was cancelled or changed while the provider was asked
            return await create_intent(ctx, provider=provider, payables=payables, actor=actor, body=body)
        intent_id, client_secret = intent.id, intent.client_secret
    action_url = None
    if method is PaymentMethod.PAYPAL:
        action_url = await _send_to_paypal(provider, ctx, payment_id=payment.id, intent_id=intent_id)
    return IntentOut(
        payment_id=payment.id,
        payment_intent_id=intent_id,
        client_secret=client_secret,
        payment_method=method,
        action_url=action_url,
        amount=payment.amount,
        currency=payment.currency,
        status=PaymentStatus.PENDING if payment.status is PaymentStatus.FAILED else payment.status,
        expires_at=purchase.expires_at,
    )


def _check_amount(purchase: Purchase, body: IntentIn) -> None:
    is_other_amount = body.amount is not None and body.amount != purchase.amount_due
    is_other_currency = body.currency is not None and body.currency != purchase.currency
    if is_other_amount or is_other_currency:
        raise AmountDiffers(details={"amount_due": f"{purchase.amount_due:.2f}", "currency": purchase.currency})


async def _open_payment(
    ctx: Context, tx: Connection, *, provider: PaymentProvider, purchase: Purchase, method: PaymentMethod
) -> Payment:
    """The purchase's open payment; one of another amount or method is closed first and its intent cancelled."""
    payment = await queries.lock_open_payment(tx, purchase_id=purchase.id)
    if payment is not None:
        is_the_same = (payment.amount, payment.provider, payment.method) == (
            purchase.amount_due, provider.name, method
        )  # fmt: skip
        if is_the_same:
            return payment
        await supersede(ctx, tx, payment)
    charge = Charge(amount=purchase.amount_due, currency=purchase.currency)
    return await insert_payment(
        ctx, tx, purchase=purchase, charge=charge, provider=provider.name, is_live=provider.is_live, method=method
    )


async def _create(provider: PaymentProvider, ctx: Context, *, purchase: Purchase, payment: Payment) -> ProviderIntent:
    """Create the intent at the provider. Its metadata lead back here even if our own answer is lost."""
    metadata = {
        "storefront": ctx.storefront.key,
        "payment_id": str(payment.id),
        "purchase_kind": purchase.kind.value,
        "reference": purchase.reference,
        "order_id" if purchase.kind is PurchaseKind.ORDER else "booking_id": str(
            purchase.changed_booking_id or purchase.id
        ),
    }
    if purchase.kind is PurchaseKind.BOOKING_CHANGE:
        metadata["change_id"] = str(purchase.id)
    return await _answered(
        provider.create_intent(
            amount_minor=to_minor(payment.amount, payment.currency),
            currency=payment.currency,
            method=INTENT_METHODS[payment.method],
            idempotency_key=f"intent-{payment.id}",
            metadata=metadata,
            description=f"{ctx.storefront.name} {purchase.reference}: {purchase.title}"[:500],
            receipt_email=None,  # our own mail carries the invoice
        )
    )


async def _send_to_paypal(provider: PaymentProvider, ctx: Context, *, payment_id: UUID, intent_id: str) -> str | None:
    """Where the customer approves the payment. None when they have done so already."""
    intent = await _answered(provider.get_intent(intent_id=intent_id))
    if intent.status in _MAY_BEGIN:
        return_url = f"{ctx.storefront.frontend_url.rstrip('/')}/payments/return?payment_id={payment_id}"
        intent = await _answered(provider.begin_paypal(intent_id=intent_id, return_url=return_url))
    return intent.action_url


async def _answered(call: Awaitable[ProviderIntent]) -> ProviderIntent:
    """What the provider answers, its faults as refusals of ours."""
    try:
        return await call
    except ProviderUnavailable as fault:
        raise ProviderDown from fault
    except ProviderError as fault:
        raise ProviderRefusal(details={"provider_code": fault.code}) from fault


async def cancel_at_provider(
    connection: Connection, *, provider: PaymentProvider, payment_id: UUID
) -> ProviderIntent | None:
    """Cancel a closed payment's intent. The intent comes back as it is: it may have succeeded at the last moment, and
    then the caller settles it. None when there is nothing that could be cancelled there."""
    payment = await queries.get_payment(connection, payment_id=payment_id)
    if payment.provider_intent_id is None or payment.provider != provider.name:
        return None
    return await provider.cancel_intent(intent_id=payment.provider_intent_id)
