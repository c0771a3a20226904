"""Mails about the work on an order: documents and consultations."""

from datetime import UTC, date, datetime
from typing import Literal, Self

from pydantic import AwareDatetime

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import (
    Link,
    MailContext,
    Pushed,
    Text,
    Zone,
)


class CaseNews(MailContext):
    """The case has come to `stage`, named in the recipient's language; or staff have written a `note`; or both."""

    kind = MailKind.CASE_NEWS
    push = Pushed(preference="is_purchase_push_wanted", link="order_url")
    order_number: Text
    service_title: Text
    stage: Text | None = None
    is_customers_turn: bool = False
    promised_on: date | None = None
    note: Text | None = None
    order_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            stage="Waiting for missing information",
            is_customers_turn=True,
            promised_on=date(2026, 12, 14),
            note="Your bank statement ends in September. Please ask your bank for the last three months.",
            order_url="https://travel.example/orders/1",
        )


class DocumentReminder(MailContext):
    """`missing` comes in the recipient's language, from the order's checklist."""

    kind = MailKind.DOCUMENT_REMINDER
    order_number: Text
    service_title: Text
    missing: tuple[Text, ...]
    order_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            missing=("Passport, valid for six months", "Bank statement of the last three months"),
            order_url="https://travel.example/orders/1",
        )


class DocumentRejected(MailContext):
    """`reason` is what staff wrote; a document may belong to no order."""

    kind = MailKind.DOCUMENT_REJECTED
    push = Pushed(preference="is_purchase_push_wanted", link="upload_url")
    file_name: Text
    reason: Text
    order_number: Text | None = None
    service_title: Text | None = None
    upload_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            file_name="bank statement.pdf",
            reason="The last page is cut off.",
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            upload_url="https://travel.example/orders/1",
        )


class ConsultationNews(MailContext):
    """Times are told in `time_zone`, the reader's own; whom they meet is named by one of the two names."""

    kind = MailKind.CONSULTATION_NEWS
    news: Literal["REQUESTED", "SCHEDULED", "MOVED", "CANCELLED"]
    starts_at: AwareDatetime
    minutes: int
    time_zone: Zone
    consultant_name: Text | None = None
    customer_name: Text | None = None
    order_number: Text
    service_title: Text
    note: Text | None = None
    reason: Text | None = None
    session: Literal["USED", "GIVEN_BACK"] | None = None
    meeting_link: Link | None = None
    consultation_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            news="SCHEDULED",
            starts_at=datetime(2026, 12, 10, 2, 30, tzinfo=UTC),
            minutes=30,
            time_zone="Europe/Paris",
            consultant_name="Sophea Chan",
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            note="About my bank statement",
            meeting_link="https://meet.example/sojourn-0123456789abcdef",
            consultation_url="https://travel.example/consultations/1",
        )


class ConsultationReminder(MailContext):
    """A consultation begins within the hour; its time is told in `time_zone`, the reader's own."""

    kind = MailKind.CONSULTATION_REMINDER
    push = Pushed(preference="is_reminder_push_wanted", link="consultation_url")
    starts_at: AwareDatetime
    minutes: int
    time_zone: Zone
    consultant_name: Text | None = None
    customer_name: Text | None = None
    order_number: Text
    service_title: Text
    meeting_link: Link | None = None
    consultation_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            starts_at=datetime(2026, 12, 10, 2, 30, tzinfo=UTC),
            minutes=30,
            time_zone="Europe/Paris",
            consultant_name="Sophea Chan",
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            meeting_link="https://meet.example/sojourn-0123456789abcdef",
            consultation_url="https://travel.example/consultations/1",
        )
