"""An event's next attempt, because somebody at the desk does not wait for the timer."""

import structlog

from sojourn.desk.webhooks.errors import WebhookAlreadyHandled, WebhookNotFound
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.http.context import Context
from sojourn.platform.inbox import events as inbox
from sojourn.providers.payments.port import PaymentProvider
from sojourn.sales.payments.events import handle_again
from sojourn.sales.payments.payable import Payables

logger = structlog.get_logger(__name__)


async def retry(
    ctx: Context, *, payments: PaymentProvider, payables: Payables, provider: str, event_id: str, admin: Actor
) -> None:
    """Handle one stored event as the timer `payments.retry_events` does; an attempt that fails is noted as its own are.

    On record either way. Raises WebhookNotFound, WebhookAlreadyHandled.
    """
    async with ctx.read() as connection:
        found = await inbox.find(connection, provider=provider, event_id=event_id)
    if found is None:
        raise WebhookNotFound
    kept, is_handled = found
    if is_handled:
        raise WebhookAlreadyHandled
    try:
        async with ctx.unit_of_work() as tx:
            is_new = await handle_again(
                tx, kept=kept, provider=payments, payables=payables, storefront=ctx.storefront, now=ctx.now()
            )
            if is_new:
                await record(tx, _act(kept, admin, is_handled=True), now=ctx.now(), origin=ctx.origin)
    except Exception as fault:
        logger.exception("stored event failed again", event_id=event_id)
        async with ctx.unit_of_work() as tx:
            await inbox.mark_failed(tx, provider=provider, event_id=event_id, error=repr(fault))
            await record(tx, _act(kept, admin, is_handled=False), now=ctx.now(), origin=ctx.origin)
        return
    if not is_new:
        raise WebhookAlreadyHandled


def _act(kept: inbox.InboxEvent, admin: Actor, *, is_handled: bool) -> Act:
    return Act(
        action="webhook.retried", subject_kind="WEBHOOK", subject_id=None, actor_id=admin.user_id,
        reference=kept.event_id[:80],
        detail={"provider": kept.provider, "event_id": kept.event_id, "name": kept.name, "is_handled": is_handled},
    )  # fmt: skip
