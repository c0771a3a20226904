"""The jobs and timers of notifications (docs/jobs.md)."""

from uuid import UUID

from sojourn.care.notifications import festivals
from sojourn.care.notifications import handlers_account as account
from sojourn.care.notifications import handlers_bookings as bookings
from sojourn.care.notifications import handlers_invoices as invoices
from sojourn.care.notifications import handlers_orders as orders
from sojourn.care.notifications import handlers_payments as payments
from sojourn.care.notifications.service import DELIVER, MAX_ATTEMPTS, deliver, resend_overdue
from sojourn.people import effects as people
from sojourn.platform.jobs.queue import Payload
from sojourn.providers.work import JobKind, Timer, Work
from sojourn.sales import effects as sales


async def handle_deliver(work: Work, payload: Payload) -> None:
    """Send one kept mail."""
    await deliver(work, UUID(payload["notification_id"]))


JOBS = (
    JobKind(name=people.VERIFY_EMAIL, handler=account.verify_email),
    JobKind(name=people.PASSWORD_RESET, handler=account.password_reset),
    JobKind(name=people.PASSWORD_CHANGED, handler=account.password_changed),
    JobKind(name=people.STAFF_INVITATION, handler=account.staff_invitation),
    JobKind(name=people.EMAIL_ALREADY_REGISTERED, handler=account.email_already_registered),
    JobKind(name=people.WELCOME, handler=account.welcome),
    JobKind(name=people.ACCOUNT_DELETION, handler=account.account_deletion),
    JobKind(name=sales.ORDER_CONFIRMED, handler=invoices.order_confirmed),
    JobKind(name=sales.ORDER_ONBOARDING, handler=orders.order_onboarding),
    JobKind(name=sales.ORDER_STATUS_CHANGED, handler=orders.order_status_changed),
    JobKind(name=sales.CASE_NEWS, handler=orders.case_news),
    JobKind(name=sales.ORDER_CANCELLED, handler=orders.order_cancelled),
    JobKind(name=sales.CONSULTANT_ASSIGNED, handler=orders.consultant_assigned),
    JobKind(name=sales.BOOKING_CONFIRMED, handler=invoices.booking_confirmed),
    JobKind(name=sales.BOOKING_MODIFIED, handler=bookings.booking_modified),
    JobKind(name=sales.BOOKING_CANCELLED, handler=bookings.booking_cancelled),
    JobKind(name=sales.REVIEW_INVITATION, handler=bookings.review_invitation),
    JobKind(name=sales.PAYMENT_FAILED, handler=payments.payment_failed),
    JobKind(name=sales.REFUND_ISSUED, handler=invoices.refund_issued),
    JobKind(name=sales.LATE_PAYMENT_REFUNDED, handler=payments.late_payment_refunded),
    JobKind(name=sales.DUPLICATE_PAYMENT_REFUNDED, handler=payments.duplicate_payment_refunded),
    JobKind(name=sales.PAYMENT_RETURNED, handler=payments.payment_returned),
    JobKind(name=sales.POINTS_EXPIRING, handler=account.points_expiring),
    JobKind(name=sales.STAFF_ALERT, handler=payments.staff_alert),
    JobKind(name=DELIVER, handler=handle_deliver, max_attempts=MAX_ATTEMPTS),
)
TIMERS = (
    Timer(
        name="notifications.resend",
        cron="*/2 * * * *",
        title="every 2 minutes: mails that still wait after 2 minutes although their job is gone",
        handler=resend_overdue,
    ),
    Timer(
        name="notifications.travel_reminders",
        cron="0 * * * *",
        title="every hour from 09:00 on the storefront's clock: who travels tomorrow is reminded, once",
        handler=bookings.send_reminders,
    ),
    Timer(
        name="notifications.festival_alerts",
        cron="0 8 * * *",
        is_local=True,
        title="daily at 08:00: who wants to hear of festivals is told of those that begin in one to three days, once",
        handler=festivals.send_festival_alerts,
    ),
)
