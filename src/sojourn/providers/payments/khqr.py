"""KHQR: the text in a Bakong code. EMVCo's merchant-presented format with Cambodia's templates 29, 30 and 99.

Fields are tag, length and value; the length counts characters, not bytes.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

CURRENCY_CODES: Final = {"USD": "840", "KHR": "116"}
LONGEST_ACCOUNT: Final = 32
LONGEST_NAME: Final = 25
LONGEST_CITY: Final = 15
LONGEST_LABEL: Final = 25
LONGEST_BANK: Final = 32
_ANY_MERCHANT: Final = "5999"
_CRC_TAG: Final = "6304"


class KhqrInvalid(ValueError):
    """A part does not fit the format; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Whose account is paid. With `merchant_id` (given by the acquiring bank) it is a merchant's, else a person's."""

    account_id: str
    name: str
    city: str
    merchant_id: str | None = None
    acquiring_bank: str | None = None

    def __post_init__(self) -> None:
        user, at, bank = self.account_id.partition("@")
        if not (user and at and bank) or "@" in bank or len(self.account_id) > LONGEST_ACCOUNT:
            raise KhqrInvalid(f"a Bakong account looks like name@bank and has at most {LONGEST_ACCOUNT} characters")
        _refuse_unless_within("merchant name", self.name, LONGEST_NAME)
        _refuse_unless_within("merchant city", self.city, LONGEST_CITY)
        if self.merchant_id is None:
            return
        _refuse_unless_within("merchant id", self.merchant_id, LONGEST_BANK)
        _refuse_unless_within("acquiring bank", self.acquiring_bank or "", LONGEST_BANK)


def khqr_text(
    payee: Payee,
    *,
    amount: Decimal,
    currency: str,
    bill_number: str,
    terminal: str | None = None,
    created_at: datetime,
    expires_at: datetime,
) -> str:
    """The text of a code for one payment of exactly `amount`, until `expires_at`. Raises KhqrInvalid."""
    _refuse_unless_within("bill number", bill_number, LONGEST_LABEL)
    notes = _field("01", bill_number)
    if terminal is not None:
        _refuse_unless_within("terminal label", terminal, LONGEST_LABEL)
        notes += _field("07", terminal)
    life = _field("00", _milliseconds(created_at)) + _field("01", _milliseconds(expires_at))
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),  # dynamic: made for one payment
            _account(payee),
            _field("52", _ANY_MERCHANT),
            _field("53", _currency_code(currency)),
            _field("54", _amount(amount, currency)),
            _field("58", "KH"),
            _field("59", payee.name),
            _field("60", payee.city),
            _field("62", notes),
            _field("99", life),
            _CRC_TAG,
        )
    )
    return text + checksum(text)


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE of everything up to and with the checksum's own tag and length; four hex digits."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def _account(payee: Payee) -> str:
    if payee.merchant_id is None:
        return _field("29", _field("00", payee.account_id))
    merchant = _field("01", payee.merchant_id) + _field("02", payee.acquiring_bank or "")
    return _field("30", _field("00", payee.account_id) + merchant)


def _field(tag: str, value: str) -> str:
    if not 0 < len(value) < 100:
        raise KhqrInvalid(f"field {tag} has {len(value)} characters")
    return f"{tag}{len(value):02d}{value}"


def _refuse_unless_within(part: str, value: str, longest: int) -> None:
    if not 0 < len(value) <= longest or not value.isprintable():
        raise KhqrInvalid(f"the {part} must have 1 to {longest} printable characters")


def _currency_code(currency: str) -> str:
    try:
        return CURRENCY_CODES[currency]
    except KeyError:
        raise KhqrInvalid(f"{currency!r} is none of {', '.join(CURRENCY_CODES)}") from None


def _amount(amount: Decimal, currency: str) -> str:
    """Whole amounts without decimals, others with two; riel are always whole."""
    # Thirteen characters are what the format has room for.
    cents = amount.quantize(Decimal("0.01")) if amount.is_finite() and 0 < amount < 10**10 else Decimal(0)
    is_whole = cents == cents.to_integral_value()
    if cents != amount or cents == 0 or (currency == "KHR" and not is_whole):
        raise KhqrInvalid(f"{amount} {currency} cannot be asked for")
    return f"{cents:.0f}" if is_whole else f"{cents:.2f}"


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
