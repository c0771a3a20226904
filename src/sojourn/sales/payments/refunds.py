"""Giving money back: asked for under lock, sent by a job with an idempotency key, settled by what the provider says;
or by a person, where the provider has no refunds (`payouts.py`).

Succeeded and pending refunds together never exceed what was captured.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context, Origin
from sojourn.platform.jobs.queue import Effect, enqueue
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.money import ZERO
from sojourn.platform.storefront import SalesRules
from sojourn.providers.payments.port import (
    PaymentProvider,
    ProviderError,
    ProviderRefund,
    ProviderUnavailable,
    RefundStatus,
    from_minor,
    to_minor,
)
from sojourn.providers.work import Work
from sojourn.sales.effects import REFUND_ISSUED, effect, staff_alert
from sojourn.sales.events import payment_refunded, subject_of
from sojourn.sales.payments import queries
from sojourn.sales.payments.errors import NothingToRefund, PaymentNotFound, RefundTooLarge
from sojourn.sales.payments.models import Disposition, Payment, Refund, RefundCause, RefundIn, RefundState
from sojourn.sales.payments.payable import Payables, Purchase
from sojourn.sales.payments.payouts import hand_over
from sojourn.sales.payments.rules import refundable

STATES = {
    RefundStatus.SUCCEEDED: RefundState.SUCCEEDED,
    RefundStatus.FAILED: RefundState.FAILED,
    RefundStatus.CANCELED: RefundState.FAILED,
    RefundStatus.PENDING: RefundState.PENDING,
    RefundStatus.REQUIRES_ACTION: RefundState.PENDING,
}


async def request_by_staff(
    ctx: Context, *, payables: Payables, admin: Actor, payment_id: UUID, body: RefundIn, key: str | None
) -> None:
    """An admin refunds a payment, in part or whole, but nothing that is spent. The provider is asked by the job that is
    queued here. A call that is repeated under its `key` is the same refund, though its answer was never kept.

    Raises PaymentNotFound, NothingToRefund, RefundTooLarge.
    """
    refund_id = uuid5(payment_id, f"{admin.user_id}:{key}") if key else new_id()
    async with ctx.read() as connection:
        seen = await queries.get_payment(connection, payment_id=payment_id)
    async with ctx.unit_of_work() as tx:
        purchase = await payables.of(seen.purchase_kind).lock(tx, purchase_id=seen.purchase_id, now=ctx.now())
        payment = await queries.lock_payment(tx, payment_id=payment_id)
        if key and await queries.has_refund(tx, refund_id=refund_id):
            return
        await request(
            tx, payment=payment, amount=body.amount, kept=spent(payment, purchase), reason=body.reason,
            requested_by=admin.user_id, refund_id=refund_id, now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip


def spent(payment: Payment, purchase: Purchase | None) -> Decimal:
    """What nobody gives back of the payment that counts, in the currency that was charged."""
    if purchase is None or payment.disposition is not Disposition.APPLIED:
        return ZERO
    return min(payment.charged(purchase.non_refundable), payment.captured_amount)


async def request(
    tx: Connection, *, payment: Payment, amount: Decimal | None, kept: Decimal, reason: str, requested_by: UUID,
    refund_id: UUID, now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Ask for `amount` (None: all that is left above `kept`) of a locked payment.

    Raises NothingToRefund, RefundTooLarge.
    """
    reserved = await queries.get_reserved_for_refund(tx, payment_ids=[payment.id])
    left = refundable(captured=payment.captured_amount - kept, refunded_or_pending=reserved[payment.id])
    if left == ZERO:
        raise NothingToRefund
    asked = left if amount is None else amount
    if asked > left:
        raise RefundTooLarge(details={"left": f"{left:.2f}", "currency": payment.paid_in})
    await _insert(
        tx, payment=payment, amount=asked, cause=RefundCause.STAFF, reason=reason, requested_by=requested_by,
        refund_id=refund_id, now=now, origin=origin,
    )  # fmt: skip


