"""What customers are told of their purchases as it happens (docs/events.md): over event streams and, of payments, on
the Redis channel of DerLg's document."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sojourn.platform.events.log import NewEvent
from sojourn.sales.payments.models import Disposition, Payment, PaymentStatus, Refund
from sojourn.sales.payments.payable import Purchase
from sojourn.sales.purchases import PurchaseKind

PAYMENT_SUCCEEDED: Final = "payment.succeeded"
PAYMENT_FAILED: Final = "payment.failed"
PAYMENT_RETURNED: Final = "payment.returned"
PAYMENT_REFUNDED: Final = "payment.refunded"
BOOKING_CONFIRMED: Final = "booking.confirmed"
BOOKING_MODIFIED: Final = "booking.modified"
BOOKING_CANCELLED: Final = "booking.cancelled"
BOOKING_EXPIRED: Final = "booking.expired"
ORDER_CONFIRMED: Final = "order.confirmed"
ORDER_CANCELLED: Final = "order.cancelled"
ORDER_STATUS_CHANGED: Final = "order.status_changed"


def subject(kind: PurchaseKind, purchase_id: UUID, *, changed_booking_id: UUID | None = None) -> dict[str, str]:
    """The purchase as events name it; a change is part of its booking."""
    if kind is PurchaseKind.ORDER:
        return {"order_id": str(purchase_id)}
    if kind is PurchaseKind.BOOKING_CHANGE:
        return {"booking_id": str(changed_booking_id), "booking_change_id": str(purchase_id)}
    return {"booking_id": str(purchase_id)}


def subject_of(purchase: Purchase) -> dict[str, str]:
    return subject(purchase.kind, purchase.id, changed_booking_id=purchase.changed_booking_id)


def _published(about: Mapping[str, str], status: PaymentStatus) -> dict[str, str]:
    """The document's own shape: `{booking_id, status}`; an order has its id in the same place."""
    told = {name: about[name] for name in ("booking_id", "order_id") if name in about}
    return {**told, "status": status.value}


def payment_succeeded(payment: Payment, about: Mapping[str, str], *, at: datetime) -> NewEvent:
    """The money has arrived and paid for the purchase."""
    return NewEvent(
        user_id=payment.user_id,
        kind=PAYMENT_SUCCEEDED,
        payload={
            **about, "payment_id": str(payment.id), "status": PaymentStatus.SUCCEEDED.value,
            "amount": f"{payment.amount:.2f}", "currency": payment.currency, "reference": payment.reference,
        },
        published=_published(about, PaymentStatus.SUCCEEDED),
        at=at,
    )  # fmt: skip


def payment_failed(payment: Payment, about: Mapping[str, str], *, code: str | None, at: datetime) -> NewEvent:
    """An attempt was refused; another may follow. `code` is the provider's."""
    return NewEvent(
        user_id=payment.user_id,
        kind=PAYMENT_FAILED,
        payload={
            **about, "payment_id": str(payment.id), "status": PaymentStatus.FAILED.value, "reason": code or "unknown",
            "reference": payment.reference,
        },
        published=_published(about, PaymentStatus.FAILED),
        at=at,
    )  # fmt: skip


def payment_returned(
    payment: Payment, about: Mapping[str, str], *, disposition: Disposition, at: datetime
) -> NewEvent:  # fmt: skip
    """Money that buys nothing is on its way back: late, twice, for a cancelled purchase, or another amount."""
    return NewEvent(
        user_id=payment.user_id,
        kind=PAYMENT_RETURNED,
        payload={**about, "payment_id": str(payment.id), "reason": disposition.value, "reference": payment.reference},
        at=at,
    )


def payment_refunded(
    payment: Payment, refund: Refund, about: Mapping[str, str], *, is_whole: bool, at: datetime
) -> NewEvent:
    """A refund has gone out. `is_whole`: with it, all of the payment's money."""
    status = PaymentStatus.REFUNDED if is_whole else PaymentStatus.PARTIALLY_REFUNDED
    return NewEvent(
        user_id=payment.user_id,
        kind=PAYMENT_REFUNDED,
        payload={
            **about, "payment_id": str(payment.id), "refund_id": str(refund.id), "status": status.value,
            "amount": f"{refund.amount:.2f}", "currency": refund.currency, "reference": payment.reference,
        },
        published=_published(about, status),
        at=at,
    )  # fmt: skip


def booking_event(
    kind: str, *, user_id: UUID, booking_id: UUID, reference: str, status: str, at: datetime, reason: str | None = None
) -> NewEvent:
    """A booking has come to `status`, as it reads on the wire."""
    payload = {"booking_id": str(booking_id), "status": status, "reference": reference}
    return NewEvent(user_id=user_id, kind=kind, payload=payload | ({"reason": reason} if reason else {}), at=at)


def order_event(
    kind: str, *, user_id: UUID, order_id: UUID, reference: str, status: str, at: datetime
) -> NewEvent:  # fmt: skip
    """An order has come to `status`."""
    payload = {"order_id": str(order_id), "status": status, "reference": reference}
    return NewEvent(user_id=user_id, kind=kind, payload=payload, at=at)
