"""Payments and refunds: rows and wire."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PlainSerializer, StringConstraints, WithJsonSchema

from sojourn.platform.http.files import Exportable
from sojourn.platform.kit.wire import Money, MoneyIn, PageIn, SortByTime, Wire
from sojourn.sales.payments.riel import as_charged, as_priced
from sojourn.sales.purchases import PurchaseKind


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
class Charge:
    """What one attempt asks for. `purchase_amount`: what that stands for, where the purchase has another currency."""

    amount: Decimal
    currency: str
    purchase_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay a purchase, as stored. Amounts are in `currency`.

    `purchase_amount` is what `amount` stands for in the purchase's currency, where that is another one; money that came
    in another currency than was asked for is counted, and refunded, in `captured_currency`.
    """

    id: UUID
    purchase_kind: PurchaseKind
    purchase_id: UUID
    user_id: UUID
    reference: str
    provider: str
    provider_intent_id: str | None
    provider_charge_id: str | None
    client_secret: str | None
    amount: Decimal
    currency: str
    purchase_amount: Decimal | None
    captured_currency: str | None
    status: PaymentStatus
    method: PaymentMethod
    is_live: bool
    captured_amount: Decimal
    refunded_amount: Decimal
    disposition: Disposition | None
    payment_attempts: int
    closed_at: datetime | None
    created_at: datetime

    @property
    def due(self) -> Decimal:
        """What was asked for, in the purchase's currency."""
        return self.amount if self.purchase_amount is None else self.purchase_amount

    @property
    def paid_in(self) -> str:
        """The currency of what was captured and of its refunds."""
        return self.captured_currency or self.currency

    def priced(self, part: Decimal) -> Decimal:
        """A part of what was charged, in the purchase's currency."""
        return part if self.purchase_amount is None else as_priced(part, charged=self.amount, due=self.purchase_amount)

    def charged(self, part: Decimal) -> Decimal:
        """A part of what was due, in the currency that was charged."""
        if self.purchase_amount is None:
            return part
        return as_charged(part, charged=self.amount, due=self.purchase_amount)


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


ExchangeRate = Annotated[
    Decimal,
    PlainSerializer(lambda rate: f"{rate.normalize():f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?$", "examples": ["4105.5"]}, "serialization"),
]
IntentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=100)]


class PurchaseChoice(Wire):
    """Exactly one of the two names the purchase."""

    order_id: UUID | None = None
    booking_id: UUID | None = None
    change_id: UUID | None = Field(None, description="A change of a booking that waits for its price difference.")


class IntentIn(PurchaseChoice):
    """`amount` and `currency` may be sent; they must then be what is due."""

    payment_method: Literal["CARD", "PAYPAL"] = "CARD"
    amount: MoneyIn | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$", to_upper=True)] | None = None


class IntentOut(Wire):
    """What a frontend needs to collect the card: hand `client_secret` to Stripe Elements. For PayPal, send the customer
    to `action_url`; they come back to the frontend's `/payments/return?payment_id=`, which then confirms."""

    payment_id: UUID
    payment_intent_id: str
    client_secret: str | None
    payment_method: PaymentMethod
    action_url: str | None
    amount: Money
    currency: str
    status: PaymentStatus
    expires_at: datetime | None


class QrIn(PurchaseChoice):
    """In riel, a price in dollars is charged at the day's rate, in whole riel rounded up to 100."""

    currency: Literal["USD", "KHR"] = "USD"


class QrOut(Wire):
    """A KHQR code for one payment: draw `qr_string`, or show the picture at `qr_code_url` (PNG) or `qr_svg_url`, which
    open as they are. `amount_usd` is what is due, `amount` what the code asks for, in `currency`."""

    payment_id: UUID
    qr_string: str
    md5: str
    qr_code_url: str
    qr_svg_url: str
    amount: Money
    currency: str
    amount_usd: Money
    exchange_rate: ExchangeRate | None = Field(description="Riel for one US dollar; null for a code in dollars.")
    rate_as_of: datetime | None
    status: PaymentStatus
    expires_at: datetime


class StatusOut(Wire):
    """How a payment stands. `disposition` says what became of money that has come."""

    payment_id: UUID
    status: PaymentStatus
    disposition: Disposition | None
    paid_at: datetime | None
    expires_at: datetime | None = Field(description="Until when a KHQR code may be paid; null for other methods.")


class ConfirmIn(PurchaseChoice):
    payment_intent_id: IntentId


class RefundIn(Wire):
    """Without `amount`, all that is left is refunded."""

    amount: Annotated[MoneyIn, Field(gt=0)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class RefundPolicyOut(Wire):
    """What cancelling now would bring the customer by the policy, in the purchase's currency."""

    tier: str
    percent: int
    amount: Money
    currency: str


class RefundPreview(Wire):
    """What may be given back of a payment, in the currency that was charged.

    `refundable_amount` is the most: what was captured, less what was refunded or is being refunded, less
    `non_refundable_amount` (a government fee that is spent). `policy` is for comparison and binds nobody at the desk;
    null where nothing can be cancelled any more.
    """

    payment_id: UUID
    reference: str
    currency: str
    captured_amount: Money
    refunded_amount: Money
    non_refundable_amount: Money
    refundable_amount: Money
    policy: RefundPolicyOut | None


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
    exchange_rate: ExchangeRate | None
    qr_code_url: str | None
    paid_at: datetime | None
    refunded_at: datetime | None
    created_at: datetime
    updated_at: datetime
    refunds: list[RefundOut]


class PayoutOut(Wire):
    """A refund that a person pays out. `payee_account` is the Bakong account the money came from."""

    refund_id: UUID
    payment_id: UUID
    purchase_reference: str
    order_id: UUID | None
    booking_id: UUID | None
    customer_name: str
    customer_email: str
    amount: Money
    currency: str
    status: RefundState
    cause: RefundCause
    reason: str | None
    payee_account: str | None
    reference: str | None
    paid_out_by: UUID | None
    paid_out_at: datetime | None
    requested_at: datetime


class SettleIn(Wire):
    """`reference`: of the bank transfer by which the refund was paid out."""

    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=100)]


class WebhookAnswer(Wire):
    """`status` is `processed`, `already_processed` or `stored` (kept, and tried again by a timer)."""

    status: str


class PayoutsIn(PageIn, Exportable):
    """`is_open`: only those still to be paid out (true) or already paid out (false)."""

    is_open: bool | None = None
    sort: SortByTime = SortByTime.NEWEST
