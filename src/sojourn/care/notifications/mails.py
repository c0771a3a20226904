"""Every mail the house can send: its kind, and exactly what its template needs to know.

A context is plain values, so that it can wait as JSON in a job row (`model_dump(mode="json")`) and be read back by
`read_context`. Money is Decimal with its currency, days are dates in the storefront's zone, links are absolute.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


def one_line(text: str) -> str:
    """No line breaks (a subject is a header), no control or bidirectional override characters; break marks stay."""
    visible = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(_BIDI_OVERRIDES.sub("", visible).split())


_BIDI_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
Text = Annotated[str, AfterValidator(one_line)]
# Nothing but http and https may become a link: a `javascript:` address must not reach a mail.
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2_000)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Percent = Annotated[int, Field(ge=0, le=100)]
Points = Annotated[int, Field(ge=0)]
People = Annotated[int, Field(ge=1)]
PurchaseStatus = Literal["PENDING", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]
# The decline codes of the card networks a customer can act on; a provider's other codes are sent as OTHER.
PaymentFailure = Literal[
    "CARD_DECLINED",
    "INSUFFICIENT_FUNDS",
    "EXPIRED_CARD",
    "INCORRECT_CVC",
    "AUTHENTICATION_REQUIRED",
    "PROCESSING_ERROR",
    "OTHER",
]


class MailKind(StrEnum):
    VERIFY_EMAIL = "VERIFY_EMAIL"
    PASSWORD_RESET = "PASSWORD_RESET"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    STAFF_INVITATION = "STAFF_INVITATION"
    WELCOME = "WELCOME"
    EMAIL_ALREADY_REGISTERED = "EMAIL_ALREADY_REGISTERED"
    ORDER_CONFIRMATION = "ORDER_CONFIRMATION"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    ONBOARDING = "ONBOARDING"
    CONSULTANT_ASSIGNED = "CONSULTANT_ASSIGNED"
    DOCUMENT_REMINDER = "DOCUMENT_REMINDER"
    DOCUMENT_REJECTED = "DOCUMENT_REJECTED"
    CONSULTATION_NEWS = "CONSULTATION_NEWS"
    ORDER_STATUS_CHANGED = "ORDER_STATUS_CHANGED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    BOOKING_CONFIRMED = "BOOKING_CONFIRMED"
    BOOKING_MODIFIED = "BOOKING_MODIFIED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    BOOKING_REMINDER = "BOOKING_REMINDER"
    REFUND_ISSUED = "REFUND_ISSUED"
    LATE_PAYMENT_REFUNDED = "LATE_PAYMENT_REFUNDED"
    DUPLICATE_PAYMENT_REFUNDED = "DUPLICATE_PAYMENT_REFUNDED"
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    POINTS_EXPIRING = "POINTS_EXPIRING"
    STAFF_ALERT = "STAFF_ALERT"


@dataclass(frozen=True, kw_only=True)
class Brand:
    """The storefront as a mail shows it. `primary_color` is `#rrggbb`."""

    key: str
    name: str
    primary_color: str
    frontend_url: str
    support_email: str
    address_line: str
    time_zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every mail may carry: whom to greet, and the one-click way out of mails that nobody has to get."""

    recipient_name: str | None = None
    unsubscribe_url: str | None = None


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MailContext(_Plain):
    """One kind of mail; `is_optional` when it is neither about a purchase nor about the account's security."""

    kind: ClassVar[MailKind]
    is_optional: ClassVar[bool] = False


class MailLine(_Plain):
    """One line of a price: `amount` is for all of `quantity`, negative for a discount."""

    description: Text
    quantity: int | None = None
    amount: Decimal


class BookingTerms(_Plain):
    """What a modification can change. Two of these are compared; only what differs is shown."""

    travel_date: date
    end_date: date | None = None
    people_count: People
    pickup_location: Text | None = None
    extras: tuple[Text, ...] = ()


class VerifyEmail(MailContext):
    kind = MailKind.VERIFY_EMAIL
    link: Link
    expires_at: AwareDatetime


class PasswordReset(MailContext):
    kind = MailKind.PASSWORD_RESET
    link: Link
    expires_at: AwareDatetime


class PasswordChanged(MailContext):
    kind = MailKind.PASSWORD_CHANGED
    changed_at: AwareDatetime


class StaffInvitation(MailContext):
    kind = MailKind.STAFF_INVITATION
    link: Link
    expires_at: AwareDatetime
    role: Literal["CONSULTANT", "GUIDE", "ADMIN"]
    inviter: Text


class Welcome(MailContext):
    kind = MailKind.WELCOME
    is_optional = True


class EmailAlreadyRegistered(MailContext):
    """Somebody tried to register with the recipient's address; the form told them nothing."""

    kind = MailKind.EMAIL_ALREADY_REGISTERED
    login_url: Link
    reset_url: Link


class OrderConfirmation(MailContext):
    """Goes with the invoice attached."""

    kind = MailKind.ORDER_CONFIRMATION
    order_number: Text
    service_title: Text
    lines: tuple[MailLine, ...]
    total: Decimal
    currency: Currency
    invoice_number: Text
    order_url: Link


