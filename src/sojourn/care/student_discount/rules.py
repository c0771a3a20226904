"""When somebody counts as a student, as pure functions (rules, section 7)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sojourn.care.student_discount.models import VerificationStatus
from sojourn.platform.kit.clock import start_of_day
from sojourn.platform.storefront import StudentRules
from sojourn.sales.loyalty.rules import add_months

UNFINISHED_LIFE = timedelta(hours=24)
LONGEST_CARD_YEARS = 10


def valid_until(*, card_expires_on: date, now: datetime, zone: str, rules: StudentRules) -> datetime:
    """The end of the card's last day in the IANA zone `zone`, or `life_months` from now, whichever comes first."""
    return min(start_of_day(card_expires_on + timedelta(days=1), zone), add_months(now, rules.life_months))


def is_card_plausible(card_expires_on: date, today: date) -> bool:
    """Not past, and no longer than a course of study can last."""
    return today <= card_expires_on <= today + timedelta(days=366 * LONGEST_CARD_YEARS)


def remind_at(expires_at: datetime, rules: StudentRules) -> datetime:
    """From when on the end is near: reminded, and free to be verified anew."""
    return add_months(expires_at, -rules.remind_months)


def next_try_at(submitted_at: Sequence[datetime], now: datetime, rules: StudentRules) -> datetime | None:
    """When somebody may submit again; None when they may now."""
    window = timedelta(days=rules.tries_days)
    recent = sorted(at for at in submitted_at if at > now - window)
    return recent[-rules.tries] + window if len(recent) >= rules.tries else None


def judge(similarity: Decimal | None, rules: StudentRules) -> VerificationStatus:
    """What a face engine's score decides by itself: PENDING_REVIEW leaves it to a person, as no score does."""
    if similarity is None:
        return VerificationStatus.PENDING_REVIEW
    if similarity >= rules.approve_from:
        return VerificationStatus.APPROVED
    return VerificationStatus.REJECTED if similarity < rules.reject_below else VerificationStatus.PENDING_REVIEW
