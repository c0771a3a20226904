"""Identifiers and the references people read aloud."""

import secrets
import time
from uuid import UUID

# No I, O, 0, 1, 2, 5, 6: letters and digits that are misread or misheard (rules, section 5).
REFERENCE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ3789"


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits, so that new rows sit together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62
    return UUID(int=value | random & 0x3FFF_FFFF_FFFF_FFFF)


def new_reference(prefix: str, *, length: int = 8) -> str:
    """`prefix-XXXXXXXX` over an alphabet without look-alikes. A reference is never a credential."""
    drawn = secrets.randbelow(len(REFERENCE_ALPHABET) ** length)  # all letters at once: one call for random bits
    letters = []
    for _ in range(length):
        drawn, place = divmod(drawn, len(REFERENCE_ALPHABET))
        letters.append(REFERENCE_ALPHABET[place])
    return f"{prefix}-{''.join(letters)}"


def new_secret() -> str:
    """256 random bits, URL-safe: for links and refresh tokens. Only its hash is stored."""
    return secrets.token_urlsafe(32)
