"""The one-click way out of mails that nobody has to get (RFC 8058). A link says who and from what, and is signed."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from sojourn.care.notifications.errors import UnsubscribeLinkInvalid
from sojourn.care.notifications.mails import MailKind
from sojourn.platform.http.context import Runtime

_SIGNATURE_BYTES = 16


def unsubscribe_url(runtime: Runtime, *, user_id: UUID, kind: MailKind) -> str:
    """Always the same for one person and kind: a mail that is sent again is the same mail to the byte."""
    named = user_id.bytes + kind.value.encode()
    token = urlsafe_b64encode(_sign(runtime.access_secret, named) + named).decode().rstrip("=")
    return f"{runtime.public_url}{runtime.storefront.prefix}/notifications/unsubscribe?token={token}"


def read_token(token: str, *, secret: str) -> tuple[UUID, MailKind]:
    """Whose link it is and from what it unsubscribes. Raises `UnsubscribeLinkInvalid`."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, named = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _sign(secret, named)):
            raise UnsubscribeLinkInvalid
        return UUID(bytes=named[:16]), MailKind(named[16:].decode())
    except ValueError as fault:
        raise UnsubscribeLinkInvalid from fault


def _sign(secret: str, named: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"unsubscribe:" + named, sha256)[:_SIGNATURE_BYTES]
