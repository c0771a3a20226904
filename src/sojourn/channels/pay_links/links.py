"""Links by which a booking is paid without signing in: signed, good until its hold ends, and good for nothing else.

Whoever has one sees what is bought and may pay for it. Nobody can cancel, change or read anything more with it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sojourn.channels.pay_links.errors import PayLinkExpired, PayLinkInvalid
from sojourn.platform.http.context import Runtime
from sojourn.sales.purchases import PurchaseKind

_SIGNATURE = 32
_ID = 16
_DEADLINE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLink:
    """What it pays for, until when (whole seconds)."""

    kind: PurchaseKind
    purchase_id: UUID
    expires_at: datetime


def pay_url(link: PayLink, *, runtime: Runtime) -> str:
    """The page that the link opens."""
    token = write_token(link, secret=runtime.access_secret)
    return f"{runtime.public_url}{runtime.storefront.prefix}/pay/{token}"


def write_token(link: PayLink, *, secret: str) -> str:
    """The signed link as text for a path."""
    deadline = int(link.expires_at.timestamp()).to_bytes(_DEADLINE, "big")
    named = link.purchase_id.bytes + deadline + link.kind.value.encode()
    return urlsafe_b64encode(_sign(secret, named) + named).decode().rstrip("=")


def read_token(token: str, *, secret: str, now: datetime) -> PayLink:
    """Raises PayLinkInvalid, PayLinkExpired."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, named = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, _sign(secret, named)):
            raise PayLinkInvalid
        link = PayLink(
            purchase_id=UUID(bytes=named[:_ID]),
            expires_at=datetime.fromtimestamp(int.from_bytes(named[_ID : _ID + _DEADLINE], "big"), UTC),
            kind=PurchaseKind(named[_ID + _DEADLINE :].decode()),
        )
    except ValueError as fault:
        raise PayLinkInvalid from fault
    if link.expires_at <= now:
        raise PayLinkExpired
    return link


def _sign(secret: str, named: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"pay:" + named, sha256)
