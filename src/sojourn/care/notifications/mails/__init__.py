"""Every mail the house can send: its kind, and exactly what its template needs to know.

A new one is: a name in `kinds.py`; a class with its sample in the file of its theme, and here; its words in
`texts/*.yaml`; its body in `templates/bodies`. The tests say what is missing.
"""

from collections.abc import Mapping

from sojourn.care.notifications.mails.accounts import (
    AccountDeletion,
    DataExport,
    EmailAlreadyRegistered,
    PasswordChanged,
    PasswordReset,
    PointsExpiring,
    StaffInvitation,
    VerifyEmail,
    Welcome,
)
from sojourn.care.notifications.mails.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingModified,
    BookingReminder,
    ReviewInvitation,
)
from sojourn.care.notifications.mails.cases import (
    CaseNews,
    ConsultationNews,
    ConsultationReminder,
    DocumentRejected,
    DocumentReminder,
)
from sojourn.care.notifications.mails.desk import EmergencyAlert, StaffAlert
from sojourn.care.notifications.mails.journeys import FestivalAlert
from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.orders import (
    ConsultantAssigned,
    Onboarding,
    OrderCancelled,
    OrderConfirmation,
    OrderStatusChanged,
)
from sojourn.care.notifications.mails.parts import (
    BookingTerms,
    Brand,
    Envelope,
    MailContext,
    MailLine,
    PaymentFailure,
    PurchaseStatus,
    one_line,
)
from sojourn.care.notifications.mails.payments import (
    DuplicatePaymentRefunded,
    LatePaymentRefunded,
    PaymentFailed,
    PaymentReturned,
    RefundIssued,
)
from sojourn.care.notifications.mails.students import StudentApproved, StudentEnding, StudentRejected

__all__ = [
    "CONTEXTS",
    "AccountDeletion",
    "BookingCancelled",
    "BookingConfirmed",
    "BookingModified",
    "BookingReminder",
    "BookingTerms",
    "Brand",
    "CaseNews",
    "ConsultantAssigned",
    "ConsultationNews",
    "ConsultationReminder",
    "DataExport",
    "DocumentRejected",
    "DocumentReminder",
    "DuplicatePaymentRefunded",
    "EmailAlreadyRegistered",
    "EmergencyAlert",
    "Envelope",
    "FestivalAlert",
    "LatePaymentRefunded",
    "MailContext",
    "MailKind",
    "MailLine",
    "Onboarding",
    "OrderCancelled",
    "OrderConfirmation",
    "OrderStatusChanged",
    "PasswordChanged",
    "PasswordReset",
    "PaymentFailed",
    "PaymentFailure",
    "PaymentReturned",
    "PointsExpiring",
    "PurchaseStatus",
    "RefundIssued",
    "ReviewInvitation",
    "StaffAlert",
    "StaffInvitation",
    "StudentApproved",
    "StudentEnding",
    "StudentRejected",
    "VerifyEmail",
    "Welcome",
    "one_line",
    "read_context",
]

CONTEXTS: Mapping[MailKind, type[MailContext]] = {context.kind: context for context in MailContext.__subclasses__()}

if missing := set(MailKind) - set(CONTEXTS):
    raise RuntimeError(f"mail kinds without a context: {sorted(missing)}")


def read_context(kind: MailKind, stored: Mapping[str, object]) -> MailContext:
    """The context that was stored as JSON for `kind`. Raises pydantic.ValidationError when it no longer fits."""
    return CONTEXTS[kind].model_validate(stored)
