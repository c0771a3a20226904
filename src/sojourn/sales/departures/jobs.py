"""Carrying out a cancelled departure, booking by booking."""

from uuid import UUID

from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Work
from sojourn.sales.bookings import cancellation
from sojourn.sales.bookings.cancellation import Canceller
from sojourn.sales.bookings.errors import NotCancellable
from sojourn.sales.bookings.models import CancelIn
from sojourn.sales.effects import CANCEL_BOOKING


async def cancel_booking(work: Work, payload: Payload) -> None:
    """Cancel one booking for the agency; one that was cancelled or has lapsed meanwhile is left as it is."""
    try:
        async with work.runtime.db.unit_of_work() as tx:
            await cancellation.cancel(
                tx,
                storefront=work.runtime.storefront,
                booking_id=UUID(payload["booking_id"]),
                canceller=Canceller(user_id=UUID(payload["admin_id"]), is_agency=True),
                body=CancelIn(reason=payload["reason"]),
                now=work.runtime.clock.now(),
                origin=SYSTEM_ORIGIN,
            )
    except NotCancellable:
        return


JOBS = (JobKind(name=CANCEL_BOOKING, handler=cancel_booking),)
