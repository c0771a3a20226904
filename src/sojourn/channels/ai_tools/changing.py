"""Tools that take back or move: first shown, then done, and only as shown (rules, section 12)."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from sojourn.catalog.guides.errors import GuideNotFound
from sojourn.catalog.transportation.errors import VehicleNotFound
from sojourn.channels.ai_tools.naming import BookingName, BookingNamed, get_own
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.money import ZERO
from sojourn.platform.kit.wire import Money, Wire
from sojourn.platform.storefront import LimitClass, Module
from sojourn.sales.bookings import cancellation, changes, changes_queries, queries
from sojourn.sales.bookings.cancellation import Canceller
from sojourn.sales.bookings.errors import (
    BookingNotFound,
    ChangePending,
    NotCancellable,
    NotModifiable,
    QuoteChanged,
    RoomNotBookable,
    TripNotBookable,
)
from sojourn.sales.bookings.models import CancelIn, CancellationPreview, ChangeIn
from sojourn.sales.inventory.errors import SoldOut

QuoteId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
NOT_MODIFIABLE = (
    BookingNotFound, NotModifiable, ChangePending, SoldOut, TripNotBookable, RoomNotBookable, VehicleNotFound,
    GuideNotFound,
)  # fmt: skip


class CancelBookingIn(BookingNamed):
    """`quote_id` is from preview_cancellation: what the customer was shown and agreed to."""

    quote_id: QuoteId
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None


class Cancelled(Wire):
    """A cancelled booking. `outcome` is what was shown before, now done; refunds reach the customer in days."""

    booking_id: UUID
    booking_ref: str
    booking_status: str
    outcome: CancellationPreview


class PreviewModificationIn(ChangeIn):
    """The booking, and only what is to change."""

    booking_id: BookingName


class ModifyBookingIn(PreviewModificationIn):
    """The same as was previewed, with the preview's `quote_id`."""

    quote_id: QuoteId


class Takes(StrEnum):
    """When a change happens."""

    AT_ONCE = "AT_ONCE"
    AFTER_PAYMENT = "AFTER_PAYMENT"


class BookedTerms(Wire):
    travel_date: date
    end_date: date
    people_count: int
    rooms: int | None
    total_usd: Money


class Modification(Wire):
    """What a change does. `amount_due` is to be paid before it happens; `refund_amount` comes back when it does."""

    booking_id: UUID
    booking_ref: str
    takes_effect: Takes
    before: BookedTerms
    after: BookedTerms
    amount_due: Money
    refund_amount: Money
    currency: str
    expires_at: datetime | None = Field(description="Until when a change that waits for its payment is held.")
    quote_id: str


@tool(
    title="Preview a cancellation",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    refusals=(BookingNotFound, NotCancellable),
)
async def preview_cancellation(call: Call, asked: BookingNamed) -> CancellationPreview:
    """What cancelling now would bring back: tier, refund, points. Show it, ask, then call cancel_booking with its
    `quote_id`."""
    async with call.ctx.read() as connection:
        named = await get_own(connection, call, asked.booking_id)
        booking = await queries.get_visible(connection, booking_id=UUID(named["id"]), user_id=call.actor.user_id)
        return await cancellation.preview(
            connection, booking, storefront=call.ctx.storefront, now=call.ctx.now(), by_agency=False
        )


@tool(
    title="Cancel a booking",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    is_read_only=False,
    is_destructive=True,
    limit=LimitClass.DEFAULT,
    refusals=(BookingNotFound, NotCancellable, QuoteChanged),
)
async def cancel_booking(call: Call, asked: CancelBookingIn) -> Cancelled:
    """Cancel for good, on the terms of a preview. Only after the customer has seen that preview and said yes. Refused
    with QUOTE_CHANGED when the terms are others by now."""
    ctx = call.ctx
    async with ctx.unit_of_work() as tx:
        booking_id = UUID((await get_own(tx, call, asked.booking_id))["id"])
        outcome = await cancellation.cancel(
            tx, storefront=ctx.storefront, booking_id=booking_id,
            canceller=Canceller(user_id=call.actor.user_id, is_agency=False),
            body=CancelIn(quote_id=asked.quote_id, reason=asked.reason), now=ctx.now(), origin=ctx.origin,
        )  # fmt: skip
        booking = await get_own(tx, call, str(booking_id))
    return Cancelled(
        booking_id=booking_id, booking_ref=booking["booking_ref"], booking_status=booking["status"], outcome=outcome
    )


