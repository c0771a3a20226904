"""Which way a case may go, whatever the stages of its service are."""

from itertools import product

import pytest

from sojourn.catalog.services.models import RefundStage, ServiceStage
from sojourn.catalog.services.rules import RANK
from sojourn.catalog.values import LocalText
from sojourn.sales.orders.case_rules import after_case_move, stage_that_follows, stages_ahead
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
