"""Stripe's test cards and what each of them does."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sojourn.sandbox.errors import CardError, ParameterError


class Outcome(StrEnum):
    PAYS = "pays"
    DECLINES = "declines"
    AUTHENTICATES = "authenticates"
    FAILS_REFUNDS = "fails_refunds"
    DELAYS_REFUNDS = "delays_refunds"
    DISPUTES = "disputes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One test card. `code`, `decline_code` and `message` are what a decline says."""

    number: str
    label: str
    brand: str = "visa"
    outcome: Outcome = Outcome.PAYS
    code: str = "card_declined"
    decline_code: str | None = None
    message: str = "Your card was declined."

    @property
    def fingerprint(self) -> str:
        """The same for the same number, as Stripe's is; says nothing about the number."""
        return hashlib.sha256(f"sandbox {self.number}".encode()).hexdigest()[:16]

    def decline(self) -> CardError:
        return CardError(self.message, code=self.code, decline_code=self.decline_code)


_INSUFFICIENT = "Your card has insufficient funds."
_EXPIRED = "Your card has expired."
_CVC = "Your card's security code is incorrect."
_PROCESSING = "An error occurred while processing your card. Try again in a little bit."

TEST_CARDS = (
    Card(number="4242424242424242", label="Visa"),
    Card(number="4000056655665556", label="Visa debit"),
    Card(number="5555555555554444", label="Mastercard", brand="mastercard"),
    Card(number="378282246310005", label="American Express", brand="amex"),
    Card(number="4000000000000002", label="Declined", outcome=Outcome.DECLINES, decline_code="generic_decline"),
    Card(
        number="4000000000009995",
        label="No funds",
        outcome=Outcome.DECLINES,
        decline_code="insufficient_funds",
        message=_INSUFFICIENT,
    ),
    Card(
        number="4000000000000069",
        label="Expired",
        outcome=Outcome.DECLINES,
        code="expired_card",
        message=_EXPIRED,
    ),
    Card(
        number="4000000000000127",
        label="Wrong CVC",
        outcome=Outcome.DECLINES,
        code="incorrect_cvc",
        message=_CVC,
    ),
    Card(
        number="4000000000000119",
        label="Processing error",
        outcome=Outcome.DECLINES,
        code="processing_error",
        message=_PROCESSING,
    ),
    Card(number="4000002500003155", label="3-D Secure", outcome=Outcome.AUTHENTICATES),
    Card(number="4000002760003184", label="3-D Secure, always", outcome=Outcome.AUTHENTICATES),
    Card(number="4000000000003220", label="3-D Secure 2", outcome=Outcome.AUTHENTICATES),
    Card(number="4000000000005126", label="Refund fails later", outcome=Outcome.FAILS_REFUNDS),
    Card(number="4000000000007726", label="Refund is slow", outcome=Outcome.DELAYS_REFUNDS),
    Card(number="4000000000000259", label="Disputed later", outcome=Outcome.DISPUTES),
)
_BY_NUMBER = {card.number: card for card in TEST_CARDS}
_BY_FINGERPRINT = {card.fingerprint: card for card in TEST_CARDS}

TEST_METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_threeDSecureRequired": "4000000000003220",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_createDispute": "4000000000000259",
}


def card_by_number(number: str) -> Card:
    """The test card with this number.

    Raises:
        CardError: not a card number (`incorrect_number`), or a real one where only test cards pay.
    """
    digits = number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 and _passes_luhn(digits)):
        raise CardError("Your card number is incorrect.", code="incorrect_number", param="number")
    card = _BY_NUMBER.get(digits)
    if card is None:
        raise CardError(
            "Your card was declined. Your request was in test mode, but used a non test card.",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    return card


def card_by_method_name(name: str) -> Card | None:
    number = TEST_METHODS.get(name)
    return None if number is None else _BY_NUMBER[number]


def card_by_fingerprint(fingerprint: str) -> Card:
    return _BY_FINGERPRINT[fingerprint]


def refuse_expired(exp_year: int, exp_month: int, *, this_year: int, this_month: int) -> None:
    """Raise when the card's last month is over.

    Raises:
        ParameterError: `invalid_expiry_year` with the field's name.
    """
    if (exp_year, exp_month) < (this_year, this_month):
        raise ParameterError(
            "Your card's expiration year is invalid.", code="invalid_expiry_year", param="card[exp_year]"
        )


def _passes_luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
