"""Paying by KHQR: a code that the customer scans with any Cambodian bank's app."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from sojourn.channels.ai_tools.naming import BookingNamed, get_own
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.storefront import LimitClass, Module
from sojourn.sales.bookings.errors import BookingNotFound
from sojourn.sales.payments import qr
from sojourn.sales.payments.errors import (
    AlreadyPaid,
    HoldExpired,
    ProviderRefusal,
    PurchaseCancelled,
    PurchaseNotFound,
    QrNotOffered,
    RateUnknown,
)
from sojourn.sales.payments.models import QrIn, QrOut


class GenerateQrIn(BookingNamed):
    """In riel, the price in dollars is charged at the day's rate."""

    currency: Literal["USD", "KHR"] = Field("USD", description="What the customer's bank account is in.")


@tool(
    title="Make a KHQR code",
    module=Module.PAYMENTS,
    acts_for_customer=True,
    is_read_only=False,
    is_open_world=True,
    limit=LimitClass.PAYMENTS,
    refusals=(
        BookingNotFound, PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, QrNotOffered, RateUnknown,
        ProviderRefusal,
    ),
)  # fmt: skip
async def generate_qr(call: Call, asked: GenerateQrIn) -> QrOut:
    """A KHQR code for a held booking, or for the price difference of a waiting change, good until the hold ends. Show
    `qr_string` as a QR picture to the customer; poll get_payment_status afterwards."""
    ctx = call.ctx
    async with ctx.read() as connection:
        booking = await get_own(connection, call, asked.booking_id)
    change = booking["pending_change"]
    purchase = {"change_id": UUID(change["id"])} if change else {"booking_id": UUID(booking["id"])}
    return await qr.create_qr(
        ctx, qr=call.vendors.qr, rates=call.vendors.rates, payables=call.payables, actor=call.actor,
        body=QrIn(currency=asked.currency, **purchase),
    )  # fmt: skip


TOOLS = (generate_qr,)
