"""One context of every kind of mail, as the engine would send it, and the two brands they go out under."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sojourn.care.notifications import mails
from sojourn.care.notifications.mails import Brand, Envelope, MailContext, MailKind
from sojourn.platform.i18n import Language

PHNOM_PENH = ZoneInfo("Asia/Phnom_Penh")
AT = datetime(2026, 11, 5, 2, 30, tzinfo=UTC)
DERLG = Brand(
    key="derlg",
    name="DerLg",
    primary_color="#0f766e",
    frontend_url="https://derlg.example",
    support_email="help@derlg.example",
    address_line="Street 240, Phnom Penh, Cambodia",
    time_zone=PHNOM_PENH,
)
HOLYONE = Brand(
    key="holyone",
    name="Holyone Travels",
    primary_color="#f4b400",
    frontend_url="https://holyone.example",
    support_email="orders@holyone.example",
    address_line="Norodom Boulevard, Phnom Penh, Cambodia",
    time_zone=PHNOM_PENH,
)
BRANDS = (DERLG, HOLYONE)

_LINES = (
    mails.MailLine(description="Angkor sunrise and temples", quantity=3, amount=Decimal("357.00")),
    mails.MailLine(description="Airport transfer", amount=Decimal("18.00")),
    mails.MailLine(description="Student discount", amount=Decimal("-11.90")),
)
_CONTEXTS: tuple[MailContext, ...] = (
    mails.VerifyEmail(link="https://derlg.example/verify?token=abc&lang=en", expires_at=AT),
    mails.PasswordReset(link="https://derlg.example/reset?token=abc", expires_at=AT),
    mails.PasswordChanged(changed_at=AT),
    mails.StaffInvitation(
        link="https://derlg.example/join?token=abc", expires_at=AT, role="CONSULTANT", inviter="Dara Kim"
    ),
    mails.Welcome(),
    mails.EmailAlreadyRegistered(login_url="https://derlg.example/login", reset_url="https://derlg.example/forgot"),
    mails.OrderConfirmation(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        lines=(mails.MailLine(description="Professional visa package", quantity=1, amount=Decimal("299.00")),),
        total=Decimal("299.00"),
        currency="USD",
        invoice_number="HTI-2026-000001",
        order_url="https://holyone.example/orders/1",
    ),
    mails.PaymentFailed(
        reference="DL-ABCD3789",
        title="Angkor sunrise and temples",
        amount=Decimal("363.10"),
        currency="USD",
        failure="INSUFFICIENT_FUNDS",
        reserved_until=AT,
        retry_url="https://derlg.example/pay/1",
    ),
    mails.Onboarding(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        checklist=("Passport, valid for six months", "Two photographs", "Bank statement of the last three months"),
        next_steps=("You upload your documents", "Your consultant reviews them", "We file the application"),
        order_url="https://holyone.example/orders/1",
    ),
    mails.ConsultantAssigned(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        consultant_name="Sophea Chan",
        consultant_email="sophea@holyone.example",
    ),
    mails.DocumentReminder(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        missing=("Passport, valid for six months", "Bank statement of the last three months"),
        order_url="https://holyone.example/orders/1",
    ),
    mails.DocumentRejected(
        file_name="bank statement.pdf",
        reason="The last page is cut off.",
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        upload_url="https://holyone.example/orders/1",
    ),
    mails.ConsultationNews(
        news="SCHEDULED",
        starts_at=datetime(2026, 12, 10, 2, 30, tzinfo=UTC),
        minutes=30,
        time_zone="Europe/Paris",
        consultant_name="Sophea Chan",
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        note="About my bank statement",
        meeting_link="https://meet.example/sojourn-0123456789abcdef",
        consultation_url="https://holyone.example/consultations/1",
    ),
    mails.OrderStatusChanged(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        old_status="CONFIRMED",
        new_status="IN_PROGRESS",
        note="We have begun to review your documents.",
        order_url="https://holyone.example/orders/1",
    ),
    mails.OrderCancelled(
        order_number="HT-2026-001234",
        service_title="Professional visa package",
        refund_amount=Decimal("269.10"),
        currency="USD",
        reason="Travel plans changed",
    ),
    mails.BookingConfirmed(
        booking_ref="DL-ABCD3789",
        trip_title="Angkor sunrise and temples",
        travel_date=date(2026, 12, 24),
        end_date=date(2026, 12, 26),
        people_count=3,
        pickup_location="Hotel on Sivutha Boulevard, Siem Reap",
        meeting_point="Angkor ticket office, main gate",
        lines=_LINES,
        total=Decimal("363.10"),
        currency="USD",
        points_pending=363,
        invoice_number="DLI-2026-000017",
        booking_url="https://derlg.example/bookings/1",
    ),
    mails.BookingModified(
        booking_ref="DL-ABCD3789",
        trip_title="Angkor sunrise and temples",
        before=mails.BookingTerms(travel_date=date(2026, 12, 24), people_count=3),
        after=mails.BookingTerms(travel_date=date(2026, 12, 28), people_count=2, extras=("Airport transfer", "Lunch")),
        price_difference=Decimal("-101.00"),
        currency="USD",
        booking_url="https://derlg.example/bookings/1",
    ),
    mails.BookingCancelled(
        booking_ref="DL-ABCD3789",
        title="Angkor sunrise and temples",
        cancelled_by="CUSTOMER",
        refund_percent=50,
        refund_amount=Decimal("181.55"),
        currency="USD",
        points_returned=500,
        points_taken_back=182,
    ),
    mails.BookingReminder(
        booking_ref="DL-ABCD3789",
        trip_title="Angkor sunrise and temples",
        travel_date=date(2026, 12, 24),
        people_count=3,
        pickup_location="Hotel on Sivutha Boulevard, Siem Reap",
        booking_url="https://derlg.example/bookings/1",
    ),
    mails.RefundIssued(
        reference="DL-ABCD3789", amount=Decimal("181.55"), currency="USD", credit_note_number="DLC-2026-000003"
    ),
    mails.LatePaymentRefunded(
        reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal(1488200), currency="KHR"
    ),
    mails.DuplicatePaymentRefunded(
        reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal("363.10"), currency="USD"
    ),
    mails.PaymentReturned(
        reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal("363.10"), currency="USD"
    ),
    mails.PointsExpiring(points=1200, expires_on=date(2026, 12, 5)),
    mails.StaffAlert(
        title="Paid but unconfirmed", details=("Payment 0192 of 363.10 USD", "Booking DL-ABCD3789"), raised_at=AT
    ),
)
SAMPLES: dict[MailKind, MailContext] = {context.kind: context for context in _CONTEXTS}


@pytest.fixture(params=_CONTEXTS, ids=lambda context: context.kind.value)
def context(request: pytest.FixtureRequest) -> MailContext:
    """Every kind of mail, in turn."""
    chosen = request.param
    assert isinstance(chosen, MailContext)
    return chosen


@pytest.fixture(params=list(Language))
def language(request: pytest.FixtureRequest) -> Language:
    return Language(request.param)


@pytest.fixture(params=BRANDS, ids=lambda brand: brand.key)
def brand(request: pytest.FixtureRequest) -> Brand:
    chosen = request.param
    assert isinstance(chosen, Brand)
    return chosen


@pytest.fixture
def samples() -> dict[MailKind, MailContext]:
    return SAMPLES


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(recipient_name="Anna Berg", unsubscribe_url="https://derlg.example/unsubscribe/abc")


@pytest.fixture
def derlg() -> Brand:
    return DERLG
