"""The money path's decisions, every combination."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sojourn.sales.payments.payable import PurchaseState
from sojourn.sales.payments.rules import Verdict, is_late, judge, refundable

DUE = Decimal("200.00")
money = st.decimals(min_value="0.00", max_value="99999.99", places=2)


def test_every_combination() -> None:
    for state, amount, currency, is_live in product(
        PurchaseState, (DUE, Decimal("199.99")), ("USD", "KHR"), (False, True)
    ):
        verdict = judge(
            state=state, amount_due=DUE, currency_due="USD", is_live_expected=False, amount=amount, currency=currency,
            is_live=is_live,
        )  # fmt: skip
        fits = amount == DUE and currency == "USD" and not is_live
        expected = {
            PurchaseState.PAID: Verdict.REFUND_DUPLICATE,
            PurchaseState.CANCELLED: Verdict.REFUND_CANCELLED,
            PurchaseState.LAPSED: Verdict.REVIVE if fits else Verdict.REFUND_MISMATCH,
            PurchaseState.OPEN: Verdict.CONFIRM if fits else Verdict.REFUND_MISMATCH,
        }
        assert verdict is expected[state]


def test_paid_at_the_last_moment_is_not_late() -> None:
    deadline = datetime(2027, 1, 1, tzinfo=UTC)
    assert not is_late(charged_at=deadline, expires_at=deadline)
    assert is_late(charged_at=deadline + timedelta(microseconds=1), expires_at=deadline)
    assert not is_late(charged_at=deadline, expires_at=None)


@given(money, money)
def test_never_more_than_is_left(captured: Decimal, reserved: Decimal) -> None:
    left = refundable(captured=captured, refunded_or_pending=reserved)
    assert left >= 0
    assert left + reserved == captured or (reserved > captured and left == 0)
