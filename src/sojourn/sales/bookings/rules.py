"""What may be booked, and what comes back when it is cancelled: pure functions (rules, sections 2, 3 and 4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sojourn.catalog.policies import RefundTier
from sojourn.platform.errors import InvalidInput
from sojourn.platform.kit.clock import start_of_day
from sojourn.platform.kit.money import ZERO, percent_of
from sojourn.platform.storefront import SalesRules
from sojourn.sales.bookings.models import BookingStatus

HUNDRED = 100
MAX_HIRE_DAYS = 60
GRACE = "GRACE"
AGENCY = "AGENCY"
UNPAID = "UNPAID"
NO_REFUND = "NO_REFUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What cancelling at one moment brings. `tier` is a name or `>= N h`; `valid_until` is when it gets worse."""

    tier: str
    percent: int
    fixed_fee: Decimal
    hours_left: int
    valid_until: datetime | None


def is_live_hold(status: BookingStatus, reserved_until: datetime | None, now: datetime) -> bool:
    """A hold lives until its deadline, whatever any worker has or has not done."""
    return status is BookingStatus.RESERVED and reserved_until is not None and now < reserved_until


def status_on_wire(status: BookingStatus, reserved_until: datetime | None, now: datetime) -> str:
    """What the customer reads: a hold that has lapsed is a cancelled booking (rules, section 0)."""
    is_held = is_live_hold(status, reserved_until, now)
    is_lapsed = status is BookingStatus.EXPIRED or (status is BookingStatus.RESERVED and not is_held)
    return BookingStatus.CANCELLED.value if is_lapsed else status.value


def end_date(travel_date: date, duration_days: int) -> date:
    """The last day of a trip; a one-day trip ends where it begins."""
    return travel_date + timedelta(days=duration_days - 1)


def days_inclusive(first: date, last: date) -> int:
    """Days of a hire, both ends included. Raises InvalidInput when they are no span, or a very long one."""
    days = (last - first).days + 1
    if not 1 <= days <= MAX_HIRE_DAYS:
        raise InvalidInput.at("end_date", f"must lie 0 to {MAX_HIRE_DAYS - 1} days after `travel_date`")
    return days


def date_window(today: date, rules: SalesRules) -> tuple[date, date]:
    """First and last day that can be booked: from tomorrow to the horizon, in the storefront's zone."""
    return today + timedelta(days=1), today + timedelta(days=rules.booking_horizon_days)


def cancellation(
    *,
    tiers: Sequence[RefundTier],
    travel_date: date,
    zone: str,
    paid_at: datetime,
    now: datetime,
    rules: SalesRules,
    by_agency: bool,
    at_most: int = HUNDRED,
) -> Cancellation:
    """The tier that applies at `now`: the first whose hours are left; the boundary favours the customer.

    Hours count to 00:00 of the travel date in the service's own zone. Grace: everything within 24 h of paying while
    the start is at least 168 h away. `at_most`: the percentage that was left when the date was last changed. The
    agency's own cancellation always returns everything.
    """
    start = start_of_day(travel_date, zone)
    left = start - now
    hours = hours_before(travel_date, zone, now)
    if by_agency:
        return Cancellation(tier=AGENCY, percent=HUNDRED, fixed_fee=ZERO, hours_left=hours, valid_until=None)
    grace_ends = min(
        paid_at + timedelta(hours=rules.grace_hours_after_payment),
        start - timedelta(hours=rules.grace_hours_before_start),
    )
    if now <= grace_ends:
        return Cancellation(tier=GRACE, percent=at_most, fixed_fee=ZERO, hours_left=hours, valid_until=grace_ends)
    for tier in sorted(tiers, key=lambda t: -t.min_hours_before):
        boundary = timedelta(hours=tier.min_hours_before)
        if left >= boundary:
            name = f">= {tier.min_hours_before} h"
            return Cancellation(
                tier=name, percent=min(tier.refund_percent, at_most), fixed_fee=tier.fixed_fee, hours_left=hours,
                valid_until=start - boundary,
            )  # fmt: skip
    return Cancellation(tier=NO_REFUND, percent=0, fixed_fee=ZERO, hours_left=hours, valid_until=None)


def hours_before(travel_date: date, zone: str, now: datetime) -> int:
    """Whole hours until 00:00 of the travel date in its own zone."""
    return int((start_of_day(travel_date, zone) - now).total_seconds() // 3600)


def refund_amount(
    *, terms: Cancellation, captured: Decimal, non_refundable: Decimal, already_refunded: Decimal
) -> Decimal:
    """half-up(percent x (captured - non-refundable fees)) - fixed fee - already refunded, within 0 .. what is left.

    At 100 % granted by the agency the fees come back too: the customer did not choose to cancel.
    """
    kept = ZERO if terms.tier == AGENCY else non_refundable
    base = max(captured - kept, ZERO)
    refund = percent_of(base, terms.percent) - terms.fixed_fee - already_refunded
    return max(refund, ZERO)


def quote_id(*, booking_id: object, version: int, tier: str, refund: Decimal) -> str:
    """A name for exactly this outcome: it holds as long as the same outcome would be computed."""
    text = f"{booking_id}|{version}|{tier}|{refund:.2f}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def share(part: Decimal, whole: Decimal) -> Decimal:
    """`part / whole` between 0 and 1; nothing paid counts as everything given back."""
    return Decimal(1) if whole <= ZERO else min(max(part / whole, Decimal(0)), Decimal(1))
