"""Keeping notifications and sending them, as mails and as pushes.

One is kept in one unit of work, sent outside of any, and marked in another. A crash in between sends it once more under
the same key, by which the mail's carrier drops the repeat and the device shows it in the first one's place
(docs/jobs.md).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from sojourn.care.devices.queries import list_targets_of
from sojourn.care.notifications import queries
from sojourn.care.notifications.errors import NotRepeatable
from sojourn.care.notifications.mailing import send_mail
from sojourn.care.notifications.mails import MailContext, MailKind, read_context
from sojourn.care.notifications.models import Channel, Letter, Outgoing, Waiting
from sojourn.care.notifications.pushing import send_push
from sojourn.care.notifications.sources import is_wanted
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.providers.mail.port import MailRefused, MailUnavailable
from sojourn.providers.push.port import PushRefused, PushUnavailable
from sojourn.providers.work import Work

DELIVER: Final = "notifications.deliver"  # notification_id
# With pauses that double up to an hour: about a day of trying.
MAX_ATTEMPTS: Final = 36
OVERDUE_AFTER: Final = timedelta(minutes=2)
BATCH: Final = 200
# Their single-use link is forgotten with the first outcome.
LINK_MAILS: Final = (
    MailKind.VERIFY_EMAIL,
    MailKind.PASSWORD_RESET,
    MailKind.STAFF_INVITATION,
    MailKind.ACCOUNT_DELETION,
    MailKind.DATA_EXPORT,
)

logger = structlog.get_logger(__name__)


async def keep(tx: Connection, letter: Letter, *, now: datetime) -> bool:
    """Keep the mail and the pushes of a letter, as its kind has them and its reader wants them, and queue them.

    False when nothing was kept: it was before, or is not wanted.
    """
    context, kept = letter.context, list[UUID]()
    if context.is_mailed and await _is_wanted(tx, letter, context.mail_preference):
        notification_id = await queries.insert_notification(tx, letter, now=now)
        if notification_id is None:
            return False
        kept.append(notification_id)
    kept += await _keep_pushes(tx, letter, now=now)
    await enqueue_deliveries(tx, kept)
    return bool(kept)


async def _keep_pushes(tx: Connection, letter: Letter, *, now: datetime) -> Sequence[UUID]:
    to, push = letter.to, letter.context.push
    if push is None or to.user_id is None:
        return []
    targets = await list_targets_of(tx, [to.user_id])
    if not targets or not await _is_wanted(tx, letter, push.preference):
        return []
    outgoing = [
        Outgoing(channel=Channel.PUSH, to=to, recipient=str(target.device_id), language=target.language or to.language)
        for target in targets
    ]
    contexts = dict.fromkeys(Language, letter.context)
    return await queries.insert_many(
        tx, outgoing, contexts=contexts, subject_id=letter.subject_id, occasion=letter.occasion, now=now
    )


async def enqueue_deliveries(tx: Connection, notification_ids: Sequence[UUID]) -> None:
    """Queue the sending of what was kept."""
    await enqueue(tx, *(_delivery(notification_id) for notification_id in notification_ids))


async def _is_wanted(tx: Connection, letter: Letter, preference: str | None) -> bool:
    return preference is None or await is_wanted(tx, letter.to.user_id, preference=preference)


def _delivery(notification_id: UUID) -> NewJob:
    return NewJob(kind=DELIVER, payload={"notification_id": notification_id}, key=f"{DELIVER}:{notification_id}")


async def deliver(work: Work, notification_id: UUID) -> None:
    """Send a notification that waits; nothing when it does not.

    Raises `MailUnavailable` or `PushUnavailable` for the queue to try again.
    """
    db = work.runtime.db
    async with db.unit_of_work() as tx:
        waiting = await queries.find_taken_up(tx, notification_id)
    if waiting is None:
        return
    context = read_context(waiting.kind, waiting.context)
    if (given_up := _given_up(context, waiting, now=work.runtime.clock.now())) is not None:
        await _fail(work, waiting, given_up)
        return
    send = send_push if waiting.channel is Channel.PUSH else send_mail
    try:
        sent = await send(work, waiting, context)
    except (MailRefused, PushRefused) as refusal:
        await _fail(work, waiting, f"{refusal.code}: {refusal.message}")
        return
    except (MailUnavailable, PushUnavailable) as fault:
        async with db.unit_of_work() as tx:
            await queries.note_error(tx, waiting.id, error=f"{fault.code}: {fault.message}")
        raise
    async with db.unit_of_work() as tx:
        await queries.mark_sent(
            tx, waiting.id, provider=sent.provider, provider_id=sent.provider_id, now=work.runtime.clock.now()
        )
    logger.info(
        "push sent" if waiting.channel is Channel.PUSH else "mail sent",
        news=waiting.kind,
        notification_id=str(waiting.id),
        provider_id=sent.provider_id,
    )


def _given_up(context: MailContext, waiting: Waiting, *, now: datetime) -> str | None:
    """Why it is not tried any more, or None."""
    expires_at: datetime | None = getattr(context, "expires_at", None)
    if expires_at is not None and expires_at <= now:
        return "its link expired before it could be sent"
    if waiting.attempts > MAX_ATTEMPTS:
        return f"given up after {MAX_ATTEMPTS} attempts: {waiting.last_error}"
    return None


async def _fail(work: Work, waiting: Waiting, error: str) -> None:
    carrier = work.vendors.push if waiting.channel is Channel.PUSH else work.vendors.mail
    async with work.runtime.db.unit_of_work() as tx:
        await queries.mark_failed(tx, waiting.id, provider=carrier.name if carrier else None, error=error)
    logger.error(
        "push not sent" if waiting.channel is Channel.PUSH else "mail not sent",
        news=waiting.kind,
        notification_id=str(waiting.id),
        error=error,
    )


async def resend_overdue(work: Work) -> None:
    """Queue deliveries again whose job is gone. One that waits or runs is left alone: their key is the same."""
    before = work.runtime.clock.now() - OVERDUE_AFTER
    async with work.runtime.db.unit_of_work() as tx:
        overdue = await queries.list_overdue(tx, created_before=before, limit=BATCH)
        await enqueue(tx, *(_delivery(notification_id) for notification_id in overdue))


async def repeat(tx: Connection, *, notification_id: UUID, admin_id: UUID, now: datetime, origin: Origin) -> None:
    """Send a failed mail once more. Raises NotificationNotFound, NotRepeatable."""
    status = await queries.get_status(tx, notification_id)
    if not await queries.requeue(tx, notification_id, but_not=LINK_MAILS):
        raise NotRepeatable(details={"status": status.value})
    await enqueue(tx, _delivery(notification_id))
    act = Act(
        action="notification.repeated", subject_kind="NOTIFICATION", subject_id=notification_id, actor_id=admin_id
    )
    await record(tx, act, now=now, origin=origin)
