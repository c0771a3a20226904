"""One mail that has everything, and changes to it."""

from dataclasses import replace
from typing import Any

from sojourn.providers.mail.port import Attachment, OutgoingMail

PDF = b"%PDF-1.7\n\x00\xff\r\n.\r\nfrom a dot line\n%%EOF"
SUBJECT = "ការកក់របស់អ្នក 已确认 – your booking is confirmed, and this subject is longer than one header line may be"

MAIL = OutgoingMail(
    sender='"Sojourn, Phnom Penh" <bookings@sojourn.example>',
    to="សុខា <sokha@example.com>",
    subject=SUBJECT,
    html="<p>សូមអរគុណ 谢谢</p>\n<p>.</p>",
    text="សូមអរគុណ 谢谢\n.\nFrom us",
    reply_to="help@sojourn.example",
    headers={
        "List-Unsubscribe": "<https://sojourn.example/u/" + "k" * 90 + ">",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
    attachments=[
        Attachment(filename="វិក្កយបត្រ 发票 2026-1.pdf", content=PDF, content_type="application/pdf"),
        Attachment(filename="visit.ics", content=b"BEGIN:VCALENDAR\r\n", content_type="text/calendar; method=REQUEST"),
    ],
    idempotency_key="booking_confirmed:0192-a",
    tags={"kind": "booking_confirmed"},
)


def a_mail(**changes: Any) -> OutgoingMail:
    return replace(MAIL, **changes)
