"""A KHQR code as a bank's app reads it."""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import md5

CURRENCIES = {"840": "USD", "116": "KHR"}
_ACCOUNT_TAGS = ("29", "30")
_CRC_FIELD_LENGTH = 8


class NotKhqr(ValueError):
    """No bank's app would pay this; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What the payer sees. Times in milliseconds since 1970."""

    text: str
    account: str
    name: str
    city: str
    amount: Decimal
    currency: str
    bill: str
    expires_ms: int

    @property
    def digest(self) -> str:
        return md5(self.text.encode(), usedforsecurity=False).hexdigest()


def scan(text: str) -> Scanned:
    """Raises NotKhqr."""
    fields = _fields(text)
    if _crc(text[: -_CRC_FIELD_LENGTH + 4]) != fields.get("63"):
        raise NotKhqr("The code is damaged: its checksum does not fit.")
    account = next((_fields(fields[tag]).get("00", "") for tag in _ACCOUNT_TAGS if tag in fields), "")
    currency = CURRENCIES.get(fields.get("53", ""))
    if not account or currency is None or "54" not in fields or "99" not in fields:
        raise NotKhqr("This is no KHQR code for one payment.")
    return Scanned(
        text=text,
        account=account,
        name=fields.get("59", ""),
        city=fields.get("60", ""),
        amount=Decimal(fields["54"]),
        currency=currency,
        bill=_fields(fields.get("62", "")).get("01", ""),
        expires_ms=int(_fields(fields["99"]).get("01", "0")),
    )


def _fields(text: str) -> dict[str, str]:
    found, at = {}, 0
    while at < len(text):
        tag, length = text[at : at + 2], text[at + 2 : at + 4]
        value = text[at + 4 : at + 4 + int(length)] if _is_digits(length) else ""
        if not _is_digits(tag) or not value or len(value) != int(length):
            raise NotKhqr("This is no KHQR code.")
        found[tag] = value
        at += 4 + len(value)
    return found


def _is_digits(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdigit()


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE, bit by bit."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return f"{register:04X}"
