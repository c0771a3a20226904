"""From a paid purchase to the document that is frozen: pure functions."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from sojourn.platform.i18n import Language
from sojourn.platform.kit.money import ZERO
from sojourn.platform.storefront import Storefront
from sojourn.sales.invoices.models import PaidLine, PaidPurchase, SettledRefund
from sojourn.sales.invoices.rendering import Buyer, DiscountLine, InvoiceDocument, InvoiceKind, InvoiceLine, Seller
from sojourn.sales.purchases import PurchaseKind

_DISCOUNTS = frozenset({"STUDENT", "PROMOTION", "POINTS"})
# The number is given by the statement that stores the document, so that no number is lost.
UNNUMBERED = ""


def invoice_document(*, purchase: PaidPurchase, storefront: Storefront, issued_on: date) -> InvoiceDocument:
    """The invoice of a captured payment. Its total is what was captured."""
    language = Language(purchase.language)
    priced, discounts = _split(purchase.lines)
    adds_up = sum((line.amount for line in purchase.lines), ZERO) == purchase.captured_amount
    if not priced or not adds_up or purchase.priced_in != purchase.currency:
        # The price difference of a change, terms that changed since, or a charge in another currency: one line.
        priced, discounts = (_whole(purchase, language),), ()
    return InvoiceDocument(
        kind=InvoiceKind.INVOICE,
        number=UNNUMBERED,
        issued_on=issued_on,
        language=language,
        seller=_seller(storefront),
        buyer=_buyer(purchase),
        reference=purchase.reference,
        title=purchase.title,
        lines=priced,
        subtotal=sum((line.amount for line in priced), ZERO),
        discounts=discounts,
        total=purchase.captured_amount,
        currency=purchase.currency,
        paid_at=purchase.paid_at,
        payment_method=_method(purchase, language),
    )


def credit_note_document(
    *, invoice: InvoiceDocument, refund: SettledRefund, storefront: Storefront, issued_on: date
) -> InvoiceDocument:
    """The credit note for one refund of an invoiced payment; amounts are positive."""
    words = _phrases()[invoice.language]
    line = InvoiceLine(
        description=f"{words['refund']}: {invoice.title}", unit_price=refund.amount, amount=refund.amount
    )
    return InvoiceDocument(
        kind=InvoiceKind.CREDIT_NOTE,
        number=UNNUMBERED,
        issued_on=issued_on,
        language=invoice.language,
        seller=_seller(storefront),
        buyer=invoice.buyer,
        reference=invoice.reference,
        title=invoice.title,
        lines=(line,),
        subtotal=refund.amount,
        total=refund.amount,
        currency=refund.currency,
        paid_at=refund.settled_at,
        payment_method=invoice.payment_method,
        corrects_number=invoice.number,
    )


def debit_note_document(*, credit_note: InvoiceDocument, storefront: Storefront, issued_on: date) -> InvoiceDocument:
    """What takes a credit note back when its refund has failed after all; amounts are positive."""
    words = _phrases()[credit_note.language]
    line = InvoiceLine(
        description=f"{words['refund_failed']}: {credit_note.title}", unit_price=credit_note.total,
        amount=credit_note.total,
    )  # fmt: skip
    return InvoiceDocument(
        kind=InvoiceKind.DEBIT_NOTE,
        number=UNNUMBERED,
        issued_on=issued_on,
        language=credit_note.language,
        seller=_seller(storefront),
        buyer=credit_note.buyer,
        reference=credit_note.reference,
        title=credit_note.title,
        lines=(line,),
        subtotal=credit_note.total,
        total=credit_note.total,
        currency=credit_note.currency,
        corrects_number=credit_note.number,
    )


def _split(lines: tuple[PaidLine, ...]) -> tuple[tuple[InvoiceLine, ...], tuple[DiscountLine, ...]]:
    priced = tuple(
        InvoiceLine(
            description=line.description, quantity=line.quantity, unit_price=line.unit_price, amount=line.amount
        )
        for line in lines
        if line.kind not in _DISCOUNTS
    )
    discounts = tuple(
        DiscountLine(description=line.description, amount=line.amount) for line in lines if line.kind in _DISCOUNTS
    )
    return priced, discounts


def _whole(purchase: PaidPurchase, language: Language) -> InvoiceLine:
    """All that was paid, as one line."""
    description = purchase.title
    if purchase.purchase_kind is PurchaseKind.BOOKING_CHANGE:
        description = f"{_phrases()[language]['price_difference']}: {purchase.title}"
    amount: Decimal = purchase.captured_amount
    return InvoiceLine(description=description, unit_price=amount, amount=amount)


def _seller(storefront: Storefront) -> Seller:
    return Seller(
        name=storefront.legal_name,
        address_lines=storefront.address_lines,
        email=storefront.support_email,
        brand_color=storefront.primary_color,
        time_zone=storefront.time_zone,
    )


def _buyer(purchase: PaidPurchase) -> Buyer:
    return Buyer(
        name=purchase.buyer_name,
        email=purchase.buyer_email,
        phone=purchase.buyer_phone,
        country=purchase.buyer_country,
    )


def _method(purchase: PaidPurchase, language: Language) -> str:
    """How it was paid, as the payer knows it: "Visa •••• 4242"."""
    label = _phrases()[language][purchase.method]
    if purchase.card_brand and purchase.card_last4:
        return f"{purchase.card_brand.replace('_', ' ').title()} •••• {purchase.card_last4}"
    return label


@cache
def _phrases() -> dict[Language, dict[str, str]]:
    source = yaml.safe_load((Path(__file__).parent / "templates" / "phrases.yaml").read_text(encoding="utf-8"))
    return {Language(key): words for key, words in source.items()}
