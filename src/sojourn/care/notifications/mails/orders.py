"""Mails about orders of services."""

from decimal import Decimal
from typing import Self

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import (
    Currency,
    Link,
    MailContext,
    MailLine,
    PurchaseStatus,
    Pushed,
    Text,
)


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

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            lines=(MailLine(description="Professional visa package", quantity=1, amount=Decimal("299.00")),),
            total=Decimal("299.00"),
            currency="USD",
            invoice_number="HTI-2026-000001",
            order_url="https://travel.example/orders/1",
        )


class Onboarding(MailContext):
    """`checklist` and `next_steps` come in the recipient's language, from the catalogue."""

    kind = MailKind.ONBOARDING
    order_number: Text
    service_title: Text
    checklist: tuple[Text, ...]
    next_steps: tuple[Text, ...]
    order_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            checklist=("Passport, valid for six months", "Two photographs", "Bank statement of the last three months"),
            next_steps=("You upload your documents", "Your consultant reviews them", "We file the application"),
            order_url="https://travel.example/orders/1",
        )


class ConsultantAssigned(MailContext):
    kind = MailKind.CONSULTANT_ASSIGNED
    order_number: Text
    service_title: Text
    consultant_name: Text
    consultant_email: Text

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            consultant_name="Sophea Chan",
            consultant_email="sophea@travel.example",
        )


class OrderStatusChanged(MailContext):
    kind = MailKind.ORDER_STATUS_CHANGED
    order_number: Text
    service_title: Text
    old_status: PurchaseStatus
    new_status: PurchaseStatus
    note: Text | None = None
    order_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            old_status="CONFIRMED",
            new_status="IN_PROGRESS",
            note="We have begun to review your documents.",
            order_url="https://travel.example/orders/1",
        )


class OrderCancelled(MailContext):
    kind = MailKind.ORDER_CANCELLED
    push = Pushed(preference="is_purchase_push_wanted")
    order_number: Text
    service_title: Text
    refund_amount: Decimal
    currency: Currency
    reason: Text | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(
            order_number="HT-2026-001234",
            service_title="Professional visa package",
            refund_amount=Decimal("269.10"),
            currency="USD",
            reason="Travel plans changed",
        )
