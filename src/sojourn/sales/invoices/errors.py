"""Refusals of invoices."""

from sojourn.platform.errors import Refusal


class InvoiceNotFound(Refusal):
    status = 404
    code = "INVOICE_NOT_FOUND"
    sentence = "There is no such invoice. An invoice is issued when the payment has arrived."
