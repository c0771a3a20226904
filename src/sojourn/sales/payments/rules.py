"""The money path's decisions, as pure functions (rules, sections 0, 3 and 4)."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sojourn.platform.kit.money import ZERO
from sojourn.sales.payments.models import Disposition
from sojourn.sales.payments.payable import PurchaseState

FIRST_QUESTION_AFTER: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=1)
# Banks tell each other late; what was paid in the last second shows some minutes after the code has ended.
NEWS_MAY_TAKE: Final = timedelta(minutes=10)
AFTERWARDS_EVERY: Final = timedelta(minutes=10)
FORGET_AFTER: Final = timedelta(hours=24)


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


def next_question(*, now: datetime, expires_at: datetime, checks: int, is_captured: bool) -> datetime | None:
    """When to ask again about a KHQR code that was asked about `checks` times before this one; None: never.

    After 2, 4, 8 ... seconds, then every minute until the news of the last payers must be in; an unpaid code then now
    and then for a day. A paid one is asked about as well while it lives: somebody may pay it again.
    """
    if now < expires_at + NEWS_MAY_TAKE:
        # Past this many doublings the pause is the longest one anyway.
        return now + min(FIRST_QUESTION_AFTER * (1 << min(checks + 1, 10)), LONGEST_PAUSE)
    if is_captured or now >= expires_at + FORGET_AFTER:
        return None
    return now + AFTERWARDS_EVERY


def sweeps_up(*, now: datetime, at: datetime) -> bool:
    """Whether a question due `at` can be left to the timer that comes every minute."""
    return at > now + LONGEST_PAUSE
