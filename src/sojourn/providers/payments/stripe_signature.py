"""The `Stripe-Signature` header: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, one v1 per secret in use."""

import hmac
from collections.abc import Sequence
from datetime import datetime

from sojourn.providers.payments.port import BadSignature

TOLERANCE_SECONDS = 300
_LONGEST_HEADER = 1024
_LONGEST_TIME = 12


def _parts(header: str) -> tuple[str, list[bytes]]:
    times: list[str] = []
    signatures: list[bytes] = []
    for part in header.split(","):
        key, _, value = part.strip().partition("=")
        if key == "t":
            times.append(value)
        elif key == "v1":
            signatures.append(value.encode("ascii"))
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > _LONGEST_TIME or not signatures:
        raise BadSignature("the signature header is malformed", code="signature_malformed")
    return times[0], signatures


def verify(*, payload: bytes, header: str, secrets: Sequence[bytes], now: datetime) -> None:
    """Raise BadSignature unless one of `secrets` signed these bytes within 300 s of `now` (aware), either way."""
    if len(header) > _LONGEST_HEADER or not header.isascii():
        raise BadSignature("the signature header is malformed", code="signature_malformed")
    signed_at, signatures = _parts(header)
    message = signed_at.encode("ascii") + b"." + payload
    is_genuine = False
    for secret in secrets:
        expected = hmac.digest(secret, message, "sha256").hex().encode("ascii")
        for signature in signatures:
            is_genuine |= hmac.compare_digest(expected, signature)
    if not is_genuine:
        raise BadSignature("the signature does not match", code="signature_mismatch")
    # After the comparison, so that a stranger learns nothing about our clock.
    if abs(now.timestamp() - int(signed_at)) > TOLERANCE_SECONDS:
        raise BadSignature("the signature is too old or in the future", code="signature_expired")
