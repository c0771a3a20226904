"""When somebody counts as a student, and who decides it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sojourn.care.student_discount import rules
from sojourn.care.student_discount.models import VerificationStatus
from sojourn.platform.storefront import StudentRules

RULES = StudentRules()
ZONE = "Asia/Phnom_Penh"
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("card_expires_on", "ends_at"),
    [
        (date(2026, 12, 1), datetime(2026, 12, 1, 17, 0, tzinfo=UTC)),  # the end of its last day in Phnom Penh
        (date(2027, 11, 30), datetime(2027, 11, 30, 17, 0, tzinfo=UTC)),
        (date(2027, 12, 1), datetime(2027, 12, 1, 3, 0, tzinfo=UTC)),
        (date(2030, 1, 1), datetime(2027, 12, 1, 3, 0, tzinfo=UTC)),
    ],
)
def test_the_cards_last_day_or_twelve_months(card_expires_on: date, ends_at: datetime) -> None:
    assert rules.valid_until(card_expires_on=card_expires_on, now=NOW, zone=ZONE, rules=RULES) == ends_at


@pytest.mark.parametrize(
    ("days", "is_plausible"), [(-1, False), (0, True), (3660, True), (3661, False)]
)  # fmt: skip
def test_a_card_has_not_ended_and_ends_within_ten_years(days: int, *, is_plausible: bool) -> None:
    today = date(2026, 12, 1)
    assert rules.is_card_plausible(today + timedelta(days=days), today) is is_plausible


def test_the_reminder_comes_a_month_before_the_end() -> None:
    assert rules.remind_at(datetime(2027, 3, 31, tzinfo=UTC), RULES) == datetime(2027, 2, 28, tzinfo=UTC)


def test_three_tries_in_thirty_days() -> None:
    month = timedelta(days=30)
    tried = [NOW - month + SECOND, NOW - timedelta(days=2), NOW - timedelta(days=5)]
    assert rules.next_try_at(tried, NOW, RULES) == NOW + SECOND
    # The try of thirty days ago no longer counts.
    assert rules.next_try_at(tried, NOW + SECOND, RULES) is None
    # More than three, because the rules were looser once: the third newest decides.
    four = [*tried, NOW - timedelta(days=1)]
    assert rules.next_try_at(four, NOW, RULES) == NOW - timedelta(days=5) + month
    assert rules.next_try_at([], NOW, RULES) is None


@pytest.mark.parametrize(
    ("similarity", "status"),
    [
        (None, VerificationStatus.PENDING_REVIEW),
        ("1", VerificationStatus.APPROVED),
        ("0.92", VerificationStatus.APPROVED),
        ("0.9199", VerificationStatus.PENDING_REVIEW),
        ("0.75", VerificationStatus.PENDING_REVIEW),
        ("0.7499", VerificationStatus.REJECTED),
        ("0", VerificationStatus.REJECTED),
    ],
)
def test_a_face_is_only_a_score(similarity: str | None, status: VerificationStatus) -> None:
    assert rules.judge(Decimal(similarity) if similarity else None, RULES) is status
