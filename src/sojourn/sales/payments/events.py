"""What the provider tells us: verified, handled in the same request and kept; a timer tries again what failed.

Money that has arrived is settled and its event kept in one transaction; any other event is stored before it is looked
at. Either way it is ours before the sender hears 2xx (docs/decisions/0023-one-transaction-a-webhook.md).
"""

from datetime import datetime
from uuid import UUID

import structlog

from sojourn.platform.db.database import Connection
from sojourn.platform.db.together import ChangedMeanwhileError
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import SYSTEM_ORIGIN, Context, Origin
from sojourn.platform.inbox import events as inbox
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import SalesRules, Storefront
from sojourn.providers.payments.port import (
    BadSignature,
    EventKind,
    IntentStatus,
    PaymentProvider,
    ProviderEvent,
    ProviderIntent,
    UnreadableEvent,
)
from sojourn.sales.effects import PAYMENT_FAILED, effect, staff_alert
from sojourn.sales.events import payment_failed, subject
from sojourn.sales.payments import queries, refunds
from sojourn.sales.payments.errors import BadWebhook, UnreadableWebhook
from sojourn.sales.payments.models import Payment
from sojourn.sales.payments.payable import Payables
from sojourn.sales.payments.settlement import ALREADY_HANDLED, Told, arrival_of, judge_plainly, settle, settle_plainly

logger = structlog.get_logger(__name__)

PROCESSED = "processed"
ALREADY_PROCESSED = "already_processed"
STORED = "stored"


async def receive(
    ctx: Context, *, provider: PaymentProvider, payables: Payables, payload: bytes, signature: str
) -> str:
    """Take one webhook. Once the event is kept the provider gets its 2xx, whatever came of it: it is ours now.

    Raises BadWebhook (a signature that does not fit, or is too old), UnreadableWebhook, and Unavailable.
    """
    try:
        event = provider.parse_event(payload=payload, signature=signature, now=ctx.now())
    except BadSignature as fault:
        raise BadWebhook from fault
    except UnreadableEvent as fault:
        raise UnreadableWebhook from fault
    kept = inbox.InboxEvent(
        provider=provider.name, event_id=event.id, name=event.name, payload=payload.decode(), is_live=event.is_live,
        received_at=ctx.now(),
    )  # fmt: skip
    if _money_of(event) is None and await _is_handled(ctx, kept):
        return ALREADY_PROCESSED
    try:
        if await _settled_plainly(ctx, kept, event, payables):
            return PROCESSED
        async with ctx.unit_of_work() as tx:
            is_new = await handle(
                tx, kept=kept, event=event, payables=payables, storefront=ctx.storefront, now=ctx.now(),
                origin=ctx.origin,
            )  # fmt: skip
    except Unavailable:
        raise  # the database is away: it is the sender's until it has been kept, and the sender comes again
    except Exception as fault:
        if await _is_handled(ctx, kept):
            return ALREADY_PROCESSED
        logger.exception("event stored but not handled", event_id=event.id, name=event.name)
        async with ctx.read() as connection:
            await inbox.mark_failed(connection, provider=provider.name, event_id=event.id, error=repr(fault))
        return STORED
    return PROCESSED if is_new else ALREADY_PROCESSED


def _money_of(event: ProviderEvent) -> ProviderIntent | None:
    """The intent whose money has arrived, if that is what the event says."""
    intent = event.intent if event.kind is EventKind.INTENT_SUCCEEDED else None
    return intent if intent is not None and intent.status is IntentStatus.SUCCEEDED else None


async def _settled_plainly(ctx: Context, kept: inbox.InboxEvent, event: ProviderEvent, payables: Payables) -> bool:
    """Whether it was money, and has paid for its purchase without locking anything first."""
    intent = _money_of(event)
    if intent is None:
        return False
    arrival = arrival_of(intent, provider=kept.provider, event=kept, reported_at=event.created_at, origin=ctx.origin)
    told = Told(arrival=arrival, payables=payables, storefront=ctx.storefront, now=ctx.now())
    try:
        settlement = await ctx.gathering.share(judge_plainly, told)
        return settlement is not None and await ctx.gathering.share(settle_plainly, settlement)
    except ChangedMeanwhileError:
        return False


async def _is_handled(ctx: Context, kept: inbox.InboxEvent) -> bool:
    """Store the event, committed at once, and say whether somebody has handled it."""
    async with ctx.read() as connection:
        return await inbox.store(connection, kept)


