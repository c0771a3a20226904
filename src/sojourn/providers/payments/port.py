"""What `sales/payments` may ask of a card processor, in words no vendor owns.

Amounts are whole minor units (`to_minor`), currencies upper-case ISO 4217, times UTC. Every call that moves money
carries an idempotency key: after `ProviderUnavailable` the outcome is unknown, and the same key must be sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from typing import Protocol

# Digits after the point as the processors bill them. KHR has sen on paper only, yet cards bill it with two decimals.
_DECIMALS = {"USD": 2, "KHR": 2}
# Processors take eight digits of minor units, some currencies a few more; twelve is what the database keeps.
_MINOR_DIGITS = 12
_EXACT = Context(prec=_MINOR_DIGITS, traps=[Inexact, InvalidOperation])


class IntentMethod(StrEnum):
    """How an intent is paid. A card is collected on our own page; PayPal's customer is sent away and comes back."""

    CARD = "card"
    PAYPAL = "paypal"


class IntentStatus(StrEnum):
    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class RefundStatus(StrEnum):
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class EventKind(StrEnum):
    INTENT_SUCCEEDED = "intent_succeeded"
    INTENT_FAILED = "intent_failed"
    INTENT_CANCELED = "intent_canceled"
    INTENT_PROCESSING = "intent_processing"
    INTENT_REQUIRES_ACTION = "intent_requires_action"
    REFUND_CHANGED = "refund_changed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_CLOSED = "dispute_closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderIntent:
    """One attempt to collect one amount. `charge_id`, `charged_at` and the card describe its latest charge, if any."""

    id: str
    client_secret: str | None
    status: IntentStatus
    amount_minor: int
    amount_received_minor: int
    currency: str
    metadata: Mapping[str, str]
    is_live: bool
    created_at: datetime
    charge_id: str | None
    charged_at: datetime | None
    method: str
    card_brand: str | None
    card_last4: str | None
    card_fingerprint: str | None
    failure_code: str | None
    failure_message: str | None
    action_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    id: str
    intent_id: str | None
    charge_id: str | None
    status: RefundStatus
    amount_minor: int
    currency: str
    failure_reason: str | None
    metadata: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDispute:
    """A cardholder's objection. `status` is the vendor's own word: staff read it, nothing is decided on it."""

    id: str
    intent_id: str | None
    charge_id: str | None
    status: str
    amount_minor: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """A verified webhook. At most one of intent, refund, dispute is set; `intent_id` is set whenever one is named.

    A `REFUND_CHANGED` without refund says only that something changed on `intent_id`: list its refunds.
    """

    id: str
    kind: EventKind
    name: str
    created_at: datetime
    is_live: bool
    intent: ProviderIntent | None
    refund: ProviderRefund | None
    dispute: ProviderDispute | None
    intent_id: str | None


class ProviderError(Exception):
    """Base of everything a processor's call may raise. `code` is stable and may be stored or shown to staff."""

    is_retryable = False

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProviderUnavailable(ProviderError):
    """Network, timeout, 5xx or 429: the outcome is unknown; try again with the same idempotency key."""

    is_retryable = True


class ProviderRefused(ProviderError):
    """The processor understood and said no (declined card, invalid request); trying again changes nothing."""


class ProviderObjectMissing(ProviderError):
    """The processor knows no such intent or refund under this account."""


class ProviderMisconfigured(ProviderError):
    """Raised by constructors only: keys, flags and addresses that contradict each other must not start a process."""


class BadSignature(ProviderError):
    """The webhook was not signed by the processor, or was signed too long ago (or ahead)."""


class UnreadableEvent(ProviderError):
    """The webhook is signed, but not an event this port can read."""


class AmountNotBillable(ValueError):
    """No processor takes this amount: unknown currency, too many decimals, not finite, negative, or too large."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _decimals(currency: str) -> int:
    try:
        return _DECIMALS[currency]
    except KeyError:
        raise AmountNotBillable(f"currency {currency!r} is not billed here", code="currency_unknown") from None


def to_minor(amount: Decimal, currency: str) -> int:
    """`Decimal("12.34"), "USD"` -> 1234. Never rounds: more decimals than the currency has raise AmountNotBillable."""
    decimals = _decimals(currency)
    if not amount.is_finite():
        raise AmountNotBillable("the amount is not a number", code="amount_invalid")
    if amount < 0:
        raise AmountNotBillable("the amount is negative", code="amount_out_of_range")
    try:
        exact = amount.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    except Inexact:
        raise AmountNotBillable(f"{currency} has {decimals} decimals", code="amount_too_precise") from None
    except InvalidOperation:
        raise AmountNotBillable("the amount is too large", code="amount_out_of_range") from None
    return int(exact.scaleb(decimals))


def from_minor(minor: int, currency: str) -> Decimal:
    """1234, "USD" -> `Decimal("12.34")`, with exactly the currency's decimals."""
    decimals = _decimals(currency)
    if not 0 <= minor < 10**_MINOR_DIGITS:
        raise AmountNotBillable("the amount is out of range", code="amount_out_of_range")
    return Decimal(minor).scaleb(-decimals)


class PaymentProvider(Protocol):
    """A card processor. Calls raise ProviderUnavailable, ProviderRefused or ProviderObjectMissing, nothing else."""

    @property
    def name(self) -> str:
        """Stable key stored with payments and inbox rows, e.g. "stripe"."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether it moves real money."""
        ...

    async def create_intent(
        self,
        *,
        amount_minor: int,
        currency: str,
        method: IntentMethod,
        idempotency_key: str,
        metadata: Mapping[str, str],
        description: str,
        receipt_email: str | None,
    ) -> ProviderIntent: ...

    async def begin_paypal(self, *, intent_id: str, return_url: str) -> ProviderIntent:
        """Send the customer to PayPal: the answer's `action_url` is where to; they come back to `return_url`."""
        ...

    async def get_intent(self, *, intent_id: str) -> ProviderIntent:
        """The intent as the processor has it now, with its latest charge."""
        ...

    async def cancel_intent(self, *, intent_id: str) -> ProviderIntent:
        """Cancel it; one that can no longer be canceled (paid, canceled) is returned as it is: look at the status."""
        ...

    async def create_refund(
        self,
        *,
        intent_id: str,
        amount_minor: int,
        idempotency_key: str,
        reason: str | None,
        metadata: Mapping[str, str],
    ) -> ProviderRefund: ...

    async def get_refund(self, *, refund_id: str) -> ProviderRefund: ...

    async def list_refunds(self, *, intent_id: str) -> Sequence[ProviderRefund]:
        """Every refund of the intent, newest first."""
        ...

    def parse_event(self, *, payload: bytes, signature: str, now: datetime) -> ProviderEvent:
        """Verify the signature over the raw bytes, then read them. Raises BadSignature or UnreadableEvent."""
        ...

    def read_event(self, *, payload: bytes) -> ProviderEvent:
        """Read an event that was verified before it was stored. Raises UnreadableEvent."""
        ...

    async def aclose(self) -> None: ...
