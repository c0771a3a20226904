"""Tools that look at the customer's own things."""

import json
from typing import Annotated

from pydantic import Field

from sojourn.channels.ai_tools.naming import BookingNamed
from sojourn.channels.ai_tools.tool import Call, tool
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import Module
from sojourn.sales.bookings import queries
from sojourn.sales.bookings.errors import BookingNotFound
from sojourn.sales.bookings.models import BookingDetail, BookingOut, MyBookingsIn
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.loyalty.models import Balance


class ListBookingsIn(MyBookingsIn):
    """Newest first."""

    per_page: Annotated[int, Field(ge=1, le=50)] = 10


class Bookings(Wire):
    items: list[BookingOut]
    total: int


class NothingAsked(Wire):
    """No arguments."""


@tool(title="List the customer's bookings", module=Module.BOOKINGS, acts_for_customer=True)
async def list_bookings(call: Call, asked: ListBookingsIn) -> Bookings:
    """The customer's own bookings, newest first; `status` narrows."""
    async with call.ctx.read() as connection:
        raw = await queries.list_mine(
            connection, user_id=call.actor.user_id, status=asked.status, page=asked.page, per_page=asked.per_page,
            now=call.ctx.now(),
        )  # fmt: skip
    return Bookings(items=[BookingOut.model_validate(row) for row in json.loads(raw.body)], total=raw.total or 0)


@tool(title="Read one booking", module=Module.BOOKINGS, acts_for_customer=True, refusals=(BookingNotFound,))
async def get_booking(call: Call, asked: BookingNamed) -> BookingDetail | RawJson:
    """One of the customer's bookings: dates, status, price lines, payment, cancellation policy, waiting change."""
    async with call.ctx.read() as connection:
        return await queries.get_detail(
            connection, name=asked.booking_id, user_id=call.actor.user_id, now=call.ctx.now()
        )


@tool(title="Read the customer's points", module=Module.LOYALTY, acts_for_customer=True)
async def get_loyalty(call: Call, asked: NothingAsked) -> Balance:  # noqa: ARG001 - it takes nothing
    """The customer's loyalty points: to spend now, still pending, kept for open holds, ending soon, and their worth."""
    ctx = call.ctx
    async with ctx.read() as connection:
        return await loyalty.balance(
            connection, user_id=call.actor.user_id, now=ctx.now(), zone=ctx.storefront.time_zone,
            rules=ctx.storefront.rules,
        )  # fmt: skip


TOOLS = (list_bookings, get_booking, get_loyalty)
