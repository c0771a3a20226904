"""Issuing invoices, credit and debit notes: once each, numbered without gaps, never changed (rules, section 5)."""

from datetime import datetime
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import Storefront
from sojourn.sales.invoices import queries
from sojourn.sales.invoices.documents import credit_note_document, debit_note_document, invoice_document
from sojourn.sales.invoices.errors import InvoiceNotFound
from sojourn.sales.invoices.models import Invoice
from sojourn.sales.invoices.rendering import InvoiceDocument


async def ensure_invoice(tx: Connection, *, storefront: Storefront, payment_id: UUID, now: datetime) -> Invoice:
    """The invoice of a payment that paid a purchase; issued if it was not yet.

    Raises `InvoiceNotFound` for a payment that paid nothing (open, failed, late, duplicate). Takes the payment's lock,
    then the series': call it last in a transaction. The year is that of the storefront's zone.
    """
    if found := await queries.find_of_payment(tx, payment_id=payment_id):
        return found
    purchase = await queries.lock_paid_purchase(tx, payment_id=payment_id)
    if purchase is None or not purchase.is_applied:
        raise InvoiceNotFound
    # Somebody else may have issued it while we waited for the lock.
    if found := await queries.find_of_payment(tx, payment_id=payment_id):
        return found
    issued_on = local_date(now, storefront.time_zone)
    document = invoice_document(purchase=purchase, storefront=storefront, issued_on=issued_on)
    return await queries.insert_invoice(
        tx, document=document, series=storefront.invoice_prefix, payment_id=payment_id, now=now
    )


async def ensure_credit_note(
    tx: Connection, *, storefront: Storefront, refund_id: UUID, now: datetime
) -> Invoice | None:
    """The credit note of a refund that has gone out; issued, with the invoice it corrects, if it was not yet.

    None while the refund has not succeeded, and for a refund of money that never paid anything: that has no invoice.
    """
    if found := await queries.find_of_refund(tx, refund_id=refund_id):
        return found
    refund = await queries.find_settled_refund(tx, refund_id=refund_id)
    if refund is None:
        return None
    purchase = await queries.lock_paid_purchase(tx, payment_id=refund.payment_id)
    if purchase is None or not purchase.is_applied:
        return None
    if found := await queries.find_of_refund(tx, refund_id=refund_id):
        return found
    invoice = await ensure_invoice(tx, storefront=storefront, payment_id=refund.payment_id, now=now)
    document = credit_note_document(
        invoice=InvoiceDocument.model_validate(invoice.document),
        refund=refund,
        storefront=storefront,
        issued_on=local_date(now, storefront.time_zone),
    )
    return await queries.insert_invoice(
        tx, document=document, series=storefront.credit_note_prefix, payment_id=refund.payment_id,
        refund_id=refund_id, corrects_id=invoice.id, now=now,
    )  # fmt: skip


async def ensure_debit_note(
    tx: Connection, *, storefront: Storefront, credit_note_id: UUID, now: datetime
) -> Invoice | None:
    """What takes back a credit note whose refund has failed after all; issued, among the invoices, if it was not yet.

    None while the refund stands.
    """
    credit_note = await queries.lock_unearned(tx, credit_note_id=credit_note_id)
    if credit_note is None:
        return None
    if found := await queries.find_debit_note(tx, credit_note_id=credit_note_id):
        return found
    document = debit_note_document(
        credit_note=InvoiceDocument.model_validate(credit_note.document), storefront=storefront,
        issued_on=local_date(now, storefront.time_zone),
    )  # fmt: skip
    return await queries.insert_invoice(
        tx, document=document, series=storefront.invoice_prefix, payment_id=credit_note.payment_id,
        corrects_id=credit_note.id, now=now,
    )  # fmt: skip
