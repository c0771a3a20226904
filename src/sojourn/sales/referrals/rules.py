"""When a referral counts, as pure functions (rules, section 6)."""

from decimal import Decimal

from sojourn.platform.storefront import SalesRules
from sojourn.sales.referrals.models import Decision, Referral, ReferralStatus

SAME_NUMBER_DIGITS = 8  # a number with and without its country's code is one number


def counts(amount: Decimal, rules: SalesRules) -> bool:
    """Whether a purchase is large enough. `amount` in the storefront's currency."""
    return amount >= rules.referral_min_purchase


def is_waiting(referral: Referral) -> bool:
    """Whether its purchase is still to be completed."""
    return referral.completed_at is None and referral.status in (ReferralStatus.PENDING, ReferralStatus.FLAGGED)


def status_at_completion(referral: Referral, *, has_flags: bool, rules: SalesRules) -> ReferralStatus:
    """What a completed purchase makes of its referral that waits. What was flagged waits on for a person."""
    if not counts(referral.kept, rules):
        return ReferralStatus.VOIDED
    if referral.is_cleared:
        return ReferralStatus.APPROVED
    return ReferralStatus.FLAGGED if has_flags or referral.status is ReferralStatus.FLAGGED else ReferralStatus.APPROVED


def status_at_decision(referral: Referral, decision: Decision, rules: SalesRules) -> ReferralStatus:
    """What a person's decision makes of a flagged referral."""
    if decision is Decision.REJECT:
        return ReferralStatus.VOIDED
    if referral.completed_at is None:
        return ReferralStatus.PENDING
    return ReferralStatus.APPROVED if counts(referral.kept, rules) else ReferralStatus.VOIDED


def referrer_reward(*, rewarded_this_year: int, is_active: bool, rules: SalesRules) -> int:
    """Points for whoever sent the friend: none beyond so many a year. The friend's own are not touched by that."""
    if not is_active or rewarded_this_year >= rules.referrals_max_a_year:
        return 0
    return rules.referral_referrer_points
