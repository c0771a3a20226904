"""What comes back when a booking is cancelled, and when a hold lives."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.catalog.policies import PolicyName, preset
from sojourn.platform.errors import InvalidInput
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


def terms(percent: int, *, fee: str = "0.00", tier: str = "a tier") -> rules.Cancellation:
    return rules.Cancellation(tier=tier, percent=percent, fixed_fee=Decimal(fee), hours_left=0, valid_until=None)


@pytest.mark.parametrize(
    ("granted", "captured", "non_refundable", "refunded", "amount"),
    [
        (terms(100), "200.00", "0.00", "0.00", "200.00"),
        (terms(100), "200.00", "62.00", "0.00", "138.00"),
        (terms(50), "200.00", "62.00", "0.00", "69.00"),
        (terms(50, fee="10.00"), "200.00", "62.00", "0.00", "59.00"),
        (terms(50, fee="10.00"), "200.00", "62.00", "20.00", "39.00"),
        (terms(50), "0.01", "0.00", "0.00", "0.01"),  # half a cent is rounded up
        (terms(50), "0.03", "0.00", "0.00", "0.02"),
        (terms(50, fee="70.00"), "200.00", "62.00", "0.00", "0.00"),
        (terms(50), "200.00", "62.00", "80.00", "0.00"),
        (terms(100), "50.00", "62.00", "0.00", "0.00"),
        # Whoever did not choose to cancel gets the permits back as well.
        (terms(100, tier=rules.AGENCY), "200.00", "62.00", "0.00", "200.00"),
        (terms(100, tier=rules.AGENCY), "200.00", "62.00", "50.00", "150.00"),
        (terms(0), "200.00", "0.00", "0.00", "0.00"),
    ],
)
def test_refunds_by_hand(
    granted: rules.Cancellation, captured: str, non_refundable: str, refunded: str, amount: str
) -> None:
    refund = rules.refund_amount(
        terms=granted, captured=Decimal(captured), non_refundable=Decimal(non_refundable),
        already_refunded=Decimal(refunded),
    )  # fmt: skip
    assert refund == Decimal(amount)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("50.00", "200.00", "0.25"), ("200.00", "200.00", "1"), ("250.00", "200.00", "1"), ("-1.00", "200.00", "0"),
        ("0.00", "200.00", "0"), ("0.00", "0.00", "1"), ("0.50", "0.50", "1"),
    ],
)  # fmt: skip
def test_which_share_came_back(part: str, whole: str, expected: str) -> None:
    assert rules.share(Decimal(part), Decimal(whole)) == Decimal(expected)


def test_whole_hours_are_left_and_a_day_past_the_start_is_behind() -> None:
    assert at(72).hours_left == 72
    assert at(71.999).hours_left == 71
    assert at(71.001).hours_left == 71
    assert at(-24).hours_left == -24


def test_a_trip_ends_on_its_last_day() -> None:
    assert rules.end_date(DAY, 1) == DAY
    assert rules.end_date(DAY, 3) == date(2027, 3, 12)


@pytest.mark.parametrize(("last", "days"), [(DAY, 1), (date(2027, 3, 11), 2), (DAY + timedelta(days=59), 60)])
def test_both_ends_of_a_hire_count(last: date, days: int) -> None:
    assert rules.days_inclusive(DAY, last) == days


@pytest.mark.parametrize("last", [DAY - timedelta(days=1), DAY + timedelta(days=60)])
def test_what_is_no_hire(last: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.days_inclusive(DAY, last)
    (field,) = refused.value.details["fields"]
    assert field["field"] == "end_date"
    assert "0 to 59 days" in field["message"]


def test_from_tomorrow_to_the_horizon() -> None:
    assert rules.date_window(date(2026, 12, 1), RULES) == (date(2026, 12, 2), date(2028, 5, 24))


def test_a_hold_without_a_deadline_does_not_live() -> None:
    assert not rules.is_live_hold(BookingStatus.RESERVED, None, START)


@pytest.mark.parametrize("status", BookingStatus)
def test_a_lapsed_hold_reads_as_cancelled(status: BookingStatus) -> None:
    deadline = START
    before, at_the_end = deadline - timedelta(microseconds=1), deadline
    is_lapsed = status in (BookingStatus.RESERVED, BookingStatus.EXPIRED)
    assert rules.status_on_wire(status, deadline, at_the_end) == ("CANCELLED" if is_lapsed else status)
    lasts = status is not BookingStatus.EXPIRED
    assert rules.status_on_wire(status, deadline, before) == (status if lasts else "CANCELLED")
