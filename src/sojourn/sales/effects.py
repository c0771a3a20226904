"""What a sale sets going: job kinds, named here so that the floors above can handle them. Payloads carry ids only."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sojourn.platform.jobs.queue import NewJob

ORDER_CONFIRMED = "mail.order_confirmed"  # order_id, payment_id
ORDER_ONBOARDING = "mail.order_onboarding"  # order_id
ORDER_STATUS_CHANGED = "mail.order_status_changed"  # order_id, event_id, note_id if there is one
CASE_NEWS = "mail.case_news"  # order_id, event_id, note_id if there is one
ORDER_CANCELLED = "mail.order_cancelled"  # order_id
CONSULTANT_ASSIGNED = "mail.consultant_assigned"  # order_id, event_id
BOOKING_CONFIRMED = "mail.booking_confirmed"  # booking_id, payment_id
BOOKING_MODIFIED = "mail.booking_modified"  # booking_id, version
BOOKING_CANCELLED = "mail.booking_cancelled"  # booking_id
REVIEW_INVITATION = "mail.review_invitation"  # booking_id
PAYMENT_FAILED = "mail.payment_failed"  # payment_id, attempt
REFUND_ISSUED = "mail.refund_issued"  # refund_id
LATE_PAYMENT_REFUNDED = "mail.late_payment_refunded"  # payment_id
DUPLICATE_PAYMENT_REFUNDED = "mail.duplicate_payment_refunded"  # payment_id
PAYMENT_RETURNED = "mail.payment_returned"  # payment_id
POINTS_EXPIRING = "mail.points_expiring"  # user_id, points, expires_on
STAFF_ALERT = "mail.staff_alert"  # title, details, subject_id

CANCEL_BOOKING = "bookings.cancel"  # booking_id, admin_id, reason
SEND_REFUND = "payments.send_refund"  # refund_id
CANCEL_INTENT = "payments.cancel_intent"  # payment_id
READ_CARD = "payments.read_card"  # payment_id
ASK_ABOUT_QRS = "payments.ask_about_qrs"  # nothing: it looks for itself


def effect(kind: str, **ids: UUID | str | int) -> NewJob:
    """One effect, to be queued in the transaction that caused it."""
    return NewJob(kind=kind, payload=ids)


def staff_alert(title: str, *, subject_id: UUID, details: Mapping[str, Any]) -> NewJob:
    """Tell the desk that a person must look: `details` without secrets or card data."""
    return NewJob(kind=STAFF_ALERT, payload={"title": title, "subject_id": subject_id, "details": dict(details)})
