"""Which way a case may go, whatever the stages of its service are."""

from itertools import product

import pytest

from sojourn.catalog.services.models import RefundStage, ServiceStage, ServiceType
from sojourn.catalog.services.rules import RANK
from sojourn.catalog.values import LocalText
from sojourn.sales.orders.case_rules import after_case_move, allowed_case_stages, stage_that_follows, stages_ahead
from sojourn.sales.orders.models import OrderStatus

STAGES = [
    ServiceStage(key=stage.value.lower(), title=LocalText(en=stage.value), refund_stage=stage) for stage in RefundStage
]


@pytest.mark.parametrize(("said", "target"), list(product(RefundStage, STAGES)))
def test_forward_never_makes_a_refund_larger(said: RefundStage, target: ServiceStage) -> None:
    _, forward = after_case_move(OrderStatus.IN_PROGRESS, said, target, is_forward=True)
    assert RANK[forward] == max(RANK[said], RANK[target.refund_stage])
    _, back = after_case_move(OrderStatus.IN_PROGRESS, said, target, is_forward=False)
    assert back is target.refund_stage


def test_nothing_ahead_is_an_earlier_refund_stage() -> None:
    for position, stage in enumerate(STAGES):
        ahead = stages_ahead(STAGES, stage.key)
        assert stage.key not in ahead
        assert all(RANK[one.refund_stage] >= RANK[stage.refund_stage] for one in STAGES if one.key in ahead)
        assert {one.key for one in STAGES[position + 1 :]} <= set(ahead)
    assert stages_ahead(STAGES, "information_missing") == ["in_review", "lodged", "completed"]


def test_a_case_follows_what_is_said_where_its_service_has_such_a_stage() -> None:
    assert stage_that_follows(STAGES, "in_review", RefundStage.LODGED) == "lodged"
    assert stage_that_follows(STAGES, "lodged", RefundStage.IN_REVIEW) == "in_review"
    assert stage_that_follows(STAGES[:2], "in_review", RefundStage.LODGED) == "in_review"
    assert stage_that_follows(STAGES, None, RefundStage.LODGED) is None


def test_of_several_such_stages_the_next_follows_and_the_last_completes() -> None:
    twice = [
        ServiceStage(key=f"{stage.key}_{turn}", title=stage.title, refund_stage=stage.refund_stage)
        for stage in STAGES
        for turn in (1, 2)
    ]
    assert stage_that_follows(twice, "lodged_1", RefundStage.LODGED) == "lodged_1", "it stands there already"
    assert stage_that_follows(twice, "in_review_2", RefundStage.LODGED) == "lodged_1"
    assert stage_that_follows(twice, "lodged_1", RefundStage.IN_REVIEW) == "in_review_1"
    assert stage_that_follows(twice, "in_review_1", RefundStage.COMPLETED) == "completed_2"


def test_only_work_that_has_begun_puts_an_order_in_progress() -> None:
    not_begun, in_review = STAGES[0], STAGES[1]
    still = OrderStatus.CONFIRMED, RefundStage.NOT_STARTED
    assert after_case_move(*still, not_begun, is_forward=True) == still
    assert after_case_move(*still, in_review, is_forward=True) == (OrderStatus.IN_PROGRESS, RefundStage.IN_REVIEW)


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("kind", list(ServiceType))
def test_only_paid_and_unfinished_visa_work_has_a_case(status: OrderStatus, kind: ServiceType) -> None:
    by_admin, by_consultant = (
        allowed_case_stages(STAGES, "in_review", service_type=kind, status=status, is_admin=is_admin)
        for is_admin in (True, False)
    )
    has_case = status in (OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS) and kind is not ServiceType.DIGITAL
    assert by_admin == (["not_started", "information_missing", "lodged", "completed"] if has_case else [])
    assert by_consultant == (["information_missing", "lodged", "completed"] if has_case else [])
