"""Settlement: what happens when money arrives. One transaction: payment, purchase, points, trail and jobs.

Webhooks, `confirm` calls and the reconciliation timer all end here, so that it does not matter which comes first, how
often, or in which order (docs/payments.md).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.inbox.events import mark_handled
from sojourn.platform.jobs.queue import Effect, enqueue
from sojourn.platform.kit.money import ZERO
from sojourn.platform.storefront import Storefront
from sojourn.providers.payments.port import IntentStatus, ProviderIntent, from_minor
from sojourn.sales.effects import (
    DUPLICATE_PAYMENT_REFUNDED,
    LATE_PAYMENT_REFUNDED,
    PAYMENT_RETURNED,
    READ_CARD,
    SEND_REFUND,
    effect,
    staff_alert,
)
from sojourn.sales.events import payment_returned, payment_succeeded, subject_of
from sojourn.sales.payments import queries
from sojourn.sales.payments.models import Disposition, Payment, RefundCause
from sojourn.sales.payments.payable import Captured, Payable, Payables, Purchase
from sojourn.sales.payments.rules import REFUND_DISPOSITION, Verdict, is_late, judge

CUSTOMER_MAIL = {
    Disposition.LATE: LATE_PAYMENT_REFUNDED,
    Disposition.DUPLICATE: DUPLICATE_PAYMENT_REFUNDED,
    Disposition.CANCELLED_PURCHASE: PAYMENT_RETURNED,
    Disposition.MISMATCH: PAYMENT_RETURNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Money that the provider says has arrived. `event_id` is None when we asked rather than were told."""

    provider: str
    intent: ProviderIntent
    event_id: str | None
    reported_at: datetime
    origin: Origin

    @property
    def charged_at(self) -> datetime:
        return self.intent.charged_at or self.reported_at


async def settle(tx: Connection, *, arrival: Arrival, payables: Payables, storefront: Storefront, now: datetime) -> str:
    """Settle an intent that has succeeded; a word for what came of it. Safe to call any number of times."""
    if arrival.intent.status is not IntentStatus.SUCCEEDED:
        return await _closed(tx, arrival, "not_succeeded", now)
    found = await _lock_both(tx, arrival, payables, now)
    if found is None:
        return await _unknown(tx, arrival, storefront, now)
    payable, purchase, payment = found
    if payment.captured_amount > ZERO:
        return await _closed(tx, arrival, "already_settled", now)
    amount = from_minor(arrival.intent.amount_received_minor, arrival.intent.currency)
    verdict = judge(
        state=purchase.state,
        amount_due=payment.amount,
        currency_due=payment.currency,
        is_live_expected=payment.is_live,
        amount=amount,
        currency=arrival.intent.currency,
        is_live=arrival.intent.is_live,
    )
    if verdict is Verdict.CONFIRM and amount != purchase.amount_due:
        verdict = Verdict.REFUND_MISMATCH  # the purchase was repriced after this intent was made
    if verdict is Verdict.REVIVE and await payable.revive(tx, purchase=purchase, now=now):
        verdict = Verdict.CONFIRM
    if verdict is Verdict.CONFIRM:
        return await _apply(tx, arrival, payable, purchase, payment, storefront, amount, now)
    return await _send_back(tx, arrival, purchase, payment, verdict, amount, now)


async def _lock_both(
    tx: Connection, arrival: Arrival, payables: Payables, now: datetime
) -> tuple[Payable, Purchase, Payment] | None:
    """The purchase, then its payment: the lock law of money. None when the intent is not ours."""
    payment = await queries.find_by_intent(tx, provider=arrival.provider, intent_id=arrival.intent.id)
    if payment is None:
        payment = await _adopt(tx, arrival, now)
    if payment is None:
        return None
    payable = payables.of(payment.purchase_kind)
    purchase = await payable.lock(tx, purchase_id=payment.purchase_id, now=now)
    if purchase is None:
        return None
    return payable, purchase, await queries.lock_payment(tx, payment_id=payment.id)


