"""Mails about money: attempts that failed, money that goes back; and what the desk must look at."""

from typing import cast, get_args
from uuid import UUID

from sojourn.care.notifications import sources
from sojourn.care.notifications.mails import (
    DuplicatePaymentRefunded,
    LatePaymentRefunded,
    PaymentFailed,
    PaymentFailure,
    PaymentReturned,
    StaffAlert,
)
from sojourn.care.notifications.models import Letter, Recipient
from sojourn.care.notifications.service import keep
from sojourn.platform.db.database import Row
from sojourn.platform.i18n import Language
from sojourn.platform.jobs.queue import Payload
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Work

_TITLE_KEPT = 120


def failure_of(code: str | None) -> PaymentFailure:
    """The provider's code as far as a customer can act on it."""
    known = (code or "").upper()
    return cast("PaymentFailure", known) if known in get_args(PaymentFailure) else "OTHER"


def purchase_url(storefront: Storefront, purchase: Row) -> str:
    """Where the customer sees what they pay for."""
    if purchase["booking_id"] is not None:
        return f"{storefront.frontend_url}/bookings/{purchase['booking_id']}"
    return f"{storefront.frontend_url}/orders/{purchase['order_id']}"


async def payment_failed(work: Work, payload: Payload) -> None:
    """One mail an attempt, with the way to try again."""
    async with work.runtime.db.unit_of_work() as tx:
        payment = await sources.get_payment(tx, UUID(payload["payment_id"]))
        context = PaymentFailed(
            reference=payment["reference"],
            title=payment["title"],
            amount=payment["amount"],
            currency=payment["currency"],
            failure=failure_of(payment["failure_code"]),
            reserved_until=payment["reserved_until"],
            retry_url=purchase_url(work.runtime.storefront, payment),
        )
        letter = Letter(
            context=context,
            to=sources.customer_of(payment),
            subject_id=payment["id"],
            occasion=str(payload["attempt"]),
        )
        await keep(tx, letter, now=work.runtime.clock.now())


async def late_payment_refunded(work: Work, payload: Payload) -> None:
    """Money that came after its hold had ended and its stock was gone."""
    await _sent_back(work, payload, LatePaymentRefunded)


async def duplicate_payment_refunded(work: Work, payload: Payload) -> None:
    """Money for what was paid already."""
    await _sent_back(work, payload, DuplicatePaymentRefunded)


async def payment_returned(work: Work, payload: Payload) -> None:
    """Money for a purchase that was cancelled or changed before it arrived."""
    await _sent_back(work, payload, PaymentReturned)


async def _sent_back(
    work: Work, payload: Payload, context: type[LatePaymentRefunded | DuplicatePaymentRefunded | PaymentReturned]
) -> None:
    async with work.runtime.db.unit_of_work() as tx:
        payment = await sources.get_payment(tx, UUID(payload["payment_id"]))
        letter = Letter(
            context=context(
                reference=payment["reference"],
                title=payment["title"],
                amount=payment["captured_amount"],
                currency=payment["currency"],
            ),
            to=sources.customer_of(payment),
            subject_id=payment["id"],
        )
        await keep(tx, letter, now=work.runtime.clock.now())


async def staff_alert(work: Work, payload: Payload) -> None:
    """One mail for each thing a person must look at; two different things about one subject are two mails."""
    now = work.runtime.clock.now()
    title: str = payload["title"]
    details = tuple(f"{name.replace('_', ' ')}: {value}" for name, value in payload["details"].items())
    letter = Letter(
        context=StaffAlert(title=title, details=details, raised_at=now),
        to=Recipient(user_id=None, email=work.runtime.storefront.support_email, name=None, language=Language.EN),
        subject_id=UUID(payload["subject_id"]),
        occasion=title[:_TITLE_KEPT],
    )
    async with work.runtime.db.unit_of_work() as tx:
        await keep(tx, letter, now=now)
