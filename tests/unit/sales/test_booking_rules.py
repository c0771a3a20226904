"""What comes back when a booking is cancelled, and when a hold lives."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.catalog.policies import PolicyName, preset
from sojourn.platform.kit.clock import start_of_day
from sojourn.platform.kit.money import ZERO
from sojourn.platform.storefront import SalesRules
from sojourn.sales.bookings import rules
from sojourn.sales.bookings.models import BookingStatus

RULES = SalesRules()
ZONE = "Asia/Phnom_Penh"
DAY = date(2027, 3, 10)
START = start_of_day(DAY, ZONE)
LONG_AGO = datetime(2026, 12, 1, tzinfo=UTC)
money = st.decimals(min_value="0.00", max_value="99999.99", places=2)
policies = st.sampled_from(list(PolicyName))


def at(hours_before: float, *, policy: PolicyName = PolicyName.MODERATE, **more: object) -> rules.Cancellation:
    asked: dict[str, object] = {"paid_at": LONG_AGO, "by_agency": False} | more
    return rules.cancellation(
        tiers=preset(policy).tiers, travel_date=DAY, zone=ZONE, now=START - timedelta(hours=hours_before), rules=RULES,
        **asked,  # type: ignore[arg-type]
    )  # fmt: skip


def test_hours_count_to_midnight_in_the_services_own_zone() -> None:
    assert datetime(2027, 3, 9, 17, 0, tzinfo=UTC) == START


@pytest.mark.parametrize(
    ("policy", "hours", "percent"),
    [
        (PolicyName.FLEXIBLE, 24, 100), (PolicyName.FLEXIBLE, 23.999, 0),
        (PolicyName.MODERATE, 168, 100), (PolicyName.MODERATE, 167.999, 50), (PolicyName.MODERATE, 72, 50),
        (PolicyName.MODERATE, 71.999, 0), (PolicyName.STRICT, 336, 50), (PolicyName.STRICT, 335.9, 0),
        (PolicyName.NON_REFUNDABLE, 1500, 0),
    ],
)  # fmt: skip
def test_the_boundary_favours_the_customer(policy: PolicyName, hours: float, percent: int) -> None:
    assert at(hours, policy=policy).percent == percent


def test_grace_is_24_hours_after_paying_when_the_start_is_far() -> None:
    paid = START - timedelta(hours=200)
    assert at(177, policy=PolicyName.NON_REFUNDABLE, paid_at=paid).tier == rules.GRACE
    assert at(176, policy=PolicyName.NON_REFUNDABLE, paid_at=paid).percent == 100
    assert at(175.9, policy=PolicyName.NON_REFUNDABLE, paid_at=paid).percent == 0
    late_payer = START - timedelta(hours=170)
    assert at(168, policy=PolicyName.NON_REFUNDABLE, paid_at=late_payer).percent == 100
    assert at(167.9, policy=PolicyName.NON_REFUNDABLE, paid_at=late_payer).percent == 0


@given(policies, st.floats(-100, 2000), st.floats(-100, 2000))
def test_earlier_is_never_worse(policy: PolicyName, one: float, other: float) -> None:
    early, late = max(one, other), min(one, other)
    assert at(early, policy=policy).percent >= at(late, policy=policy).percent


@given(policies, st.floats(0, 2000))
def test_it_holds_until_it_says(policy: PolicyName, hours: float) -> None:
    terms = at(hours, policy=policy)
    if terms.valid_until is not None:
        left = (START - terms.valid_until).total_seconds() / 3600
        assert at(left, policy=policy).percent == terms.percent
        assert at(left - 0.001, policy=policy).percent < terms.percent


@given(money, money, money, policies, st.floats(0, 2000), st.booleans())
def test_refunds_stay_within_what_was_captured(
    captured: Decimal, fee: Decimal, refunded: Decimal, policy: PolicyName, hours: float, by_agency: bool
) -> None:
    terms = at(hours, policy=policy, by_agency=by_agency)
    refund = rules.refund_amount(
        terms=terms, captured=captured, non_refundable=fee, already_refunded=min(refunded, captured)
    )
    assert ZERO <= refund <= captured - min(refunded, captured)
    if by_agency:
        assert refund == captured - min(refunded, captured)


@given(st.sampled_from(list(BookingStatus)), st.integers(-5, 5))
def test_a_hold_lives_until_its_deadline(status: BookingStatus, seconds: int) -> None:
    deadline = START
    alive = rules.is_live_hold(status, deadline, deadline + timedelta(seconds=seconds))
    assert alive is (status is BookingStatus.RESERVED and seconds < 0)


def test_a_quote_names_one_outcome() -> None:
    def named(**change: object) -> str:
        outcome: dict[str, object] = {"booking_id": "b", "version": 1, "tier": "t", "refund": Decimal(5)} | change
        return rules.quote_id(**outcome)  # type: ignore[arg-type]

    assert named() == named()
    assert len({named(), named(version=2), named(tier="u"), named(refund=Decimal(6)), named(booking_id="c")}) == 5
