"""Bookings: what is sold for a date and takes stock."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from sojourn.catalog.policies import CancellationPolicy
from sojourn.catalog.values import LanguageName
from sojourn.platform.kit.wire import Day, Money, MoneyIn, PageIn, SortByTime, Wire
from sojourn.sales.pricing.models import Price, PriceLine


class BookingStatus(StrEnum):
    """As stored. On the wire a lapsed hold reads CANCELLED with the reason HOLD_EXPIRED, as the document says."""

    PENDING = "PENDING"
    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    COMPLETED = "COMPLETED"
    EXPIRED = "EXPIRED"


class BookingType(StrEnum):
    PACKAGE = "PACKAGE"
    HOTEL_ONLY = "HOTEL_ONLY"
    TRANSPORT_ONLY = "TRANSPORT_ONLY"
    GUIDE_ONLY = "GUIDE_ONLY"


HOLD_EXPIRED = "HOLD_EXPIRED"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
MAX_CUSTOMIZATIONS = 8_000


def _of_reasonable_length(wishes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(wishes, ensure_ascii=False)) > MAX_CUSTOMIZATIONS:
        raise ValueError(f"must be at most {MAX_CUSTOMIZATIONS} characters of JSON")
    return wishes


Customizations = Annotated[dict[str, JsonValue], AfterValidator(_of_reasonable_length)]


class OptionChoice(Wire):
    """One extra. Without `quantity`: one per booking, or one per person where it is sold per person."""

    key: Key
    quantity: Annotated[int, Field(ge=1, le=50)] | None = None


class Traveler(Wire):
    """Somebody who travels; names as in the passport."""

    full_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    nationality: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] | None = None
    birth_date: Day | None = None
    dietary_needs: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None


class Transfer(Wire):
    """A ride from a vehicle's price list."""

    from_place: ShortText
    to_place: ShortText


RoomCount = Annotated[int, Field(ge=1, le=100)]
Kilometres = Annotated[int, Field(ge=1, le=5000)]


class Terms(Wire):
    """What one may ask for: the common part of a quote, a hold and a change."""

    travel_date: Day = Field(description="The first day; check-in of a stay.")
    end_date: Day | None = Field(
        None, description="Check-out of a stay; last day of a vehicle or guide. A trip's follows from its length."
    )
    people_count: Annotated[int, Field(ge=1, le=500)]
    rooms: RoomCount | None = Field(None, description="With `hotel_room_id`: how many of that kind; 1 if not said.")
    transfer: Transfer | None = Field(None, description="TRANSPORT_ONLY: at a transfer's price instead of by the day.")
    distance_km: Kilometres | None = Field(None, description="TRANSPORT_ONLY: by the kilometre instead of by the day.")
    options: Annotated[list[OptionChoice], Field(max_length=20)] = []


class QuoteIn(Terms):
    booking_type: BookingType = BookingType.PACKAGE
    trip_id: UUID | None = Field(None, description="PACKAGE: the trip. It may take room, vehicle and guide along.")
    hotel_room_id: UUID | None = None
    vehicle_id: UUID | None = None
    guide_id: UUID | None = None
    loyalty_points: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class BookingIn(QuoteIn):
    pickup_location: ShortText | None = Field(None, description="Needed unless it is a stay: that is at the hotel.")
    special_requests: Note | None = None
    customizations: Customizations | None = None
    travelers: Annotated[list[Traveler], Field(max_length=500)] = []
    expected_total: MoneyIn | None = Field(None, description="Refused with QUOTE_CHANGED if the price is another now.")
    language: LanguageName | None = Field(
        None, description="That of mails and papers; else the request's (Accept-Language), else the account's."
    )


class ChangeIn(Wire):
    """Only what is sent changes."""

    travel_date: Day | None = None
    end_date: Day | None = None
    people_count: Annotated[int, Field(ge=1, le=500)] | None = None
    rooms: RoomCount | None = None
    transfer: Transfer | None = Field(
        None, description="TRANSPORT_ONLY: another ride, at today's price. Null: by the day again."
    )
    distance_km: Kilometres | None = Field(
        None, description="TRANSPORT_ONLY: by the kilometre. Null: by the day again."
    )
    options: Annotated[list[OptionChoice], Field(max_length=20)] | None = None
    pickup_location: ShortText | None = None
    special_requests: Note | None = None
    travelers: Annotated[list[Traveler], Field(max_length=500)] | None = None