class PaymentFailed(MailContext):
    """`reserved_until`: how long a booking's hold still stands; None for an order."""

    kind = MailKind.PAYMENT_FAILED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency
    failure: PaymentFailure
    reserved_until: AwareDatetime | None = None
    retry_url: Link


class Onboarding(MailContext):
    """`checklist` and `next_steps` come in the recipient's language, from the catalogue."""

    kind = MailKind.ONBOARDING
    order_number: Text
    service_title: Text
    checklist: tuple[Text, ...]
    next_steps: tuple[Text, ...]
    order_url: Link


class ConsultantAssigned(MailContext):
    kind = MailKind.CONSULTANT_ASSIGNED
    order_number: Text
    service_title: Text
    consultant_name: Text
    consultant_email: Text


class DocumentReminder(MailContext):
    """`missing` comes in the recipient's language, from the order's checklist."""

    kind = MailKind.DOCUMENT_REMINDER
    order_number: Text
    service_title: Text
    missing: tuple[Text, ...]
    order_url: Link


class DocumentRejected(MailContext):
    """`reason` is what staff wrote; a document may belong to no order."""

    kind = MailKind.DOCUMENT_REJECTED
    file_name: Text
    reason: Text
    order_number: Text | None = None
    service_title: Text | None = None
    upload_url: Link


class ConsultationNews(MailContext):
    """Times are told in `time_zone`, the reader's own; whom they meet is named by one of the two names."""

    kind = MailKind.CONSULTATION_NEWS
    news: Literal["REQUESTED", "SCHEDULED", "MOVED", "CANCELLED"]
    starts_at: AwareDatetime
    minutes: int
    time_zone: Zone
    consultant_name: Text | None = None
    customer_name: Text | None = None
    order_number: Text
    service_title: Text
    note: Text | None = None
    reason: Text | None = None
    session: Literal["USED", "GIVEN_BACK"] | None = None
    meeting_link: Link | None = None
    consultation_url: Link


class OrderStatusChanged(MailContext):
    kind = MailKind.ORDER_STATUS_CHANGED
    order_number: Text
    service_title: Text
    old_status: PurchaseStatus
    new_status: PurchaseStatus
    note: Text | None = None
    order_url: Link


class OrderCancelled(MailContext):
    kind = MailKind.ORDER_CANCELLED
    order_number: Text
    service_title: Text
    refund_amount: Decimal
    currency: Currency
    reason: Text | None = None


class BookingConfirmed(MailContext):
    """Goes with the invoice attached."""

    kind = MailKind.BOOKING_CONFIRMED
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


class BookingCancelled(MailContext):
    """`refund_percent` is the tier of the booking's own policy; an agency that cancels pays back everything."""

    kind = MailKind.BOOKING_CANCELLED
    booking_ref: Text
    title: Text
    cancelled_by: Literal["CUSTOMER", "AGENCY"]
    refund_percent: Percent
    refund_amount: Decimal
    currency: Currency
    points_returned: Points = 0
    points_taken_back: Points = 0


class BookingReminder(MailContext):
    """Travel is tomorrow."""

    kind = MailKind.BOOKING_REMINDER
    booking_ref: Text
    trip_title: Text
    travel_date: date
    people_count: People
    pickup_location: Text | None = None
    meeting_point: Text | None = None
    booking_url: Link


class RefundIssued(MailContext):
    """Goes with the credit note attached."""

    kind = MailKind.REFUND_ISSUED
    reference: Text
    amount: Decimal
    currency: Currency
    credit_note_number: Text


class LatePaymentRefunded(MailContext):
    """Money came after the hold had ended and its stock was gone."""

    kind = MailKind.LATE_PAYMENT_REFUNDED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency


class DuplicatePaymentRefunded(MailContext):
    kind = MailKind.DUPLICATE_PAYMENT_REFUNDED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency


class PaymentReturned(MailContext):
    """Money for a purchase that was cancelled or changed before it arrived."""

    kind = MailKind.PAYMENT_RETURNED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency


class PointsExpiring(MailContext):
    kind = MailKind.POINTS_EXPIRING
    is_optional = True
    points: Annotated[int, Field(ge=1)]
    expires_on: date


class StaffAlert(MailContext):
    """To staff, about something a person must look at; title and details are written by the engine, in English."""

    kind = MailKind.STAFF_ALERT
    title: Text
    details: tuple[Text, ...]
    raised_at: AwareDatetime


CONTEXTS: Mapping[MailKind, type[MailContext]] = {context.kind: context for context in MailContext.__subclasses__()}

if missing := set(MailKind) - set(CONTEXTS):
    raise RuntimeError(f"mail kinds without a context: {sorted(missing)}")


def read_context(kind: MailKind, stored: Mapping[str, object]) -> MailContext:
    """The context that was stored as JSON for `kind`. Raises pydantic.ValidationError when it no longer fits."""
    return CONTEXTS[kind].model_validate(stored)
