"""What every carrier's mail must satisfy before it is composed: nothing in it may start a header of its own."""

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from sojourn.providers.mail.port import MailRefused, OutgoingMail

# Half a surrogate pair is no character: it cannot be encoded for any wire.
_UNENCODABLE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(.)")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}")
# A calendar invitation carries parameters: `text/calendar; method=REQUEST`.
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,126}(?:; ?[a-z-]{1,40}=[A-Za-z0-9._-]{1,80})*")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LONGEST_KEY = 256
# Written by the carrier or by us; a second one would contradict the first.
_RESERVED = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version", "return-path"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """`name` is empty when none was given; `address` has its domain in ASCII."""

    name: str
    address: str

    def __str__(self) -> str:
        if not self.name:
            return self.address
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{self.address}>'


def refuse_line_breaks(value: str, field: str) -> None:
    if _CONTROL.search(value):
        raise MailRefused(f"{field} contains a control character", code="header_injection", field=field)


def read_mailbox(value: str, field: str) -> Mailbox:
    """Read `address` or `Name <address>`; the name need not be quoted. Raises MailRefused unless it is one address."""
    refuse_line_breaks(value, field)
    name, address = "", value
    if value.endswith(">"):
        name, _, address = value[:-1].rpartition("<")
        name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = _ESCAPED.sub(r"\1", name[1:-1])
    try:
        # Whether the domain takes mail is the carrier's to find out; here only the form counts.
        read = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise MailRefused(f"{field}: {error}", code="address_invalid", field=field) from error
    return Mailbox(name=name, address=f"{read.local_part}@{read.ascii_domain}")


def _check_headers(mail: OutgoingMail) -> None:
    seen: set[str] = set()
    for name, value in mail.headers.items():
        field = f"headers.{name}" if _HEADER_NAME.fullmatch(name) else "headers"
        if field == "headers":
            raise MailRefused("a header's name is malformed", code="header_injection", field=field)
        lower = name.lower()
        if lower in _RESERVED or lower.startswith("content-") or lower in seen:
            raise MailRefused(f"{name} may not be set here", code="header_reserved", field=field)
        seen.add(lower)
        refuse_line_breaks(value, field)


def _check_attachments(mail: OutgoingMail) -> None:
    for index, attachment in enumerate(mail.attachments):
        field = f"attachments.{index}"
        refuse_line_breaks(attachment.filename, f"{field}.filename")
        if not attachment.filename.strip() or "/" in attachment.filename or "\\" in attachment.filename:
            raise MailRefused(
                "an attachment needs a plain file name", code="filename_invalid", field=f"{field}.filename"
            )
        media_type = attachment.content_type
        if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("multipart/", "message/")):
            raise MailRefused("not a media type", code="content_type_invalid", field=f"{field}.content_type")


def check(mail: OutgoingMail) -> None:
    """Raise MailRefused, with the field's name, for a mail no carrier may be given. Addresses: `read_mailbox`."""
    refuse_line_breaks(mail.subject, "subject")
    refuse_line_breaks(mail.idempotency_key, "idempotency_key")
    if not mail.idempotency_key.isascii() or not 0 < len(mail.idempotency_key) <= _LONGEST_KEY:
        raise MailRefused("an ASCII key of 1-256 characters is needed", code="key_invalid", field="idempotency_key")
    for field, body in (("subject", mail.subject), ("text", mail.text), ("html", mail.html)):
        if not body.strip():
            raise MailRefused(f"{field} is empty", code="text_missing", field=field)
        if _UNENCODABLE.search(body):
            raise MailRefused(f"{field} holds half a character", code="text_unencodable", field=field)
    _check_headers(mail)
    _check_attachments(mail)
    for name, value in mail.tags.items():
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise MailRefused("a tag is malformed", code="tag_invalid", field="tags")