async def _insert(
    tx: Connection, *, payment: Payment, amount: Decimal, cause: RefundCause, reason: str | None,
    requested_by: UUID | None, now: datetime, origin: Origin, refund_id: UUID | None = None,
) -> None:  # fmt: skip
    """Ask for no more than is left of the payment: the caller has looked."""
    refund = await queries.insert_refund(
        tx, payment=payment, amount=amount, currency=payment.paid_in, cause=cause, reason=reason,
        requested_by=requested_by, refund_id=refund_id, now=now,
    )  # fmt: skip
    act = Act(
        action="refund.requested", subject_kind="PAYMENT", subject_id=payment.id, actor_id=requested_by,
        actor_kind=ActorKind.USER if requested_by else ActorKind.SYSTEM, amount=amount, currency=refund.currency,
        reference=payment.reference, detail={"refund_id": str(refund.id), "cause": cause.value},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    await enqueue(tx, await hand_over(tx, payment=payment, refund=refund, now=now))


async def request_over(
    tx: Connection, *, payments: Sequence[Payment], amount: Decimal, cause: RefundCause, requested_by: UUID | None,
    now: datetime, origin: Origin = SYSTEM_ORIGIN,
) -> Decimal:  # fmt: skip
    """Spread `amount`, in the purchase's currency, over its locked payments, newest first; each gives back in the
    currency that was charged. Returns what was asked for in all."""
    reserved = await queries.get_reserved_for_refund(tx, payment_ids=[payment.id for payment in payments])
    left = amount
    for payment in payments:
        rest = refundable(captured=payment.captured_amount, refunded_or_pending=reserved[payment.id])
        part = min(left, payment.priced(rest))
        if part > ZERO:
            await _insert(
                tx, payment=payment, amount=min(payment.charged(part), rest), cause=cause, reason=None,
                requested_by=requested_by, now=now, origin=origin,
            )  # fmt: skip
            left -= part
    return amount - left


async def send(work: Work, *, payables: Payables, refund_id: UUID) -> None:
    """Ask the provider for a refund that waits. Repeats are harmless: the refund's id is the idempotency key.

    Raises ProviderUnavailable for the queue to try again.
    """
    provider = work.vendors.payments
    async with work.runtime.db.read() as connection:
        refund = await queries.get_refund(connection, refund_id=refund_id)
        payment = await queries.get_payment(connection, payment_id=refund.payment_id)
    if refund.status is not RefundState.PENDING or payment.provider != provider.name:
        return
    answer = await _ask(provider, refund, payment)
    rules = work.runtime.storefront.rules
    async with work.runtime.db.unit_of_work() as tx:
        if isinstance(answer, ProviderRefund):
            await note_answer(
                tx, payables=payables, rules=rules, refund_id=refund_id, answer=answer, now=work.runtime.clock.now()
            )
        else:
            now = work.runtime.clock.now()
            await settle(tx, payables, rules, refund_id, RefundState.FAILED, answer.message, None, now)
        # Last: settling locks purchase, payment, refund, and the webhook about this refund does so at the same time.
        await queries.note_refund_attempt(
            tx, refund_id=refund_id, provider_refund_id=answer.id if isinstance(answer, ProviderRefund) else None
        )


async def _ask(provider: PaymentProvider, refund: Refund, payment: Payment) -> ProviderRefund | ProviderError:
    if refund.provider_refund_id is not None:
        return await provider.get_refund(refund_id=refund.provider_refund_id)
    try:
        return await provider.create_refund(
            intent_id=payment.provider_intent_id or "",
            amount_minor=to_minor(refund.amount, refund.currency),
            idempotency_key=f"refund-{refund.id}",
            reason="duplicate" if refund.cause is RefundCause.DUPLICATE else "requested_by_customer",
            metadata={"refund_id": str(refund.id), "reference": payment.reference},
        )
    except ProviderUnavailable:
        raise
    except ProviderError as refusal:
        return refusal


async def note_answer(
    tx: Connection, *, payables: Payables, rules: SalesRules, refund_id: UUID, answer: ProviderRefund, now: datetime
) -> None:
    """The provider says how a refund stands. A failure after a success counts: banks send money back."""
    state = STATES[answer.status]
    if state is not RefundState.PENDING:
        await settle(tx, payables, rules, refund_id, state, answer.failure_reason, answer.id, now)


async def settle(
    tx: Connection, payables: Payables, rules: SalesRules, refund_id: UUID, state: RefundState, failure: str | None,
    provider_refund_id: str | None, now: datetime, *, settled_by: UUID | None = None, origin: Origin = SYSTEM_ORIGIN,
) -> None:  # fmt: skip
    """Close a refund under lock, whoever says so: the provider, or (`settled_by`) the person who paid it out."""
    seen = await queries.get_refund(tx, refund_id=refund_id)
    payment = await queries.get_payment(tx, payment_id=seen.payment_id)
    payable = payables.of(payment.purchase_kind)
    purchase = await payable.lock(tx, purchase_id=payment.purchase_id, now=now)
    await queries.lock_payment(tx, payment_id=payment.id)
    refund = await queries.lock_refund(tx, refund_id=refund_id)
    if refund.status is state or _is_old_news(refund, state, provider_refund_id):
        return
    captured, refunded = await queries.settle_refund(
        tx, refund_id=refund_id, state=state, failure_reason=failure, provider_refund_id=provider_refund_id, now=now
    )
    if payment.disposition is Disposition.APPLIED:
        await payable.note_refunds(
            tx, purchase_id=payment.purchase_id, captured=payment.priced(captured), refunded=payment.priced(refunded),
            rules=rules, now=now,
        )  # fmt: skip
    act = Act(
        action=f"refund.{state.value.lower()}", subject_kind="PAYMENT", subject_id=payment.id,
        actor_kind=ActorKind.USER if settled_by else ActorKind.PROVIDER, actor_id=settled_by, amount=refund.amount,
        currency=refund.currency, reference=payment.reference,
        detail={"refund_id": str(refund_id), "failure": failure},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    effects = _effects(refund, payment, state, failure)
    if state is RefundState.SUCCEEDED and purchase is not None:
        is_whole = refunded >= captured
        effects.append(payment_refunded(payment, refund, subject_of(purchase), is_whole=is_whole, at=now))
    await enqueue(tx, *effects)


def _is_old_news(refund: Refund, state: RefundState, provider_refund_id: str | None) -> bool:
    """Events come in any order, and what has failed at the provider never succeeds after that."""
    is_the_same = provider_refund_id is not None and refund.provider_refund_id == provider_refund_id
    return is_the_same and refund.status is RefundState.FAILED and state is RefundState.SUCCEEDED


def _effects(refund: Refund, payment: Payment, state: RefundState, failure: str | None) -> list[Effect]:
    if state is RefundState.FAILED:
        details = {
            "reference": payment.reference, "amount": f"{refund.amount:.2f}", "currency": refund.currency,
            "failure": failure or "unknown",
        }  # fmt: skip
        return [staff_alert("A refund has failed", subject_id=refund.id, details=details)]
    if payment.disposition is Disposition.APPLIED:
        return [effect(REFUND_ISSUED, refund_id=refund.id)]
    return []


async def note_foreign(
    tx: Connection, *, payables: Payables, rules: SalesRules, payment: Payment, answer: ProviderRefund, now: datetime
) -> None:
    """A refund made at the provider's own desk: it becomes one of ours."""
    await payables.of(payment.purchase_kind).lock(tx, purchase_id=payment.purchase_id, now=now)
    locked = await queries.lock_payment(tx, payment_id=payment.id)
    reserved = await queries.get_reserved_for_refund(tx, payment_ids=[payment.id])
    amount = min(
        from_minor(answer.amount_minor, answer.currency),
        refundable(captured=locked.captured_amount, refunded_or_pending=reserved[payment.id]),
    )
    if amount == ZERO:
        raise PaymentNotFound
    refund = await queries.insert_refund(
        tx, payment=locked, amount=amount, currency=locked.paid_in, cause=RefundCause.PROVIDER, reason=None,
        requested_by=None, provider_refund_id=answer.id, now=now,
    )  # fmt: skip
    await note_answer(tx, payables=payables, rules=rules, refund_id=refund.id, answer=answer, now=now)
