"""What `care/notifications` may ask of a mail carrier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """One mail to one person. `sender` may be `Name <address>`; `to` and `reply_to` likewise.

    The same `idempotency_key` never leaves twice where the carrier supports it; by SMTP it becomes the Message-ID, by
    which receivers drop repeats. `tags` are for the carrier's statistics (ASCII letters, digits, `_`, `-`).
    """

    sender: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str | None
    headers: Mapping[str, str]
    attachments: Sequence[Attachment]
    idempotency_key: str
    tags: Mapping[str, str]


class MailRefused(Exception):
    """Permanent: bad address, bad header, wrong key. Trying again changes nothing."""

    is_retryable = False

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class MailUnavailable(Exception):
    """Network, timeout, throttling or the carrier's own fault: try again with the same idempotency key."""

    is_retryable = True

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MailSender(Protocol):
    @property
    def name(self) -> str:
        """Stable key stored with every sent mail, e.g. "resend"."""
        ...

    async def send(self, mail: OutgoingMail) -> str:
        """Hand the mail over and return the carrier's id for it. Raises MailRefused or MailUnavailable."""
        ...

    async def aclose(self) -> None: ...
