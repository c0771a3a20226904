"""When a referral counts, and whom it rewards."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from sojourn.platform.storefront import SalesRules
from sojourn.sales.referrals import rules
from sojourn.sales.referrals.models import Decision, Referral, ReferralStatus

RULES = SalesRules()
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ENOUGH, TOO_LITTLE = Decimal("50.00"), Decimal("49.99")
PENDING = Referral(
    id=UUID(int=1), referrer_id=UUID(int=2), friend_id=UUID(int=3), status=ReferralStatus.PENDING, flags=(),
    is_cleared=False, completed_at=None, purchase_id=UUID(int=4), amount=ENOUGH, currency="USD", kept=ENOUGH,
)  # fmt: skip
FLAGGED = replace(PENDING, status=ReferralStatus.FLAGGED)


def test_the_smallest_purchase_that_counts() -> None:
    assert rules.counts(ENOUGH, RULES)
    assert not rules.counts(TOO_LITTLE, RULES)


@pytest.mark.parametrize("status", ReferralStatus)
def test_it_waits_until_its_purchase_is_completed_or_it_is_decided(status: ReferralStatus) -> None:
    is_open = status in (ReferralStatus.PENDING, ReferralStatus.FLAGGED)
    assert rules.is_waiting(replace(PENDING, status=status)) is is_open
    assert not rules.is_waiting(replace(PENDING, status=status, completed_at=NOW))


@pytest.mark.parametrize(
    ("referral", "has_flags", "status"),
    [
        (PENDING, False, ReferralStatus.APPROVED),
        (PENDING, True, ReferralStatus.FLAGGED),
        (FLAGGED, False, ReferralStatus.FLAGGED),
        # A person has said that they are two: what is found later does not matter.
        (replace(PENDING, is_cleared=True), True, ReferralStatus.APPROVED),
        (replace(FLAGGED, is_cleared=True), False, ReferralStatus.APPROVED),
        # Cleared or not, a purchase that was mostly refunded is none.
        (replace(PENDING, is_cleared=True, kept=TOO_LITTLE), False, ReferralStatus.VOIDED),
        (replace(FLAGGED, kept=TOO_LITTLE), True, ReferralStatus.VOIDED),
    ],
)
def test_what_a_completed_purchase_makes_of_it(referral: Referral, status: ReferralStatus, *, has_flags: bool) -> None:
    assert rules.status_at_completion(referral, has_flags=has_flags, rules=RULES) is status


@pytest.mark.parametrize(
    ("referral", "decision", "status"),
    [
        (FLAGGED, Decision.REJECT, ReferralStatus.VOIDED),
        (FLAGGED, Decision.CLEAR, ReferralStatus.PENDING),
        (replace(FLAGGED, completed_at=NOW), Decision.CLEAR, ReferralStatus.APPROVED),
        (replace(FLAGGED, completed_at=NOW), Decision.REJECT, ReferralStatus.VOIDED),
        (replace(FLAGGED, completed_at=NOW, kept=TOO_LITTLE), Decision.CLEAR, ReferralStatus.VOIDED),
    ],
)
def test_what_a_person_decides(referral: Referral, decision: Decision, status: ReferralStatus) -> None:
    assert rules.status_at_decision(referral, decision, RULES) is status


def test_twenty_friends_a_year_are_rewarded() -> None:
    assert rules.referrer_reward(rewarded_this_year=19, is_active=True, rules=RULES) == 500
    assert rules.referrer_reward(rewarded_this_year=20, is_active=True, rules=RULES) == 0
    assert rules.referrer_reward(rewarded_this_year=0, is_active=False, rules=RULES) == 0
