"""Invoices and credit notes as PDF: what stands on one, and how it is drawn."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from sojourn.platform.colors import ink_on
from sojourn.platform.i18n import Language, format_date, format_datetime, format_money, format_number
from sojourn.platform.pdf import render_pdf

HexColor = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]

_TEMPLATES = Path(__file__).parent / "templates"
_UNBROKEN = re.compile(r"[!-~]{24}(?=[!-~]{8})")
_BREAK_MARK = "\N{ZERO WIDTH SPACE}"
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class InvoiceKind(StrEnum):
    """A debit note takes a credit note back whose refund has failed after all."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    DEBIT_NOTE = "DEBIT_NOTE"


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

    `corrects_number` names the invoice a credit note corrects, or the credit note a debit note takes back. Amounts of
    both are given as positive numbers: the title says which way the money goes. `payment_method` is shown as given
    ("Visa **** 4242").
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


def render_invoice(document: InvoiceDocument) -> bytes:
    """The document as PDF, the same bytes each time. Some milliseconds of CPU: call it in a thread from async code."""
    zone = ZoneInfo(document.seller.time_zone)
    return render_pdf(
        template=_TEMPLATES / "invoice.typ",
        data=_printed(document, zone),
        created_at=datetime.combine(document.issued_on, time(), tzinfo=zone),
    )


def _printed(document: InvoiceDocument, zone: ZoneInfo) -> dict[str, object]:
    """What the template prints: words and values in the document's language, nothing left to compute."""
    labels = _labels()[document.language]
    seller, buyer = document.seller, document.buyer
    tax_line = f"{labels['tax_id']}: {seller.tax_id}" if seller.tax_id else None
    is_translated = document.language is not Language.EN
    return {
        "lang": document.language.value,
        "labels": labels,
        "heading": labels[document.kind],
        "heading_en": _labels()[Language.EN][document.kind] if is_translated else None,
        "number": document.number,
        "title": _breakable(document.title),
        "brand_color": seller.brand_color,
        "brand_ink": ink_on(seller.brand_color),
        "seller": {"name": seller.name, "lines": _present(*seller.address_lines, tax_line, seller.email)},
        "buyer": {"name": _breakable(buyer.name), "lines": _present(buyer.email, buyer.phone, buyer.country)},
        "facts": _facts(document, labels),
        "lines": [_row(line, document) for line in document.lines],
        "sums": _sums(document, labels),
        "total": [
            labels["total_credited" if document.kind is InvoiceKind.CREDIT_NOTE else "total"],
            _money(document.total, document),
        ],
        "settled": _settled(document, labels, zone),
        "note": _breakable(document.note) if document.note else None,
    }


def _facts(document: InvoiceDocument, labels: dict[str, str]) -> list[tuple[str, str]]:
    rows = [
        (labels["number"], document.number),
        (labels["issued_on"], format_date(document.issued_on, document.language)),
        (labels["reference"], document.reference),
    ]
    if document.corrects_number:
        corrects = "takes_back" if document.kind is InvoiceKind.DEBIT_NOTE else "corrects"
        rows.append((labels[corrects], document.corrects_number))
    return rows


def _row(line: InvoiceLine, document: InvoiceDocument) -> tuple[str, str, str, str]:
    return (
        _breakable(line.description),
        format_number(line.quantity, document.language),
        _money(line.unit_price, document),
        _money(line.amount, document),
    )


def _sums(document: InvoiceDocument, labels: dict[str, str]) -> list[tuple[str, str]]:
    """Subtotal and discounts; nothing where the total is all there is to say."""
    if not document.discounts and document.subtotal == document.total:
        return []
    discounts = [(_breakable(line.description), _money(line.amount, document)) for line in document.discounts]
    return [(labels["subtotal"], _money(document.subtotal, document)), *discounts]


def _settled(document: InvoiceDocument, labels: dict[str, str], zone: ZoneInfo) -> list[tuple[str, str]]:
    at, by = ("paid_at", "payment_method") if document.kind is InvoiceKind.INVOICE else ("refunded_at", "refund_method")
    rows = []
    if document.paid_at:
        rows.append((labels[at], format_datetime(document.paid_at, zone, document.language)))
    if document.payment_method:
        rows.append((labels[by], document.payment_method))
    return rows


def _money(amount: Decimal, document: InvoiceDocument) -> str:
    return format_money(amount, document.currency, document.language)


def _present(*parts: str | None) -> list[str]:
    return [_breakable(part) for part in parts if part]


def _breakable(text: str) -> str:
    """Long runs without a space may be broken, or they would run over the next column."""
    return _UNBROKEN.sub(lambda run: run.group() + _BREAK_MARK, text)


@cache
def _labels() -> dict[Language, dict[str, str]]:
    source = yaml.safe_load((_TEMPLATES / "labels.yaml").read_text(encoding="utf-8"))
    return {Language(key): words for key, words in source.items()}
