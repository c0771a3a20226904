"""What a guide is told of the bookings to be led: no prices, no payments, nothing of passports."""

from datetime import date
from uuid import UUID

from pydantic import Field

from sojourn.platform.kit.wire import Day, PageIn, Wire
from sojourn.sales.bookings.models import BookingStatus, BookingType


class AssignedBooking(Wire):
    """A booking that is the guide's to lead. `title` is the trip's name as it was sold; days are those of `time_zone`,
    both included. `language` is the one that the customer is written to in."""

    id: UUID
    booking_ref: str
    booking_type: BookingType
    status: BookingStatus
    title: str
    hotel_name: str | None
    vehicle_name: str | None
    travel_date: date
    end_date: date
    time_zone: str
    meeting_point: str | None
    pickup_location: str
    people_count: int
    language: str


class LeadTraveler(Wire):
    """Whoever booked."""

    name: str
    email: str
    phone: str | None


class AssignedTraveler(Wire):
    full_name: str
    dietary_needs: str | None


class AssignedBookingDetail(AssignedBooking):
    """With the people. `lead_traveler` is null once that account has been deleted."""

    special_requests: str | None
    lead_traveler: LeadTraveler | None
    travelers: list[AssignedTraveler]


class AssignedBookingsIn(PageIn):
    """Bookings with a day from `from` to `to`, both included."""

    from_day: Day | None = Field(None, alias="from")
    to_day: Day | None = Field(None, alias="to")
