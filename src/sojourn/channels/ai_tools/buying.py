"""Tools that buy: a quote, a hold, a link to pay by. None of them ever charges anybody."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.channels.ai_tools.naming import BookingNamed, get_own
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.channels.pay_links.links import PayLink, pay_url
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.wire import Money, Wire
from sojourn.platform.storefront import LimitClass, Module
from sojourn.sales.bookings import queries, service
from sojourn.sales.bookings.errors import (
    AlreadyExtended,
    BookingNotFound,
    BookingTypeNotOffered,
    HoldNotOpen,
    QuoteChanged,
    RoomNotBookable,
    TripNotBookable,
)
from sojourn.sales.bookings.models import BookingDetail, BookingIn, BookingOut, BookingPayment, Quote, QuoteIn
from sojourn.sales.inventory.errors import SoldOut, TooManyHolds
from sojourn.sales.loyalty.errors import NotEnoughPoints
from sojourn.sales.payments import intents
from sojourn.sales.payments.errors import (
    AlreadyPaid,
    HoldExpired,
    ProviderDown,
    ProviderRefusal,
    PurchaseCancelled,
    PurchaseNotFound,
)
from sojourn.sales.payments.models import IntentIn
from sojourn.sales.purchases import PurchaseKind

NOT_OFFERED = (TripNotBookable, RoomNotBookable, VehicleNotFound, GuideNotFound, BookingTypeNotOffered)
NOT_PAYABLE = (PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, ProviderDown, ProviderRefusal)


class PaymentLink(Wire):
    """Where the customer pays, without signing in, until `expires_at`. Give it to nobody else."""

    booking_id: UUID
    booking_ref: str
    change_id: UUID | None = Field(description="The waiting change that it pays for, if any.")
    payment_id: UUID
    payment_url: str
    amount: Money
    currency: str
    expires_at: datetime | None


class PaymentStanding(Wire):
    """How a booking's payment stands. `is_paid`: the booking is confirmed and nothing more is due."""

    booking_id: UUID
    booking_ref: str
    booking_status: str
    cancellation_reason: str | None
    is_paid: bool
    total_usd: Money
    paid_usd: Money
    refunded_usd: Money
    reserved_until: datetime | None
    payment: BookingPayment | None
    change_due: Money | None = Field(description="What a waiting change still costs.")


@tool(title="Quote a booking", module=Module.BOOKINGS, acts_for_customer=True, refusals=NOT_OFFERED)
async def quote_booking(call: Call, asked: QuoteIn) -> Quote:
    """The exact price of a booking, step by step, and what is left. Nothing is held. Show it before create_booking and
    pass its `price.total` there as `expected_total`."""
    async with call.ctx.read() as connection:
        return await service.quote(
            connection, storefront=call.ctx.storefront, user_id=call.actor.user_id, body=asked, now=call.ctx.now()
        )


@tool(
    title="Hold a booking",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    is_read_only=False,
    is_idempotent=False,
    limit=LimitClass.DEFAULT,
    refusals=(*NOT_OFFERED, SoldOut, TooManyHolds, QuoteChanged, NotEnoughPoints),
)
async def create_booking(call: Call, asked: BookingIn) -> BookingOut | RawJson:
    """Hold a trip (PACKAGE), rooms (HOTEL_ONLY), a vehicle (TRANSPORT_ONLY) or a guide (GUIDE_ONLY) for 15 minutes.
    Only after the customer has agreed to the quote. Nothing is charged: call create_payment_link next."""
    ctx = call.ctx
    return await service.hold(ctx, user_id=call.actor.user_id, body=asked, language=ctx.language)


@tool(
    title="Extend a hold",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    is_read_only=False,
    is_idempotent=False,
    limit=LimitClass.DEFAULT,
    refusals=(BookingNotFound, HoldNotOpen, AlreadyExtended),
)
async def extend_hold(call: Call, asked: BookingNamed) -> BookingDetail | RawJson:
    """Lengthen an open hold, once, to 30 minutes in all. A new payment link is needed afterwards."""
    ctx = call.ctx
    async with ctx.unit_of_work() as tx:
        booking_id = UUID((await get_own(tx, call, asked.booking_id))["id"])
        await service.extend_hold(
            tx, storefront=ctx.storefront, user_id=call.actor.user_id, booking_id=booking_id, now=ctx.now()
        )
        return await queries.get_detail(tx, name=str(booking_id), user_id=call.actor.user_id, now=ctx.now())


@tool(
    title="Make a payment link",
    module=Module.PAYMENTS,
    acts_for_customer=True,
    is_read_only=False,
    is_open_world=True,
    limit=LimitClass.PAYMENTS,
    refusals=(BookingNotFound, *NOT_PAYABLE),
)
async def create_payment_link(call: Call, asked: BookingNamed) -> PaymentLink:
    """A link on which the customer sees the booking and pays it, or the price difference of a waiting change. Give the
    link to the customer as it is; poll get_payment_status afterwards. You never see or take card details."""
    ctx = call.ctx
    async with ctx.read() as connection:
        booking = await get_own(connection, call, asked.booking_id)
    change = booking["pending_change"]
    named = IntentIn(change_id=UUID(change["id"])) if change else IntentIn(booking_id=UUID(booking["id"]))
    intent = await intents.create_intent(
        ctx, provider=call.vendors.payments, payables=call.payables, actor=call.actor, body=named
    )
    link = PayLink(
        kind=PurchaseKind.BOOKING_CHANGE if change else PurchaseKind.BOOKING,
        purchase_id=UUID(change["id"] if change else booking["id"]),
        expires_at=intent.expires_at or ctx.now(),
    )
    return PaymentLink(
        booking_id=UUID(booking["id"]),
        booking_ref=booking["booking_ref"],
        change_id=UUID(change["id"]) if change else None,
        payment_id=intent.payment_id,
        payment_url=pay_url(link, runtime=ctx.runtime),
        amount=intent.amount,
        currency=intent.currency,
        expires_at=intent.expires_at,
    )


@tool(title="Read the payment status", module=Module.PAYMENTS, acts_for_customer=True, refusals=(BookingNotFound,))
async def get_payment_status(call: Call, asked: BookingNamed) -> PaymentStanding:
    """Whether a booking is paid and confirmed, still waits, has lapsed or was refunded. The truth, whatever was said in
    the conversation."""
    async with call.ctx.read() as connection:
        booking = await get_own(connection, call, asked.booking_id)
    change = booking["pending_change"]
    return PaymentStanding(
        booking_id=UUID(booking["id"]),
        booking_ref=booking["booking_ref"],
        booking_status=booking["status"],
        cancellation_reason=booking["cancellation_reason"],
        is_paid=booking["status"] in {"CONFIRMED", "COMPLETED"} and change is None,
        total_usd=booking["total_usd"],
        paid_usd=booking["paid_usd"],
        refunded_usd=booking["refunded_usd"],
        reserved_until=booking["reserved_until"],
        payment=booking["payment"],
        change_due=change["amount_due"] if change else None,
    )


TOOLS = (quote_booking, create_booking, extend_hold, create_payment_link, get_payment_status)