class _OnlyLooked(Exception):
    pass


@tool(
    title="Preview a modification",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    limit=LimitClass.DEFAULT,
    refusals=NOT_MODIFIABLE,
)
async def preview_modification(call: Call, asked: PreviewModificationIn) -> Modification:
    """What changing date, party, rooms or extras would do: new price, what is due or comes back, whether it is still
    free. Show it, ask, then call modify_booking with the same arguments and its `quote_id`."""
    # The change itself, undone: what is shown cannot differ from what would be done.
    try:
        async with call.ctx.unit_of_work() as tx:
            seen = await _modify(tx, call, asked)
            raise _OnlyLooked
    except _OnlyLooked:
        return seen


@tool(
    title="Modify a booking",
    module=Module.BOOKINGS,
    acts_for_customer=True,
    is_read_only=False,
    is_destructive=True,
    limit=LimitClass.DEFAULT,
    refusals=(*NOT_MODIFIABLE, QuoteChanged),
)
async def modify_booking(call: Call, asked: ModifyBookingIn) -> Modification:
    """Change a booking on the terms of a preview, after the customer has said yes. Where it becomes dearer the change
    waits: call create_payment_link for the difference."""
    async with call.ctx.unit_of_work() as tx:
        done = await _modify(tx, call, asked)
        if done.quote_id != asked.quote_id:
            raise QuoteChanged(
                "The change would no longer do what you were shown. Look at the preview again.",
                details={"quote_id": done.quote_id},
            )
    return done


async def _modify(tx: Connection, call: Call, asked: PreviewModificationIn) -> Modification:
    ctx = call.ctx
    sent = {name: getattr(asked, name) for name in asked.model_fields_set & set(ChangeIn.model_fields)}
    body = ChangeIn(**sent)
    changes.check_something_changes(body)
    before = await get_own(tx, call, asked.booking_id)
    booking_id = UUID(before["id"])
    coming_back = await changes_queries.get_coming_back(tx, booking_id=booking_id)
    await changes.modify(
        tx, storefront=ctx.storefront, user_id=call.actor.user_id, booking_id=booking_id, body=body, now=ctx.now(),
        origin=ctx.origin,
    )  # fmt: skip
    after = await get_own(tx, call, str(booking_id))
    refund = await changes_queries.get_coming_back(tx, booking_id=booking_id) - coming_back
    return await _outcome(tx, before, after, refund)


async def _outcome(tx: Connection, before: dict[str, Any], after: dict[str, Any], refund: Decimal) -> Modification:
    pending = after["pending_change"]
    terms = _terms(after)
    if pending:
        waiting = await changes_queries.find_change(tx, change_id=UUID(pending["id"]))
        price = waiting.price if waiting is not None else {}
        terms = BookedTerms(
            travel_date=pending["travel_date"], end_date=pending["end_date"], people_count=pending["people_count"],
            rooms=price["rooms"], total_usd=Decimal(price["total"]),
        )  # fmt: skip
    due = Decimal(pending["amount_due"]) if pending else ZERO
    return Modification(
        booking_id=UUID(after["id"]),
        booking_ref=after["booking_ref"],
        takes_effect=Takes.AFTER_PAYMENT if pending else Takes.AT_ONCE,
        before=_terms(before),
        after=terms,
        amount_due=due,
        refund_amount=refund,
        currency=after["currency"],
        expires_at=pending["expires_at"] if pending else None,
        quote_id=_quote_id(before, terms, due, refund),
    )


def _terms(booking: dict[str, Any]) -> BookedTerms:
    return BookedTerms.model_validate({name: booking[name] for name in BookedTerms.model_fields})


def _quote_id(before: dict[str, Any], terms: BookedTerms, due: Decimal, refund: Decimal) -> str:
    """A name for exactly this outcome: it holds as long as the same outcome would come about."""
    text = f"{before['id']}|{before['version']}|{terms.model_dump_json()}|{due:.2f}|{refund:.2f}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


TOOLS = (preview_cancellation, cancel_booking, preview_modification, modify_booking)
