"""Invoices and credit notes: rows and wire."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.platform.kit.wire import Money, Wire
from sojourn.sales.invoices.rendering import InvoiceKind
from sojourn.sales.purchases import PurchaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice or credit note as it was issued; `document` is the JSON of an `InvoiceDocument`."""

    id: UUID
    kind: InvoiceKind
    number: str
    user_id: UUID
    payment_id: UUID
    refund_id: UUID | None
    corrects_id: UUID | None
    total: Decimal
    currency: str
    document: dict[str, Any]
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """A price line, as the purchase was sold."""

    kind: str
    description: str
    quantity: int
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPurchase:
    """What an invoice is made of: a captured payment, what it paid and who paid it."""

    payment_id: UUID
    purchase_kind: PurchaseKind
    purchase_id: UUID
    user_id: UUID
    is_applied: bool
    captured_amount: Decimal
    currency: str
    method: str
    card_brand: str | None
    card_last4: str | None
    paid_at: datetime | None
    reference: str
    title: str
    language: str
    priced_in: str
    buyer_name: str
    buyer_email: str
    buyer_phone: str | None
    buyer_country: str | None
    lines: tuple[PaidLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRefund:
    """A refund that has gone out, of the payment `payment_id`."""

    id: UUID
    payment_id: UUID
    amount: Decimal
    currency: str
    settled_at: datetime


class InvoiceOut(Wire):
    """An invoice, a credit note that corrects the invoice `corrects_id`, or a debit note that takes the credit note
    `corrects_id` back because its refund did not arrive. `total` is positive in all."""

    id: UUID
    kind: InvoiceKind
    number: str
    reference: str
    title: str
    order_id: UUID | None
    booking_id: UUID | None
    payment_id: UUID
    refund_id: UUID | None
    corrects_id: UUID | None
    total: Money
    currency: str
    issued_at: datetime
