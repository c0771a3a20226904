"""Invoices and credit notes as PDF: what stands on one, and how it is drawn."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from sojourn.platform.i18n import Language

HexColor = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class InvoiceKind(StrEnum):
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seller(_Plain):
    """The agency; `brand_color` (`#rrggbb`) tints its documents, `time_zone` (IANA) is where its clock hangs."""

    name: str
    address_lines: tuple[str, ...]
    tax_id: str | None = None
    email: str
    brand_color: HexColor
    time_zone: str


class Buyer(_Plain):
    name: str
    email: str
    phone: str | None = None
    country: str | None = None


class InvoiceLine(_Plain):
    """`amount` is quantity x unit price, rounded once where the price was made; it is not computed again here."""

    description: str
    quantity: Annotated[int, Field(ge=1)] = 1
    unit_price: Decimal
    amount: Decimal


class DiscountLine(_Plain):
    """`amount` is negative on an invoice, as it is subtracted."""

    description: str
    amount: Decimal


class InvoiceDocument(_Plain):
    """Everything printed on one invoice or credit note, as it was frozen at issue.

    `corrects_number` names the invoice a credit note corrects. Amounts of a credit note are given as positive
    numbers: the title says which way the money goes. `payment_method` is shown as given ("Visa **** 4242").
    """

    kind: InvoiceKind
    number: str
    issued_on: date
    language: Language
    seller: Seller
    buyer: Buyer
    reference: str
    title: str
    lines: Annotated[tuple[InvoiceLine, ...], Field(min_length=1)]
    subtotal: Decimal
    discounts: tuple[DiscountLine, ...] = ()
    total: Decimal
    currency: Currency
    paid_at: AwareDatetime | None = None
    payment_method: str | None = None
    corrects_number: str | None = None
    note: str | None = None
