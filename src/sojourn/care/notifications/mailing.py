"""A mail on its way: composed from its row, handed to the carrier."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from sojourn.care.notifications import queries
from sojourn.care.notifications.mails import Brand, Envelope, MailContext
from sojourn.care.notifications.models import Sent, Waiting
from sojourn.care.notifications.unsubscribe import unsubscribe_url
from sojourn.platform.http.context import Runtime
from sojourn.platform.kit.lazily import lazily
from sojourn.providers.mail.port import Attachment, OutgoingMail
from sojourn.providers.work import Work
from sojourn.sales.invoices.rendering import InvoiceDocument, render_invoice

if TYPE_CHECKING:
    from sojourn.care.notifications import rendering
else:
    rendering = lazily("sojourn.care.notifications.rendering")


async def send_mail(work: Work, waiting: Waiting, context: MailContext) -> Sent:
    """Raises MailRefused, MailUnavailable."""
    carrier = work.vendors.mail
    provider_id = await carrier.send(await _compose(work.runtime, waiting, context))
    return Sent(provider=carrier.name, provider_id=provider_id)


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
    rendered = rendering.render_mail(
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