async def handle(
    tx: Connection, *, kept: inbox.InboxEvent, event: ProviderEvent, payables: Payables, storefront: Storefront,
    now: datetime, origin: Origin,
) -> bool:  # fmt: skip
    """Act on one event, whatever its kind, and close it: all in the caller's transaction. False when it was closed
    before. Any that brings no money must be stored already."""
    intent = _money_of(event)
    if intent is not None:
        arrival = arrival_of(intent, provider=kept.provider, event=kept, reported_at=event.created_at, origin=origin)
        return await settle(tx, arrival=arrival, payables=payables, storefront=storefront, now=now) != ALREADY_HANDLED
    if not await inbox.lock_unhandled(tx, provider=kept.provider, event_id=kept.event_id):
        return False
    outcome = await _note(tx, kept.provider, event, payables, storefront.rules, now)
    await inbox.mark_handled(tx, provider=kept.provider, event_id=kept.event_id, outcome=outcome, now=now)
    return True


async def handle_again(
    tx: Connection, *, kept: inbox.InboxEvent, provider: PaymentProvider, payables: Payables, storefront: Storefront,
    now: datetime,
) -> bool:  # fmt: skip
    """Handle a stored event that failed, in the caller's transaction: it was verified before it was stored. False when
    it was closed before. Raises UnreadableEvent, and whatever handling it fails with."""
    event = provider.read_event(payload=kept.payload.encode())
    return await handle(
        tx, kept=kept, event=event, payables=payables, storefront=storefront, now=now, origin=SYSTEM_ORIGIN
    )


async def _note(
    tx: Connection, provider: str, event: ProviderEvent, payables: Payables, rules: SalesRules, now: datetime
) -> str:
    payment = (
        await queries.find_by_intent(tx, provider=provider, intent_id=event.intent_id) if event.intent_id else None
    )
    if payment is None:
        return "not_ours"
    if event.intent is not None:
        return await _note_intent(tx, event.kind, event.intent, payment, now)
    if event.refund is not None:
        return await _note_refund(tx, event, payment, payables, rules, now)
    if event.dispute is not None:
        await queries.mark_disputed(tx, payment_id=payment.id, status=event.dispute.status, now=now)
        details = {"reference": payment.reference, "status": event.dispute.status, "reason": event.dispute.reason}
        await enqueue(tx, staff_alert("A payment is disputed", subject_id=payment.id, details=details))
        return "disputed"
    return "noted"


async def _note_intent(tx: Connection, kind: EventKind, intent: ProviderIntent, payment: Payment, now: datetime) -> str:
    if kind is EventKind.INTENT_FAILED:
        noted = await queries.mark_failed(
            tx, payment_id=payment.id, code=intent.failure_code, message=intent.failure_message,
            card_brand=intent.card_brand, card_last4=intent.card_last4, now=now,
        )  # fmt: skip
        if noted is not None:
            attempt, changed_booking_id = noted
            about = subject(payment.purchase_kind, payment.purchase_id, changed_booking_id=changed_booking_id)
            await enqueue(
                tx,
                effect(PAYMENT_FAILED, payment_id=payment.id, attempt=attempt),
                payment_failed(payment, about, code=intent.failure_code, at=now),
            )
        return "failed"
    if kind is EventKind.INTENT_PROCESSING:
        await queries.mark_processing(tx, payment_id=payment.id, now=now)
        return "processing"
    if kind is EventKind.INTENT_CANCELED:
        await queries.close_payment(tx, payment_id=payment.id, code="canceled", now=now)
        return "canceled"
    return "noted"


async def _note_refund(
    tx: Connection, event: ProviderEvent, payment: Payment, payables: Payables, rules: SalesRules, now: datetime
) -> str:
    answer = event.refund
    assert answer is not None  # noqa: S101 - the caller has looked
    refund = await queries.find_provider_refund(tx, provider_refund_id=answer.id)
    refund_id = refund.id if refund else _own_refund(answer.metadata.get("refund_id"))
    if refund_id is not None:
        await refunds.note_answer(tx, payables=payables, rules=rules, refund_id=refund_id, answer=answer, now=now)
    else:
        await refunds.note_foreign(tx, payables=payables, rules=rules, payment=payment, answer=answer, now=now)
    return f"refund_{answer.status.value}"


def _own_refund(named: str | None) -> UUID | None:
    try:
        return UUID(named or "")
    except ValueError:
        return None
