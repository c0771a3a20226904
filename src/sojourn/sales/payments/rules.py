"""The money path's decisions, as pure functions (rules, sections 0, 3 and 4)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sojourn.platform.kit.money import ZERO
from sojourn.sales.payments.models import Disposition
from sojourn.sales.payments.payable import PurchaseState


class Verdict(StrEnum):
    """What to do with money that has arrived."""

    CONFIRM = "CONFIRM"
    REVIVE = "REVIVE"  # the hold has ended: confirm if the stock can be had again, else refund as LATE
    REFUND_DUPLICATE = "REFUND_DUPLICATE"
    REFUND_CANCELLED = "REFUND_CANCELLED"
    REFUND_MISMATCH = "REFUND_MISMATCH"


REFUND_DISPOSITION = {
    Verdict.REVIVE: Disposition.LATE,
    Verdict.REFUND_DUPLICATE: Disposition.DUPLICATE,
    Verdict.REFUND_CANCELLED: Disposition.CANCELLED_PURCHASE,
    Verdict.REFUND_MISMATCH: Disposition.MISMATCH,
}


def judge(
    *,
    state: PurchaseState,
    amount_due: Decimal,
    currency_due: str,
    is_live_expected: bool,
    amount: Decimal,
    currency: str,
    is_live: bool,
) -> Verdict:
    """Amount, currency and test/live flag must all fit, else nothing is confirmed; then the purchase's state decides.

    A second success for a paid purchase is a duplicate whatever its amount; one for a cancelled purchase goes back.
    """
    if state is PurchaseState.PAID:
        return Verdict.REFUND_DUPLICATE
    if state is PurchaseState.CANCELLED:
        return Verdict.REFUND_CANCELLED
    if is_live is not is_live_expected or currency != currency_due or amount != amount_due:
        return Verdict.REFUND_MISMATCH
    return Verdict.REVIVE if state is PurchaseState.LAPSED else Verdict.CONFIRM


def is_late(*, charged_at: datetime, expires_at: datetime | None) -> bool:
    """Whether the payer paid after the hold's end. Paid in time and reported late is not late."""
    return expires_at is not None and charged_at > expires_at


def refundable(*, captured: Decimal, refunded_or_pending: Decimal) -> Decimal:
    """What is left to give back: captured less succeeded and pending refunds, never below zero."""
    return max(captured - refunded_or_pending, ZERO)
