"""What may happen to an order, and what comes back when it is cancelled: pure functions (rules, section 4)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sojourn.catalog.services.models import RefundStage, ServiceType
from sojourn.platform.kit.money import ZERO, percent_of
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.payments.payable import PurchaseState

QUOTE_LIFE = timedelta(minutes=15)
POINTS_SET_ASIDE = timedelta(hours=24)

FINISHED = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED})
IN_HAND = frozenset({OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS})
MODIFIABLE = frozenset({OrderStatus.PENDING, OrderStatus.CONFIRMED})

# PENDING -> CONFIRMED is not here: only money confirms an order. A guide has no work to be in progress.
_FORWARD: Mapping[ServiceType, Mapping[OrderStatus, frozenset[OrderStatus]]] = {
    ServiceType.MAIN: {
        OrderStatus.CONFIRMED: frozenset({OrderStatus.IN_PROGRESS}),
        OrderStatus.IN_PROGRESS: frozenset({OrderStatus.COMPLETED}),
    },
    ServiceType.MICRO: {
        OrderStatus.CONFIRMED: frozenset({OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED}),
        OrderStatus.IN_PROGRESS: frozenset({OrderStatus.COMPLETED}),
    },
    ServiceType.DIGITAL: {OrderStatus.CONFIRMED: frozenset({OrderStatus.COMPLETED})},
}
_STAGES: Mapping[RefundStage, frozenset[RefundStage]] = {
    RefundStage.NOT_STARTED: frozenset({RefundStage.IN_REVIEW, RefundStage.INFORMATION_MISSING, RefundStage.LODGED}),
    RefundStage.IN_REVIEW: frozenset({RefundStage.INFORMATION_MISSING, RefundStage.LODGED}),
    RefundStage.INFORMATION_MISSING: frozenset({RefundStage.IN_REVIEW, RefundStage.LODGED}),
    RefundStage.LODGED: frozenset(),
    RefundStage.COMPLETED: frozenset(),
}
_WORKING_STAGES = frozenset(RefundStage) - {RefundStage.COMPLETED}

HUNDRED = 100
_PERCENT = {
    RefundStage.NOT_STARTED: HUNDRED,
    RefundStage.IN_REVIEW: 90,
    RefundStage.INFORMATION_MISSING: 90,
    RefundStage.LODGED: 0,
    RefundStage.COMPLETED: 0,
}
# From here on the government has the money.
_FEE_IS_SPENT = frozenset({RefundStage.LODGED, RefundStage.COMPLETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTerms:
    """What cancelling brings: `percent` of what was captured less `non_refundable`."""

    percent: int
    non_refundable: Decimal
    amount: Decimal


def allowed_statuses(status: OrderStatus, service_type: ServiceType, *, is_admin: bool) -> frozenset[OrderStatus]:
    """Where staff may move an order: forward, and, for admins, any unfinished order to CANCELLED."""
    forward = _FORWARD[service_type].get(status, frozenset())
    return forward | {OrderStatus.CANCELLED} if is_admin and status not in FINISHED else forward


def allowed_stages(stage: RefundStage, status: OrderStatus, *, is_admin: bool) -> frozenset[RefundStage]:
    """Where staff may move the work of a paid, unfinished order; an admin may also put a wrong stage right.

    COMPLETED comes with the order's own completion, and only so.
    """
    if status not in IN_HAND:
        return frozenset()
    return _WORKING_STAGES - {stage} if is_admin else _STAGES[stage]


def stage_after(status: OrderStatus, stage: RefundStage) -> RefundStage:
    """The stage that a new status brings: work in progress has started, and what is completed is completed."""
    if status is OrderStatus.COMPLETED:
        return RefundStage.COMPLETED
    if status is OrderStatus.IN_PROGRESS and stage is RefundStage.NOT_STARTED:
        return RefundStage.IN_REVIEW
    return stage


def purchase_state(status: OrderStatus) -> PurchaseState:
    """An order holds no stock: it can be paid as long as it waits."""
    if status is OrderStatus.PENDING:
        return PurchaseState.OPEN
    return PurchaseState.CANCELLED if status is OrderStatus.CANCELLED else PurchaseState.PAID


def refund_percent(*, service_type: ServiceType, stage: RefundStage, is_delivered: bool, by_agency: bool) -> int:
    """Visa services by stage; a guide until its first download; the agency's own cancellation returns everything."""
    if by_agency:
        return HUNDRED
    if service_type is ServiceType.DIGITAL:
        return 0 if is_delivered else HUNDRED
    return _PERCENT[stage]


def refund_terms(
    *,
    service_type: ServiceType,
    stage: RefundStage,
    is_delivered: bool,
    by_agency: bool,
    captured: Decimal,
    government_fee: Decimal,
    already_refunded: Decimal,
) -> RefundTerms:
    """half-up(percent x (captured - non-refundable fees)) - already refunded, within 0 .. what is left.

    A spent government fee never comes back, whoever cancels; before the case is lodged it is not spent.
    """
    percent = refund_percent(service_type=service_type, stage=stage, is_delivered=is_delivered, by_agency=by_agency)
    non_refundable = min(spent_fee(government_fee, stage), captured)
    amount = percent_of(captured - non_refundable, percent) - already_refunded
    return RefundTerms(percent=percent, non_refundable=non_refundable, amount=max(amount, ZERO))


def spent_fee(government_fee: Decimal, stage: RefundStage) -> Decimal:
    """What of an order nobody gives back: the government's fee, once the government has it."""
    return government_fee if stage in _FEE_IS_SPENT else ZERO


def refunded_share(*, refunded: Decimal, captured: Decimal) -> Decimal:
    """Which part of the cash came back, 0 to 1: points come back in the same proportion."""
    return Decimal(0) if captured <= ZERO else min(max(refunded / captured, Decimal(0)), Decimal(1))


def quote_id(*, order_id: object, version: int, terms: RefundTerms, valid_until: datetime) -> str:
    """A name for exactly this outcome until `valid_until` (whole seconds). It holds while the same would come out."""
    deadline = int(valid_until.timestamp())
    facts = f"{order_id}|{version}|{terms.percent}|{terms.amount:.2f}|{deadline}"
    return f"{deadline}-{hashlib.sha256(facts.encode()).hexdigest()[:32]}"


def quote_deadline(quote: str) -> datetime | None:
    """Until when a quote id claims to hold; None when it is none of ours."""
    seconds = quote.partition("-")[0]
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def is_travel_date_possible(day: date, *, today: date, horizon_days: int) -> bool:
    """From tomorrow to the horizon, in the storefront's zone (rules, section 2)."""
    return timedelta(days=1) <= day - today <= timedelta(days=horizon_days)
