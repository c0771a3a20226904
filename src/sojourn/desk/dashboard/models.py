"""A customer's own page at a glance."""

from datetime import date, datetime
from uuid import UUID

from sojourn.care.consultations.models import Consultation
from sojourn.care.documents.models import DocumentsStatus
from sojourn.platform.kit.wire import Money, Wire
from sojourn.sales.orders.models import OrderOut


class Spent(Wire):
    """What was paid in one currency, less what came back."""

    currency: str
    amount: Money


class UpcomingBooking(Wire):
    """A journey ahead, or a hold that waits for its payment until `reserved_until`."""

    id: UUID
    booking_ref: str
    title: str
    status: str
    travel_date: date
    end_date: date
    people_count: int
    reserved_until: datetime | None


class OverviewOut(Wire):
    """An order is active until it is completed or cancelled; a pending one among them waits for its payment.

    `documents` counts those handed in, with the checklists of open orders; null where the agency asks for none.
    """

    full_name: str
    member_since: datetime
    is_email_verified: bool
    loyalty_points: int
    active_orders: int
    pending_orders: int
    completed_orders: int
    total_orders: int
    upcoming_bookings: int
    completed_bookings: int
    total_bookings: int
    total_spent: list[Spent]
    next_bookings: list[UpcomingBooking]
    recent_orders: list[OrderOut]
    documents: DocumentsStatus | None
    upcoming_consultations: list[Consultation]
