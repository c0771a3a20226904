"""What may happen to an order, and what comes back: every status, stage, type and amount."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.catalog.services.models import RefundStage, ServiceType
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.orders.rules import (
    FINISHED,
    allowed_stages,
    allowed_statuses,
    is_travel_date_possible,
    purchase_state,
    quote_deadline,
    quote_id,
    refund_terms,
    refunded_share,
    stage_after,
)
from sojourn.sales.payments.payable import PurchaseState

statuses = st.sampled_from(OrderStatus)
types = st.sampled_from(ServiceType)
stages = st.sampled_from(RefundStage)
cents = st.integers(0, 10_000_000).map(lambda n: Decimal(n) / 100)

ORDER_OF_LIFE = [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED]


@given(statuses, types, st.booleans())
def test_staff_never_confirm_and_never_go_back(status: OrderStatus, kind: ServiceType, is_admin: bool) -> None:
    allowed = allowed_statuses(status, kind, is_admin=is_admin)
    assert OrderStatus.CONFIRMED not in allowed, "only money confirms"
    for target in allowed - {OrderStatus.CANCELLED}:
        assert ORDER_OF_LIFE.index(target) > ORDER_OF_LIFE.index(status)
    if status in FINISHED:
        assert not allowed
    else:
        assert (OrderStatus.CANCELLED in allowed) == is_admin
    if status is OrderStatus.PENDING:
        assert allowed <= {OrderStatus.CANCELLED}, "an unpaid order is not worked on"


@pytest.mark.parametrize(
    ("kind", "roads"),
    [
        (ServiceType.MAIN, {("CONFIRMED", "IN_PROGRESS"), ("IN_PROGRESS", "COMPLETED")}),
        (
            ServiceType.MICRO,
            {("CONFIRMED", "IN_PROGRESS"), ("CONFIRMED", "COMPLETED"), ("IN_PROGRESS", "COMPLETED")},
        ),
        (ServiceType.DIGITAL, {("CONFIRMED", "COMPLETED")}),
    ],
)
def test_the_roads_of_each_type(kind: ServiceType, roads: set[tuple[str, str]]) -> None:
    found = {(str(a), str(b)) for a in OrderStatus for b in allowed_statuses(a, kind, is_admin=False)}
    assert found == roads


@given(stages, statuses, st.booleans())
def test_stages_belong_to_paid_unfinished_orders(stage: RefundStage, status: OrderStatus, is_admin: bool) -> None:
    allowed = allowed_stages(stage, status, is_admin=is_admin)
    assert RefundStage.COMPLETED not in allowed, "completing the order completes the work"
    assert stage not in allowed
    if status not in (OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS):
        assert not allowed
    if not is_admin:
        assert RefundStage.NOT_STARTED not in allowed, "only an admin puts a wrong stage right"
        assert stage is not RefundStage.LODGED or not allowed


@pytest.mark.parametrize(
    ("stage", "onward"),
    [
        ("NOT_STARTED", {"IN_REVIEW", "INFORMATION_MISSING", "LODGED"}),
        ("IN_REVIEW", {"INFORMATION_MISSING", "LODGED"}),
        ("INFORMATION_MISSING", {"IN_REVIEW", "LODGED"}),
        ("LODGED", set()),
    ],
)
def test_staff_move_the_work_forward_and_an_admin_anywhere(stage: str, onward: set[str]) -> None:
    working = {"NOT_STARTED", "IN_REVIEW", "INFORMATION_MISSING", "LODGED"}
    for status in (OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS):
        assert set(allowed_stages(RefundStage(stage), status, is_admin=False)) == onward
        assert set(allowed_stages(RefundStage(stage), status, is_admin=True)) == working - {stage}


@given(stages)
def test_the_stage_follows_the_status(stage: RefundStage) -> None:
    assert stage_after(OrderStatus.COMPLETED, stage) is RefundStage.COMPLETED
    assert stage_after(OrderStatus.CONFIRMED, stage) is stage
    started = stage_after(OrderStatus.IN_PROGRESS, stage)
    assert started is (RefundStage.IN_REVIEW if stage is RefundStage.NOT_STARTED else stage)


def test_a_payment_sees_the_state() -> None:
    assert {status: purchase_state(status) for status in OrderStatus} == {
        OrderStatus.PENDING: PurchaseState.OPEN,
        OrderStatus.CONFIRMED: PurchaseState.PAID,
        OrderStatus.IN_PROGRESS: PurchaseState.PAID,
        OrderStatus.COMPLETED: PurchaseState.PAID,
        OrderStatus.CANCELLED: PurchaseState.CANCELLED,
    }


def amount(
    stage: RefundStage, *, captured: str = "100.00", fee: str = "30.00", kind: ServiceType = ServiceType.MAIN,
    is_delivered: bool = False, by_agency: bool = False, already: str = "0.00",
) -> str:  # fmt: skip
    terms = refund_terms(
        service_type=kind, stage=stage, is_delivered=is_delivered, by_agency=by_agency, captured=Decimal(captured),
        government_fee=Decimal(fee), already_refunded=Decimal(already),
    )  # fmt: skip
    return f"{terms.amount:.2f}"


@pytest.mark.parametrize(
    ("stage", "customer", "agency"),
    [
        (RefundStage.NOT_STARTED, "100.00", "100.00"),
        (RefundStage.IN_REVIEW, "90.00", "100.00"),
        (RefundStage.INFORMATION_MISSING, "90.00", "100.00"),
        (RefundStage.LODGED, "0.00", "70.00"),
        (RefundStage.COMPLETED, "0.00", "70.00"),
    ],
)
def test_the_law_of_stages(stage: RefundStage, customer: str, agency: str) -> None:
    assert amount(stage) == customer
    assert amount(stage, by_agency=True) == agency, "a spent government fee never comes back"


def test_a_guide_comes_back_until_it_is_delivered() -> None:
    guide = {"kind": ServiceType.DIGITAL, "fee": "0.00"}
    assert amount(RefundStage.NOT_STARTED, **guide) == "100.00"  # type: ignore[arg-type]
    assert amount(RefundStage.IN_REVIEW, **guide) == "100.00"  # type: ignore[arg-type]
    assert amount(RefundStage.NOT_STARTED, is_delivered=True, **guide) == "0.00"  # type: ignore[arg-type]
    assert amount(RefundStage.NOT_STARTED, is_delivered=True, by_agency=True, **guide) == "100.00"  # type: ignore[arg-type]


def test_halves_of_cents_go_to_the_customer_and_earlier_refunds_count() -> None:
    assert amount(RefundStage.IN_REVIEW, captured="0.05") == "0.05"
    assert amount(RefundStage.IN_REVIEW, already="40.00") == "50.00"
    assert amount(RefundStage.IN_REVIEW, already="95.00") == "0.00"


@given(types, stages, st.booleans(), st.booleans(), cents, cents, cents)
def test_a_refund_stays_within_what_is_left(
    kind: ServiceType, stage: RefundStage, is_delivered: bool, by_agency: bool, captured: Decimal, fee: Decimal,
    already: Decimal,
) -> None:  # fmt: skip
    already = min(already, captured)

    def refund(*, agency: bool) -> Decimal:
        return refund_terms(
            service_type=kind, stage=stage, is_delivered=is_delivered, by_agency=agency, captured=captured,
            government_fee=fee, already_refunded=already,
        ).amount  # fmt: skip

    assert Decimal(0) <= refund(agency=by_agency) <= captured - already
    assert refund(agency=True) >= refund(agency=False), "the agency is never meaner than its rules"


@given(cents, cents)
def test_shares_are_between_nothing_and_everything(refunded: Decimal, captured: Decimal) -> None:
    share = refunded_share(refunded=refunded, captured=captured)
    assert 0 <= share <= 1
    assert (share == 1) == (captured > 0 and refunded >= captured)


def test_a_quote_names_one_outcome() -> None:
    until = datetime(2026, 12, 1, 3, 15, tzinfo=UTC)
    terms = [
        refund_terms(
            service_type=ServiceType.MAIN, stage=stage, is_delivered=False, by_agency=False, captured=Decimal(captured),
            government_fee=Decimal(0), already_refunded=Decimal(0),
        )
        for stage in (RefundStage.NOT_STARTED, RefundStage.IN_REVIEW)
        for captured in ("90.00", "100.00")
    ]  # fmt: skip
    quotes = {
        quote_id(order_id=order, version=version, terms=term, valid_until=until + timedelta(seconds=later))
        for order in ("a", "b")
        for version in (1, 2)
        for term in terms
        for later in (0, 1)
    }
    assert len(quotes) == 2 * 2 * 4 * 2
    assert {quote_deadline(quote) for quote in quotes} == {until, until + timedelta(seconds=1)}
    assert max(len(quote) for quote in quotes) <= 64


@given(st.text(max_size=64))
def test_any_text_may_claim_to_be_a_quote(text: str) -> None:
    deadline = quote_deadline(text)
    assert deadline is None or deadline.tzinfo is UTC


def test_numbers_that_are_no_deadline() -> None:
    assert quote_deadline("99999999999-a") == datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)
    # Too far for a calendar; digits of another script; none at all.
    for text in ("999999999999-a", "\u0663\u0663-a", "-a", "", "-1-a", "1.5-a"):
        assert quote_deadline(text) is None


@pytest.mark.parametrize(
    ("day", "is_possible"),
    [("2026-11-30", False), ("2026-12-01", False), ("2026-12-02", True), ("2028-05-24", True), ("2028-05-25", False)],
)
def test_travel_begins_tomorrow_and_ends_at_the_horizon(day: str, is_possible: bool) -> None:
    today = date(2026, 12, 1)
    assert is_travel_date_possible(date.fromisoformat(day), today=today, horizon_days=540) == is_possible
