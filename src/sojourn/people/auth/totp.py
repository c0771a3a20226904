"""Codes of an authenticator app: TOTP (RFC 6238), six digits, half a minute, one step of clock skew either way."""

import hmac
import re
from datetime import datetime
from typing import TYPE_CHECKING

from sojourn.platform.kit.ids import new_reference
from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    import pyotp
    import segno
else:
    pyotp = lazily("pyotp")
    segno = lazily("segno")

STEP_SECONDS = 30
SKEW_STEPS = 1
RECOVERY_CODES = 10
_CODE = re.compile(r"\d{6}")
_QUIET = str.maketrans("", "", " -")


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 asks."""
    return pyotp.random_base32(32)


def otpauth_url(secret: str, *, account: str, issuer: str) -> str:
    """What authenticator apps read out of the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture(url: str) -> str:
    """The QR code as an SVG to be put into a page."""
    return segno.make(url, error="m").svg_inline(scale=4, dark="#000", light="#fff")


def normal(code: str) -> str:
    """A code without what people type between its letters."""
    return code.translate(_QUIET).upper()


def matching_step(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    """The half minute that `code` belongs to: now, or one beside it, and later than `after`; else None."""
    if not _CODE.fullmatch(code) or not code.isascii():
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in range(max(present - SKEW_STEPS, after + 1), present + SKEW_STEPS + 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), code):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes of 57 bits, to be written down: `ABCD-EFGH-JKLM`."""
    return ["-".join(_in_fours(new_reference("", length=12).removeprefix("-"))) for _ in range(RECOVERY_CODES)]


def _in_fours(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]
