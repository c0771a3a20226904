"""Identifiers and the references people read aloud."""

import os
import secrets
import struct
import time
from uuid import UUID

# No I, O, 0, 1, 2, 5, 6: letters and digits that are misread or misheard (rules, section 5).
REFERENCE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ3789"
# The first four come in 10 of 256 bytes, the others in 9: a letter is worth a thousandth of a bit less.
_LETTER_OF_BYTE = bytes(ord(REFERENCE_ALPHABET[byte % len(REFERENCE_ALPHABET)]) for byte in range(256))
_NANOSECONDS = 1_000_000  # of a millisecond
# The system is asked for the bits of many ids at once: asking is what takes the time. None are left to a child, which
# would make the same ids of them.
_spare: list[int] = []
_SPARE_IDS = 256
os.register_at_fork(after_in_child=_spare.clear)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, method 3 of section 6.2), so that new rows sit together in an index. Of two that one process
    makes in statements of their own, the later is the greater."""
    return UUID(int=stamp(time.time_ns()) | 0x7 << 76 | 0b10 << 62 | _random_bits() >> 2)


def _random_bits() -> int:
    """64 of them."""
    while True:
        try:
            return _spare.pop()
        except IndexError:  # also where another thread was quicker
            _spare.extend(struct.unpack(f"{_SPARE_IDS}Q", os.urandom(8 * _SPARE_IDS)))


def stamp(nanoseconds: int) -> int:
    """Where a UUIDv7 of that moment since 1970 stands: 48 bits of milliseconds, and 12 of the fraction behind the
    version's four."""
    milliseconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | ((rest << 12) // _NANOSECONDS) << 64


def new_reference(prefix: str, *, length: int = 8) -> str:
    """`prefix-XXXXXXXX` over an alphabet without look-alikes. A reference is never a credential."""
    return f"{prefix}-{secrets.token_bytes(length).translate(_LETTER_OF_BYTE).decode()}"


def new_secret() -> str:
    """256 random bits, URL-safe: for links and refresh tokens. Only its hash is stored."""
    return secrets.token_urlsafe(32)
