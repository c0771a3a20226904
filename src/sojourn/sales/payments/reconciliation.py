"""Finding what was lost: webhooks that never came, events that failed, refunds that were not sent.

A timer re-reads what has waited too long; whatever it finds takes the same road as a webhook.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.inbox import events as inbox
from sojourn.platform.jobs.queue import enqueue
from sojourn.providers.payments.port import (
    IntentStatus,
    ProviderError,
    ProviderIntent,
    ProviderUnavailable,
)
from sojourn.providers.work import Work
from sojourn.sales.effects import SEND_REFUND, effect
from sojourn.sales.payments import events, intents, qr_checks, queries
from sojourn.sales.payments.payable import Payables
from sojourn.sales.payments.settlement import arrival_of, settle

logger = structlog.get_logger(__name__)

BATCH = 100
WAIT_BEFORE_ASKING = timedelta(minutes=2)
ASK_AGAIN_AFTER = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(days=3)
RETRY_EVENTS_AFTER = timedelta(seconds=30)
RESEND_REFUNDS_AFTER = timedelta(minutes=5)


async def ask_about_waiting(work: Work, *, payables: Payables, wait: timedelta = WAIT_BEFORE_ASKING) -> int:
    """Re-read open payments that have waited `wait`; returns how many were found settled or dead."""
    now = work.runtime.clock.now()
    async with work.runtime.db.read() as connection:
        waiting = await queries.list_waiting(
            connection, provider=work.vendors.payments.name, created_before=now - wait,
            checked_before=now - min(wait, ASK_AGAIN_AFTER), limit=BATCH,
        )  # fmt: skip
    found = 0
    for payment_id, intent_id in waiting:
        try:
            intent = await work.vendors.payments.get_intent(intent_id=intent_id)
        except ProviderError as fault:
            logger.warning("payment could not be re-read", payment_id=str(payment_id), code=fault.code)
            if isinstance(fault, ProviderUnavailable):
                return found
            continue
        found += await note_intent(work, payables=payables, payment_id=payment_id, intent=intent)
    return found


async def reconcile(work: Work, *, payables: Payables, is_hurried: bool) -> int:
    """What the timers do, once: open payments are re-read and codes asked about; `is_hurried`: the young ones, too.
    Returns how many payments were found settled or dead."""
    wait = timedelta(0) if is_hurried else WAIT_BEFORE_ASKING
    found = await ask_about_waiting(work, payables=payables, wait=wait)
    ask_about_codes = qr_checks.ask_about_all if is_hurried else qr_checks.ask_about_due
    return found + await ask_about_codes(work, payables=payables)


async def note_intent(work: Work, *, payables: Payables, payment_id: UUID, intent: ProviderIntent) -> bool:
    """Act on an intent as the provider has it now. True when it had come to an end."""
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        if intent.status is IntentStatus.SUCCEEDED:
            arrival = arrival_of(
                intent, provider=work.vendors.payments.name, event=None, reported_at=now, origin=SYSTEM_ORIGIN
            )
            await settle(tx, arrival=arrival, payables=payables, storefront=work.runtime.storefront, now=now)
            await queries.fill_card(tx, payment_id=payment_id, intent=intent)
            return True
        if intent.status is IntentStatus.CANCELED or intent.created_at < now - GIVE_UP_AFTER:
            await queries.close_payment(tx, payment_id=payment_id, code="canceled", now=now)
            return True
        await queries.mark_checked(tx, payment_id=payment_id, now=now)
    return False


async def read_card(work: Work, *, payment_id: UUID) -> None:
    """Learn which card paid: brand and last four digits, for receipts and the desk."""
    async with work.runtime.db.read() as connection:
        payment = await queries.get_payment(connection, payment_id=payment_id)
    if payment.provider_intent_id is None:
        return
    intent = await work.vendors.payments.get_intent(intent_id=payment.provider_intent_id)
    async with work.runtime.db.unit_of_work() as tx:
        await queries.fill_card(tx, payment_id=payment_id, intent=intent)


async def cancel_intent(work: Work, *, payables: Payables, payment_id: UUID) -> None:
    """Cancel a closed payment's intent; if money came at the last moment it is judged like any other.

    One that is just being paid cannot be cancelled: `end_closed` asks again.
    """
    async with work.runtime.db.read() as connection:
        intent = await intents.cancel_at_provider(connection, provider=work.vendors.payments, payment_id=payment_id)
    if intent is None:
        return
    if intent.status is IntentStatus.SUCCEEDED:
        await note_intent(work, payables=payables, payment_id=payment_id, intent=intent)
    elif intent.status is IntentStatus.CANCELED:
        await _note_asked(work, payment_id)


async def end_closed(work: Work, *, payables: Payables) -> int:
    """Cancel the intents of closed payments that nobody has seen cancelled: their job came too early, or is gone.
    Returns how many were asked about."""
    now = work.runtime.clock.now()
    async with work.runtime.db.read() as connection:
        closed = await queries.list_still_payable(
            connection, provider=work.vendors.payments.name, closed_before=now - WAIT_BEFORE_ASKING, limit=BATCH
        )
    for payment_id in closed:
        try:
            await cancel_intent(work, payables=payables, payment_id=payment_id)
        except ProviderUnavailable as fault:
            logger.warning("payment could not be called off", payment_id=str(payment_id), code=fault.code)
            break
        except ProviderError as fault:
            logger.warning("the provider knows nothing to call off", payment_id=str(payment_id), code=fault.code)
            await _note_asked(work, payment_id)
    return len(closed)


async def _note_asked(work: Work, payment_id: UUID) -> None:
    async with work.runtime.db.read() as connection:
        await queries.mark_checked(connection, payment_id=payment_id, now=work.runtime.clock.now())


async def retry_events(work: Work, *, payables: Payables) -> int:
    """Handle stored events that failed; returns how many were."""
    now = work.runtime.clock.now()
    async with work.runtime.db.read() as connection:
        waiting = await inbox.list_unhandled(connection, before=now - RETRY_EVENTS_AFTER, limit=BATCH)
    handled = 0
    for stored in waiting:
        try:
            async with work.runtime.db.unit_of_work() as tx:
                await events.handle_again(
                    tx, kept=stored, provider=work.vendors.payments, payables=payables,
                    storefront=work.runtime.storefront, now=work.runtime.clock.now(),
                )  # fmt: skip
            handled += 1
        except Exception as fault:
            logger.exception("stored event failed again", event_id=stored.event_id)
            async with work.runtime.db.read() as connection:
                await inbox.mark_failed(
                    connection, provider=stored.provider, event_id=stored.event_id, error=repr(fault)
                )
    return handled


async def resend_refunds(work: Work) -> int:
    """Queue again the refunds that wait although their job is gone."""
    before = work.runtime.clock.now() - RESEND_REFUNDS_AFTER
    async with work.runtime.db.unit_of_work() as tx:
        waiting = await queries.list_pending_refunds(tx, requested_before=before, limit=BATCH)
        await enqueue(tx, *(effect(SEND_REFUND, refund_id=refund_id) for refund_id in waiting))
    return len(waiting)
