"""Links to the bytes of a file: signed, good for five minutes, naming for whom they were made.

`purpose` is part of the signature: a link of one feature opens nothing of another's.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from sojourn.care.documents.errors import FileLinkExpired, FileLinkInvalid

LIFE = timedelta(minutes=5)
DOCUMENT: Final = b"document:"
_SIGNATURE = 32
_ID = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """Which file, for whom, until when (whole seconds). `part` is which of the files that the owner has."""

    owner_id: UUID
    actor_id: UUID
    part: str
    expires_at: datetime


def make_link(*, owner_id: UUID, actor_id: UUID, part: str, now: datetime) -> FileLink:
    """A link that holds from now on for its five minutes."""
    return FileLink(owner_id=owner_id, actor_id=actor_id, part=part, expires_at=(now + LIFE).replace(microsecond=0))


def write_token(link: FileLink, *, secret: str, purpose: bytes = DOCUMENT) -> str:
    """The signed link as text for a path."""
    deadline = int(link.expires_at.timestamp()).to_bytes(5, "big")
    named = link.owner_id.bytes + link.actor_id.bytes + deadline + link.part.encode()
    return urlsafe_b64encode(_sign(secret, purpose + named) + named).decode().rstrip("=")


def read_token(token: str, *, secret: str, now: datetime, purpose: bytes = DOCUMENT) -> FileLink:
    """Raises FileLinkInvalid, FileLinkExpired."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, named = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, _sign(secret, purpose + named)):
            raise FileLinkInvalid
        link = FileLink(
            owner_id=UUID(bytes=named[:_ID]),
            actor_id=UUID(bytes=named[_ID : 2 * _ID]),
            part=named[2 * _ID + 5 :].decode(),
            expires_at=datetime.fromtimestamp(int.from_bytes(named[2 * _ID : 2 * _ID + 5], "big"), UTC),
        )
    except ValueError as fault:
        raise FileLinkInvalid from fault
    if link.expires_at <= now:
        raise FileLinkExpired
    return link


def _sign(secret: str, named: bytes) -> bytes:
    return hmac.digest(secret.encode(), named, sha256)
