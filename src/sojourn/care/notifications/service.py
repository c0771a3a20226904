"""Keeping mails and sending them.

A mail is kept in one unit of work, sent outside of any, and marked in another. A crash in between sends it once more
under the same idempotency key, by which the carrier drops the repeat (docs/jobs.md).
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from sojourn.care.notifications import queries
from sojourn.care.notifications.errors import NotRepeatable
from sojourn.care.notifications.mails import Brand, Envelope, MailContext, MailKind, read_context
from sojourn.care.notifications.models import Letter, Waiting
from sojourn.care.notifications.rendering import render_mail
from sojourn.care.notifications.sources import is_wanted
from sojourn.care.notifications.unsubscribe import unsubscribe_url
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin, Runtime
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.providers.mail.port import Attachment, MailRefused, MailUnavailable, OutgoingMail
from sojourn.providers.work import Work
from sojourn.sales.invoices.rendering import InvoiceDocument, render_invoice

DELIVER: Final = "notifications.deliver"  # notification_id
# With pauses that double up to an hour: about a day of trying.
MAX_ATTEMPTS: Final = 36
OVERDUE_AFTER: Final = timedelta(minutes=2)
BATCH: Final = 200
# Their single-use link is forgotten with the first outcome.
LINK_MAILS: Final = (MailKind.VERIFY_EMAIL, MailKind.PASSWORD_RESET, MailKind.STAFF_INVITATION)

logger = structlog.get_logger(__name__)


async def keep(tx: Connection, letter: Letter, *, now: datetime) -> bool:
    """Keep a mail and queue its delivery. False when it was kept before, or its reader does not want it."""
    preference = letter.context.mail_preference
    if preference is not None and not await is_wanted(tx, letter.to.user_id, preference=preference):
        return False
    notification_id = await queries.insert_notification(tx, letter, now=now)
    if notification_id is None:
        return False
    await enqueue(tx, _delivery(notification_id))
    return True


def _delivery(notification_id: UUID) -> NewJob:
    return NewJob(kind=DELIVER, payload={"notification_id": notification_id}, key=f"{DELIVER}:{notification_id}")


async def deliver(work: Work, notification_id: UUID) -> None:
    """Send a mail that waits; nothing when it does not. Raises `MailUnavailable` for the queue to try again."""
    db, carrier = work.runtime.db, work.vendors.mail
    async with db.unit_of_work() as tx:
        waiting = await queries.find_taken_up(tx, notification_id)
    if waiting is None:
        return
    context = read_context(waiting.kind, waiting.context)
    if (given_up := _given_up(context, waiting, now=work.runtime.clock.now())) is not None:
        await _fail(work, waiting, given_up)
        return
    mail = await _compose(work.runtime, waiting, context)
    try:
        provider_id = await carrier.send(mail)
    except MailRefused as refusal:
        await _fail(work, waiting, f"{refusal.code}: {refusal.message}")
        return
    except MailUnavailable as fault:
        async with db.unit_of_work() as tx:
            await queries.note_error(tx, waiting.id, error=f"{fault.code}: {fault.message}")
        raise
    async with db.unit_of_work() as tx:
        await queries.mark_sent(
            tx, waiting.id, provider=carrier.name, provider_id=provider_id, now=work.runtime.clock.now()
        )
    logger.info("mail sent", mail=waiting.kind, notification_id=str(waiting.id), provider_id=provider_id)


def _given_up(context: MailContext, waiting: Waiting, *, now: datetime) -> str | None:
    """Why the mail is not tried any more, or None."""
    expires_at: datetime | None = getattr(context, "expires_at", None)
    if expires_at is not None and expires_at <= now:
        return "its link expired before it could be sent"
    if waiting.attempts > MAX_ATTEMPTS:
        return f"given up after {MAX_ATTEMPTS} attempts: {waiting.last_error}"
    return None


async def _fail(work: Work, waiting: Waiting, error: str) -> None:
    async with work.runtime.db.unit_of_work() as tx:
        await queries.mark_failed(tx, waiting.id, provider=work.vendors.mail.name, error=error)
    logger.error("mail not sent", mail=waiting.kind, notification_id=str(waiting.id), error=error)


def brand_of(runtime: Runtime) -> Brand:
    """The storefront as its mails show it."""
    storefront = runtime.storefront
    return Brand(
        key=storefront.key,
        name=storefront.name,
        primary_color=storefront.primary_color,
        frontend_url=storefront.frontend_url,
        support_email=storefront.support_email,
        address_line=", ".join((storefront.legal_name, *storefront.address_lines)),
        time_zone=ZoneInfo(storefront.time_zone),
    )


async def _compose(runtime: Runtime, waiting: Waiting, context: MailContext) -> OutgoingMail:
    way_out = None
    if context.is_optional and waiting.user_id is not None:
        way_out = unsubscribe_url(runtime, user_id=waiting.user_id, kind=waiting.kind)
    rendered = render_mail(
        context=context,
        language=waiting.language,
        brand=brand_of(runtime),
        envelope=Envelope(recipient_name=waiting.recipient_name, unsubscribe_url=way_out),
    )
    headers = {"Auto-Submitted": "auto-generated"}
    if way_out is not None:
        headers |= {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return OutgoingMail(
        sender=runtime.storefront.mail_from,
        to=waiting.recipient,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        reply_to=runtime.storefront.support_email,
        headers=headers,
        attachments=await _attachments(runtime, waiting),
        idempotency_key=str(waiting.id),
        tags={"kind": waiting.kind.value.lower(), "storefront": runtime.storefront.key},
    )


async def _attachments(runtime: Runtime, waiting: Waiting) -> list[Attachment]:
    attachments = [await _invoice(runtime, waiting.invoice_id)] if waiting.invoice_id else []
    if waiting.calendar is not None:
        kind = f"text/calendar; charset=utf-8; method={waiting.calendar.method}"
        content = waiting.calendar.text.encode()
        attachments.append(Attachment(filename="invite.ics", content=content, content_type=kind))
    return attachments


async def _invoice(runtime: Runtime, invoice_id: UUID) -> Attachment:
    async with runtime.db.read() as connection:
        invoice = await queries.get_invoice(connection, invoice_id)
    document = InvoiceDocument.model_validate(invoice["document"])
    content = await asyncio.to_thread(render_invoice, document)
    return Attachment(filename=f"{invoice['number']}.pdf", content=content, content_type="application/pdf")


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
