"""Links to the bytes of a document: signed, good for five minutes, naming for whom they were made."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sojourn.care.documents.errors import FileLinkExpired, FileLinkInvalid
from sojourn.care.documents.models import FileVariant

LIFE = timedelta(minutes=5)
_SIGNATURE = 32
_ID = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """Which file, for whom, until when (whole seconds)."""

    document_id: UUID
    actor_id: UUID
    variant: FileVariant
    expires_at: datetime


def write_token(link: FileLink, *, secret: str) -> str:
    """The signed link as text for a path."""
    deadline = int(link.expires_at.timestamp()).to_bytes(5, "big")
    named = link.document_id.bytes + link.actor_id.bytes + deadline + link.variant.value.encode()
    return urlsafe_b64encode(_sign(secret, named) + named).decode().rstrip("=")


def read_token(token: str, *, secret: str, now: datetime) -> FileLink:
    """Raises FileLinkInvalid, FileLinkExpired."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, named = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, _sign(secret, named)):
            raise FileLinkInvalid
        link = FileLink(
            document_id=UUID(bytes=named[:_ID]),
            actor_id=UUID(bytes=named[_ID : 2 * _ID]),
            variant=FileVariant(named[2 * _ID + 5 :].decode()),
            expires_at=datetime.fromtimestamp(int.from_bytes(named[2 * _ID : 2 * _ID + 5], "big"), UTC),
        )
    except ValueError as fault:
        raise FileLinkInvalid from fault
    if link.expires_at <= now:
        raise FileLinkExpired
    return link


def _sign(secret: str, named: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"document:" + named, sha256)
