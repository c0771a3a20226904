"""Notifications: every mail and every push is a row before it leaves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sojourn.care.notifications.mails import MailContext, MailKind
from sojourn.platform.i18n import Language
from sojourn.platform.kit.wire import Wire


class Channel(StrEnum):
    """How a notification travels; the recipient is an address, or a device's id."""

    MAIL = "MAIL"
    PUSH = "PUSH"


class NotificationStatus(StrEnum):
    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a mail goes to. `user_id` is None for the agency's own staff address."""

    user_id: UUID | None
    email: str
    name: str | None
    language: Language


CalendarMethod = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarInvite:
    """What a mail tells its reader's calendar: an iCalendar object and its method (RFC 5546)."""

    method: CalendarMethod
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """News to be kept and sent, as mail, to devices or both, as its kind says.

    The same kind about the same subject and occasion never goes twice to one address or device.
    """

    context: MailContext
    to: Recipient
    subject_id: UUID
    occasion: str = ""
    invoice_id: UUID | None = None
    calendar: CalendarInvite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One way of telling somebody: an address or a device's id, in its language."""

    channel: Channel
    to: Recipient
    recipient: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail or push that was taken up for sending; `attempts` counts this one."""

    id: UUID
    channel: Channel
    kind: MailKind
    subject_id: UUID
    user_id: UUID | None
    recipient: str
    recipient_name: str | None
    language: Language
    context: dict[str, Any]
    invoice_id: UUID | None
    calendar: CalendarInvite | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Who took a notification, and under which id of theirs."""

    provider: str
    provider_id: str


class NotificationOut(Wire):
    """A mail or push as the desk sees it: what became of it, not what it says."""

    id: UUID
    channel: Channel
    kind: MailKind
    subject_id: UUID
    user_id: UUID | None
    recipient: str
    language: Language
    status: NotificationStatus
    provider: str | None
    provider_id: str | None
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None
