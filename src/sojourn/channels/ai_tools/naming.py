"""Bookings as an agent names them: by id or by the reference that the customer knows."""

import json
from typing import Annotated, Any

from pydantic import StringConstraints

from sojourn.channels.ai_tools.tool import Call
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.wire import Wire
from sojourn.sales.bookings import queries

BookingName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class BookingNamed(Wire):
    """`booking_id`: its id, or its reference such as DL-7K3PWXQA."""

    booking_id: BookingName


async def get_own(connection: Connection, call: Call, name: str) -> dict[str, Any]:
    """The customer's own booking, in the shape of `BookingDetail`. Raises BookingNotFound."""
    raw = await queries.get_detail(connection, name=name, user_id=call.actor.user_id, now=call.ctx.now())
    detail: dict[str, Any] = json.loads(raw.body)
    return detail
