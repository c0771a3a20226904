"""Mails that carry an invoice or a credit note, which is issued with them if it was not before."""

from datetime import date
from uuid import UUID

from sojourn.care.notifications import sources
from sojourn.care.notifications.handlers_bookings import booking_letter, booking_url
from sojourn.care.notifications.handlers_orders import order_letter, order_url
from sojourn.care.notifications.mails import BookingConfirmed, OrderConfirmation, RefundIssued
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import keep
from sojourn.platform.db.database import Row
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import Work
from sojourn.sales.invoices.service import ensure_credit_note, ensure_invoice

SUCCEEDED = "SUCCEEDED"


async def order_confirmed(work: Work, payload: Payload) -> None:
    """The confirmation of a paid order, with its invoice."""
    now, storefront = work.runtime.clock.now(), work.runtime.storefront
    async with work.runtime.db.unit_of_work() as tx:
        order = await sources.get_order(tx, UUID(payload["order_id"]))
        invoice = await ensure_invoice(tx, storefront=storefront, payment_id=UUID(payload["payment_id"]), now=now)
        context = OrderConfirmation(
            order_number=order["order_number"],
            service_title=order["title"],
            lines=await sources.list_lines(tx, order["id"]),
            total=order["total_amount"],
            currency=order["currency"],
            invoice_number=invoice.number,
            order_url=order_url(storefront, order),
        )
        await keep(tx, order_letter(order, context, invoice_id=invoice.id), now=now)


async def booking_confirmed(work: Work, payload: Payload) -> None:
    """The confirmation of a paid booking, with its invoice."""
    now, storefront = work.runtime.clock.now(), work.runtime.storefront
    async with work.runtime.db.unit_of_work() as tx:
        booking = await sources.get_booking(tx, UUID(payload["booking_id"]))
        invoice = await ensure_invoice(tx, storefront=storefront, payment_id=UUID(payload["payment_id"]), now=now)
        context = BookingConfirmed(
            booking_ref=booking["booking_ref"],
            trip_title=booking["title"],
            travel_date=booking["travel_date"],
            end_date=last_day_of(booking),
            people_count=booking["people_count"],
            pickup_location=booking["pickup_location"],
            meeting_point=booking["meeting_point"],
            lines=await sources.list_lines(tx, booking["id"]),
            total=booking["total_usd"],
            currency=booking["currency"],
            points_pending=booking["loyalty_points_earned"],
            invoice_number=invoice.number,
            booking_url=booking_url(storefront, booking),
        )
        await keep(tx, booking_letter(booking, context, invoice_id=invoice.id), now=now)


def last_day_of(booking: Row) -> date | None:
    """None for a trip that ends where it begins."""
    end_date: date = booking["end_date"]
    return end_date if end_date != booking["travel_date"] else None


async def refund_issued(work: Work, payload: Payload) -> None:
    """Money is on its way back, with the credit note.

    A refund that the bank has sent back meanwhile is not announced.
    """
    refund_id = UUID(payload["refund_id"])
    now = work.runtime.clock.now()
    async with work.runtime.db.unit_of_work() as tx:
        refund = await sources.get_refund(tx, refund_id)
        if refund["status"] != SUCCEEDED:
            return
        payment = await sources.get_payment(tx, refund["payment_id"])
        note = await ensure_credit_note(tx, storefront=work.runtime.storefront, refund_id=refund_id, now=now)
        if note is None:
            raise LookupError(f"refund {refund_id} is of a payment that bought something, yet has no credit note")
        context = RefundIssued(
            reference=payment["reference"],
            amount=refund["amount"],
            currency=refund["currency"],
            credit_note_number=note.number,
        )
        letter = Letter(context=context, to=sources.customer_of(payment), subject_id=refund_id, invoice_id=note.id)
        await keep(tx, letter, now=now)
