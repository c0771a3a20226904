"""Mails about money: attempts that failed, and what goes back."""

from decimal import Decimal
from typing import Self

from pydantic import AwareDatetime

from sojourn.care.notifications.mails.kinds import MailKind
from sojourn.care.notifications.mails.parts import (
    SAMPLE_AT,
    Currency,
    Link,
    MailContext,
    PaymentFailure,
    Pushed,
    Text,
)


class PaymentFailed(MailContext):
    """`reserved_until`: how long a booking's hold still stands; None for an order."""

    kind = MailKind.PAYMENT_FAILED
    push = Pushed(preference="is_purchase_push_wanted", link="retry_url")
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency
    failure: PaymentFailure
    reserved_until: AwareDatetime | None = None
    retry_url: Link

    @classmethod
    def sample(cls) -> Self:
        return cls(
            reference="DL-ABCD3789",
            title="Angkor sunrise and temples",
            amount=Decimal("363.10"),
            currency="USD",
            failure="INSUFFICIENT_FUNDS",
            reserved_until=SAMPLE_AT,
            retry_url="https://travel.example/pay/1",
        )


class RefundIssued(MailContext):
    """Goes with the credit note attached."""

    kind = MailKind.REFUND_ISSUED
    push = Pushed(preference="is_purchase_push_wanted")
    reference: Text
    amount: Decimal
    currency: Currency
    credit_note_number: Text

    @classmethod
    def sample(cls) -> Self:
        return cls(
            reference="DL-ABCD3789", amount=Decimal("181.55"), currency="USD", credit_note_number="DLC-2026-000003"
        )


class LatePaymentRefunded(MailContext):
    """Money came after the hold had ended and its stock was gone."""

    kind = MailKind.LATE_PAYMENT_REFUNDED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency

    @classmethod
    def sample(cls) -> Self:
        return cls(reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal(1488200), currency="KHR")


class DuplicatePaymentRefunded(MailContext):
    kind = MailKind.DUPLICATE_PAYMENT_REFUNDED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency

    @classmethod
    def sample(cls) -> Self:
        return cls(
            reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal("363.10"), currency="USD"
        )


class PaymentReturned(MailContext):
    """Money for a purchase that was cancelled or changed before it arrived."""

    kind = MailKind.PAYMENT_RETURNED
    reference: Text
    title: Text
    amount: Decimal
    currency: Currency

    @classmethod
    def sample(cls) -> Self:
        return cls(
            reference="DL-ABCD3789", title="Angkor sunrise and temples", amount=Decimal("363.10"), currency="USD"
        )
