"""`confirm`: the frontend says the card went through. We believe the provider only, and settle as a webhook would."""

from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.http.context import Context
from sojourn.providers.payments.port import (
    IntentStatus,
    PaymentProvider,
    ProviderError,
    ProviderIntent,
    ProviderUnavailable,
)
from sojourn.sales.payments import queries
from sojourn.sales.payments.errors import (
    IntentMismatch,
    PaymentNotSucceeded,
    ProviderDown,
    ProviderRefusal,
    PurchaseNotFound,
)
from sojourn.sales.payments.models import ConfirmIn
from sojourn.sales.payments.opening import chosen
from sojourn.sales.payments.payable import Payables
from sojourn.sales.payments.settlement import arrival_of, settle


async def confirm(
    ctx: Context, *, provider: PaymentProvider, payables: Payables, actor: Actor, body: ConfirmIn
) -> UUID:
    """Settle the named intent if the provider says it has succeeded. Returns the payment's id.

    Raises PurchaseNotFound, IntentMismatch, PaymentNotSucceeded (with the intent's status), ProviderDown.
    """
    kind, purchase_id = chosen(body)
    async with ctx.read() as connection:
        purchase = await payables.of(kind).find(connection, purchase_id=purchase_id, now=ctx.now())
        if purchase is None or purchase.user_id != actor.user_id:
            raise PurchaseNotFound
        payment = await queries.find_by_intent(connection, provider=provider.name, intent_id=body.payment_intent_id)
    if payment is None or payment.purchase_id != purchase_id:
        raise IntentMismatch
    intent = await _ask(provider, body.payment_intent_id)
    if intent.status is IntentStatus.PROCESSING:
        async with ctx.unit_of_work() as tx:
            await queries.mark_processing(tx, payment_id=payment.id, now=ctx.now())
        return payment.id
    if intent.status is not IntentStatus.SUCCEEDED:
        raise PaymentNotSucceeded(
            intent.failure_message,
            details={
                "intent_status": intent.status.value,
                "failure_code": intent.failure_code,
                "action_url": intent.action_url,
            },
        )
    async with ctx.unit_of_work() as tx:
        arrival = arrival_of(intent, provider=provider.name, event=None, reported_at=ctx.now(), origin=ctx.origin)
        await settle(tx, arrival=arrival, payables=payables, storefront=ctx.storefront, now=ctx.now())
        await queries.fill_card(tx, payment_id=payment.id, intent=intent)
    return payment.id


async def _ask(provider: PaymentProvider, intent_id: str) -> ProviderIntent:
    try:
        return await provider.get_intent(intent_id=intent_id)
    except ProviderUnavailable as fault:
        raise ProviderDown from fault
    except ProviderError as fault:
        raise ProviderRefusal(details={"provider_code": fault.code}) from fault