async def _adopt(tx: Connection, arrival: Arrival, now: datetime) -> Payment | None:
    """An intent whose making was interrupted before we kept its id: its metadata name our payment."""
    named = arrival.intent.metadata.get("payment_id", "")
    try:
        payment_id = UUID(named)
    except ValueError:
        return None
    await queries.attach_intent(
        tx, payment_id=payment_id, intent_id=arrival.intent.id, client_secret=arrival.intent.client_secret, now=now
    )
    return await queries.find_by_intent(tx, provider=arrival.provider, intent_id=arrival.intent.id)


async def _apply(
    tx: Connection, arrival: Arrival, payable: Payable, purchase: Purchase, payment: Payment, storefront: Storefront,
    amount: Decimal, now: datetime,
) -> str:  # fmt: skip
    late = is_late(charged_at=arrival.charged_at, expires_at=purchase.expires_at)
    await _write(tx, arrival, payment, Disposition.APPLIED, amount, now)
    captured = Captured(payment_id=payment.id, amount=amount, currency=payment.currency, is_late=late)
    effects: list[Effect] = [payment_succeeded(payment, subject_of(purchase), at=now)]
    effects += await payable.confirm(tx, purchase=purchase, captured=captured, storefront=storefront, now=now)
    if arrival.intent.card_last4 is None:
        effects.append(effect(READ_CARD, payment_id=payment.id))  # a webhook names the charge, not the card
    await enqueue(tx, *effects)
    return Disposition.APPLIED


async def _send_back(
    tx: Connection, arrival: Arrival, purchase: Purchase, payment: Payment, verdict: Verdict, amount: Decimal,
    now: datetime,
) -> str:  # fmt: skip
    """Money that buys nothing goes back in full, at once, and the customer or the desk hears of it."""
    disposition = REFUND_DISPOSITION[verdict]
    await _write(tx, arrival, payment, disposition, amount, now)
    refund = await queries.insert_refund(
        tx, payment=payment, amount=amount, cause=RefundCause(disposition), reason=None, requested_by=None, now=now
    )
    effects: list[Effect] = [
        effect(SEND_REFUND, refund_id=refund.id),
        effect(CUSTOMER_MAIL[disposition], payment_id=payment.id),
        payment_returned(payment, subject_of(purchase), disposition=disposition, at=now),
    ]
    was_in_time = not is_late(charged_at=arrival.charged_at, expires_at=purchase.expires_at)
    if disposition is Disposition.MISMATCH or (disposition is Disposition.LATE and was_in_time):
        details = {
            "reference": purchase.reference, "disposition": disposition.value, "received": f"{amount:.2f}",
            "due": f"{purchase.amount_due:.2f}", "currency": payment.currency, "intent": arrival.intent.id,
        }  # fmt: skip
        effects.append(
            staff_alert("A payment could not be applied and is being refunded", subject_id=payment.id, details=details)
        )
    await enqueue(tx, *effects)
    return disposition


async def _write(
    tx: Connection, arrival: Arrival, payment: Payment, disposition: Disposition, amount: Decimal, now: datetime
) -> None:
    intent = arrival.intent
    await queries.capture(
        tx, payment_id=payment.id, amount=amount, disposition=disposition, paid_at=arrival.charged_at, now=now,
        charge_id=intent.charge_id, card=(intent.card_brand, intent.card_last4, intent.card_fingerprint),
        event_id=arrival.event_id, provider=arrival.provider, ip=arrival.origin.ip,
        request_id=arrival.origin.request_id,
    )  # fmt: skip


async def _unknown(tx: Connection, arrival: Arrival, storefront: Storefront, now: datetime) -> str:
    """Money under an intent we do not know. If its metadata claim to be ours a person must look."""
    if arrival.intent.metadata.get("storefront") == storefront.key:
        details = {"intent": arrival.intent.id, "amount_minor": arrival.intent.amount_received_minor}
        subject = UUID(int=int.from_bytes(arrival.intent.id.encode()[-16:]))
        await enqueue(tx, staff_alert("Money arrived for an unknown payment", subject_id=subject, details=details))
    return await _closed(tx, arrival, "unknown_intent", now)


async def _closed(tx: Connection, arrival: Arrival, outcome: str, now: datetime) -> str:
    if arrival.event_id is not None:
        await mark_handled(tx, provider=arrival.provider, event_id=arrival.event_id, outcome=outcome, now=now)
    return outcome
