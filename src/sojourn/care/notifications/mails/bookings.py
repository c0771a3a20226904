"""Mails about bookings."""

from datetime import date
from decimal import Decimal
from typing import Literal, Self

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import (
    BookingTerms,
    Currency,
    Link,
    MailContext,
    MailLine,
    People,
    Percent,
    Points,
    Pushed,
    Text,
)


class BookingConfirmed(MailContext):
    """Goes with the invoice attached."""

    kind = MailKind.BOOKING_CONFIRMED
    push = Pushed(preference="is_purchase_push_wanted", link="booking_url")
    booking_ref: Text
    trip_title: Text
    travel_date: date
    end_date: date | None = None
    people_count: People
    pickup_location: Text | None = None
    meeting_point: Text | None = None
    lines: tuple[MailLine, ...]
    total: Decimal
    currency: Currency
    points_pending: Points = 0
    invoice_number: Text
    booking_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            booking_ref="DL-ABCD3789",
            trip_title="Angkor sunrise and temples",
            travel_date=date(2026, 12, 24),
            end_date=date(2026, 12, 26),
            people_count=3,
            pickup_location="Hotel on Sivutha Boulevard, Siem Reap",
            meeting_point="Angkor ticket office, main gate",
            lines=(
                MailLine(description="Angkor sunrise and temples", quantity=3, amount=Decimal("357.00")),
                MailLine(description="Airport transfer", amount=Decimal("18.00")),
                MailLine(description="Student discount", amount=Decimal("-11.90")),
            ),
            total=Decimal("363.10"),
            currency="USD",
            points_pending=363,
            invoice_number="DLI-2026-000017",
            booking_url="https://travel.example/bookings/1",
        )


class BookingModified(MailContext):
    """`price_difference`: positive was charged, negative is refunded."""

    kind = MailKind.BOOKING_MODIFIED
    booking_ref: Text
    trip_title: Text
    before: BookingTerms
    after: BookingTerms
    price_difference: Decimal
    currency: Currency
    booking_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            booking_ref="DL-ABCD3789",
            trip_title="Angkor sunrise and temples",
            before=BookingTerms(travel_date=date(2026, 12, 24), people_count=3),
            after=BookingTerms(travel_date=date(2026, 12, 28), people_count=2, extras=("Airport transfer", "Lunch")),
            price_difference=Decimal("-101.00"),
            currency="USD",
            booking_url="https://travel.example/bookings/1",
        )


class BookingCancelled(MailContext):
    """`refund_percent` is the tier of the booking's own policy, of what was paid without `fees_kept`; an agency that
    cancels pays back everything."""

    kind = MailKind.BOOKING_CANCELLED
    push = Pushed(preference="is_purchase_push_wanted")
    booking_ref: Text
    title: Text
    cancelled_by: Literal["CUSTOMER", "AGENCY"]
    refund_percent: Percent
    fees_kept: Decimal = Decimal(0)
    refund_amount: Decimal
    currency: Currency
    points_returned: Points = 0
    points_taken_back: Points = 0

    @classmethod
    def sample(cls) -> Self:
        return cls(
            booking_ref="DL-ABCD3789",
            title="Angkor sunrise and temples",
            cancelled_by="CUSTOMER",
            refund_percent=50,
            fees_kept=Decimal("37.00"),
            refund_amount=Decimal("163.05"),
            currency="USD",
            points_returned=500,
            points_taken_back=182,
        )


class ReviewInvitation(MailContext):
    """The journey is over."""

    kind = MailKind.REVIEW_INVITATION
    mail_preference = "is_review_mail_wanted"
    booking_ref: Text
    trip_title: Text
    travel_date: date
    review_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            booking_ref="DL-ABCD3789",
            trip_title="Angkor sunrise and temples",
            travel_date=date(2026, 12, 24),
            review_url="https://travel.example/bookings/1/review",
        )


class BookingReminder(MailContext):
    """Travel is tomorrow; or, when the day before was missed, today."""

    kind = MailKind.BOOKING_REMINDER
    push = Pushed(preference="is_reminder_push_wanted", link="booking_url")
    day: Literal["TODAY", "TOMORROW"] = "TOMORROW"
    booking_ref: Text
    trip_title: Text
    travel_date: date
    people_count: People
    pickup_location: Text | None = None
    meeting_point: Text | None = None
    booking_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            booking_ref="DL-ABCD3789",
            trip_title="Angkor sunrise and temples",
            travel_date=date(2026, 12, 24),
            people_count=3,
            pickup_location="Hotel on Sivutha Boulevard, Siem Reap",
            booking_url="https://travel.example/bookings/1",
        )