class CancelIn(Wire):
    quote_id: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="From the preview: refused with QUOTE_CHANGED when it no longer holds."
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None


class Quote(Wire):
    """A price, now. Nothing is held."""

    booking_type: BookingType
    trip_id: UUID | None
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    title: str
    travel_date: date
    end_date: date
    people_count: int
    rooms: int | None
    available: int = Field(description="Places, rooms or vehicles left on the scarcest day.")
    currency: str
    price: Price
    max_loyalty_points: int


class CancellationPreview(Wire):
    """What cancelling now would do. `quote_id` holds until `valid_until`."""

    booking_id: UUID
    tier: str
    refund_percent: int
    hours_before_start: int
    refund_amount: Money
    non_refundable_amount: Money
    currency: str
    points_returned: int
    points_taken_back: int
    quote_id: str
    valid_until: datetime | None


class BookingPayment(Wire):
    """The payment that counts: the one that was applied, else the newest."""

    id: UUID
    status: str
    amount: Money
    currency: str
    amount_usd: Money
    stripe_payment_intent_id: str | None
    payment_method: str
    paid_at: datetime | None
    refund_amount: Money


class BookingOut(Wire):
    """A booking as its list shows it; field names are the document's."""

    id: UUID
    booking_ref: str
    user_id: UUID
    booking_type: BookingType
    status: str
    cancellation_reason: str | None
    trip_id: UUID | None
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    title: str
    travel_date: date
    end_date: date
    people_count: int
    rooms: int | None
    pickup_location: str
    special_requests: str | None
    customizations: dict[str, Any] | None
    currency: str
    subtotal_usd: Money
    discount_amount_usd: Money
    loyalty_discount_usd: Money
    total_usd: Money
    paid_usd: Money
    refunded_usd: Money
    loyalty_points_earned: int
    loyalty_points_used: int
    student_discount_applied: bool
    reserved_until: datetime | None
    late_payment: bool
    version: int
    confirmed_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PendingChange(Wire):
    """A change that waits for its price difference; pay it with `change_id`."""

    id: UUID
    travel_date: date
    end_date: date
    people_count: int
    amount_due: Money
    expires_at: datetime


class BookingDetail(BookingOut):
    """One booking with how its price came to be."""

    cancellation_policy: CancellationPolicy
    travelers: list[Traveler]
    options: list[OptionChoice]
    transfer: Transfer | None
    distance_km: int | None
    meeting_point: str | None
    lines: list[PriceLine]
    payment: BookingPayment | None
    pending_change: PendingChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking as stored, for the use cases. Amounts in `currency`. `claims_held`: what is left of a hold's claims."""

    id: UUID
    booking_ref: str
    user_id: UUID
    booking_type: BookingType
    status: BookingStatus
    trip_id: UUID | None
    hotel_room_id: UUID | None
    vehicle_id: UUID | None
    guide_id: UUID | None
    title: str
    snapshot: dict[str, Any]
    travel_date: date
    end_date: date
    time_zone: str
    people_count: int
    rooms: int | None
    pickup_location: str
    special_requests: str | None
    customizations: dict[str, Any] | None
    currency: str
    total_usd: Decimal
    non_refundable_usd: Decimal
    paid_usd: Decimal
    refunded_usd: Decimal
    loyalty_points_earned: int
    loyalty_points_used: int
    student_discount_applied: bool
    cancellation_policy: dict[str, Any]
    reserved_until: datetime | None
    is_extended: bool
    language: str
    version: int
    confirmed_at: datetime | None
    created_at: datetime
    email: str
    referred_by: UUID | None
    claims_held: int

    @property
    def refund_at_most(self) -> int:
        """The percentage that cancelling would have brought when the date of the paid booking was last changed."""
        percent: int = self.snapshot.get("refund_at_most", 100)
        return percent


class MyBookingsIn(PageIn):
    """Filters of one's own list."""

    status: BookingStatus | None = None
    per_page: Annotated[int, Field(ge=1, le=100)] = 10


class AllBookingsIn(PageIn):
    """Filters of the desk's list."""

    status: BookingStatus | None = None
    travel_date: Day | None = None
    reference: Annotated[str, StringConstraints(strip_whitespace=True, max_length=12)] | None = None
    trip_id: UUID | None = None
    sort: SortByTime = SortByTime.NEWEST
