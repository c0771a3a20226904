"""KHQR codes drawn, for whoever has no scanner for text."""

import hmac
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import UUID

from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    import segno
else:
    segno = lazily("segno")

# The quiet border that EMVCo asks for, in modules; phones read codes down to some millimetres a module.
BORDER = 4
PNG_SCALE = 8
KEY_LENGTH = 32


def picture_key(payment_id: UUID, *, secret: str) -> str:
    """What opens the picture of one payment's code, and nothing else: all one can do with it is pay."""
    return hmac.new(secret.encode(), b"qr-picture:" + payment_id.bytes, sha256).hexdigest()[:KEY_LENGTH]


def is_key_of(key: str, payment_id: UUID, *, secret: str) -> bool:
    return hmac.compare_digest(key.encode(), picture_key(payment_id, secret=secret).encode())


def draw_png(payload: str) -> bytes:
    """Black on white, about 500 pixels wide."""
    drawn = BytesIO()
    _code(payload).save(drawn, kind="png", scale=PNG_SCALE, border=BORDER, dark="#000", light="#fff")
    return drawn.getvalue()


def draw_svg(payload: str) -> bytes:
    """Of any size; carries no script and loads nothing."""
    drawn = BytesIO()
    _code(payload).save(
        drawn, kind="svg", scale=PNG_SCALE, border=BORDER, dark="#000", light="#fff", omitsize=True, svgclass=None,
        lineclass=None,
    )  # fmt: skip
    return drawn.getvalue()


def _code(payload: str) -> "segno.QRCode":
    """Level M, as KHQR asks: a fifteenth of it may be dirty."""
    return segno.make_qr(payload, error="m", boost_error=False, encoding="utf-8")
