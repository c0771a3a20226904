"""What a stream carries."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from sojourn.platform.kit.wire import Money, Wire


class EventOut(Wire):
    """What has happened to one of your purchases, or to a call for help.

    Fields that do not belong to its kind are left out.
    """

    kind: str = Field(examples=["payment.succeeded"])
    created_at: datetime
    booking_id: UUID | None = None
    booking_change_id: UUID | None = None
    order_id: UUID | None = None
    payment_id: UUID | None = None
    refund_id: UUID | None = None
    alert_id: UUID | None = None
    reference: str | None = None
    status: str | None = None
    amount: Money | None = None
    currency: str | None = None
    reason: str | None = None


class StreamFrom(Wire):
    """Where a stream goes on. The header `Last-Event-ID` goes before it."""

    last_event_id: str | None = Field(default=None, max_length=64)
