"""Payments and refunds: rows and wire."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.platform.kit.wire import Money, MoneyIn, Wire
from sojourn.sales.payments.payable import PurchaseKind


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"


class PaymentMethod(StrEnum):
    CARD = "CARD"
    BAKONG_QR = "BAKONG_QR"
    PAYPAL = "PAYPAL"


class Disposition(StrEnum):
    """What became of money that arrived (docs/payments.md)."""

    APPLIED = "APPLIED"
    LATE = "LATE"
    DUPLICATE = "DUPLICATE"
    CANCELLED_PURCHASE = "CANCELLED_PURCHASE"
    MISMATCH = "MISMATCH"


class RefundState(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RefundCause(StrEnum):
    CANCELLATION = "CANCELLATION"
    LATE = "LATE"
    DUPLICATE = "DUPLICATE"
    CANCELLED_PURCHASE = "CANCELLED_PURCHASE"
    MISMATCH = "MISMATCH"
    STAFF = "STAFF"
    MODIFICATION = "MODIFICATION"
    PROVIDER = "PROVIDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay a purchase, as stored. Amounts are in `currency`."""

    id: UUID
    purchase_kind: PurchaseKind
    purchase_id: UUID
    user_id: UUID
    reference: str
    provider: str
    provider_intent_id: str | None
    client_secret: str | None
    amount: Decimal
    currency: str
    status: PaymentStatus
    method: PaymentMethod
    is_live: bool
    captured_amount: Decimal
    refunded_amount: Decimal
    disposition: Disposition | None
    payment_attempts: int
    closed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund of one payment, as stored."""

    id: UUID
    payment_id: UUID
    amount: Decimal
    currency: str
    status: RefundState
    cause: RefundCause
    reason: str | None
    provider_refund_id: str | None
    attempts: int


IntentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=100)]


class PurchaseChoice(Wire):
    """Exactly one of the two names the purchase."""

    order_id: UUID | None = None
    booking_id: UUID | None = None
    change_id: UUID | None = Field(None, description="A change of a booking that waits for its price difference.")


class IntentIn(PurchaseChoice):
    """`amount` and `currency` may be sent; they must then be what is due."""

    amount: MoneyIn | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_upper=True)] | None = None


class IntentOut(Wire):
    """What a frontend needs to collect the card: hand `client_secret` to Stripe Elements."""

    payment_id: UUID
    payment_intent_id: str
    client_secret: str | None
    amount: Money
    currency: str
    status: PaymentStatus
    expires_at: datetime | None


class ConfirmIn(PurchaseChoice):
    payment_intent_id: IntentId


class RefundIn(Wire):
    """Without `amount`, all that is left is refunded."""

    amount: Annotated[MoneyIn, Field(gt=0)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class RefundOut(Wire):
    id: UUID
    amount: Money
    currency: str
    status: RefundState
    cause: RefundCause
    reason: str | None
    failure_reason: str | None
    requested_at: datetime
    settled_at: datetime | None


class PaymentOut(Wire):
    """A payment as both documents name its fields; amounts in `currency`."""

    id: UUID
    order_id: UUID | None
    booking_id: UUID | None
    user_id: UUID
    reference: str
    amount: Money
    amount_usd: Money
    currency: str
    status: PaymentStatus
    payment_method: PaymentMethod
    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    stripe_event_id: str | None
    card_last4: str | None
    card_brand: str | None
    failure_code: str | None
    failure_message: str | None
    failure_reason: str | None
    payment_attempts: int
    disposition: Disposition | None
    dispute_status: str | None
    refund_amount: Money
    refund_amount_usd: Money
    refund_reason: str | None
    qr_code_url: str | None
    paid_at: datetime | None
    refunded_at: datetime | None
    created_at: datetime
    updated_at: datetime
    refunds: list[RefundOut]


class WebhookAnswer(Wire):
    """`status` is `processed`, `already_processed` or `stored` (kept, and tried again by a timer)."""

    status: str


class PageIn(Wire):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20
