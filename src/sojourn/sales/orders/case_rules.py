"""Which way a case may go through the stages of its service: pure functions (rules, section 4)."""

from collections.abc import Sequence

from sojourn.catalog.services.models import RefundStage, ServiceStage, ServiceType
from sojourn.catalog.services.rules import RANK
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.orders.rules import IN_HAND


def _position(stages: Sequence[ServiceStage], key: str | None) -> int:
    return next((position for position, stage in enumerate(stages) if stage.key == key), -1)


def stages_ahead(stages: Sequence[ServiceStage], current: str | None) -> list[str]:
    """The keys of the stages that are a step forward.

    To wait for information, and to go on from there, is not to go back: it may happen at any point of the review.
    """
    here = _position(stages, current)
    if here < 0:
        return [stage.key for stage in stages]
    now = stages[here].refund_stage
    return [
        stage.key
        for position, stage in enumerate(stages)
        if position > here
        or (
            position < here
            and RefundStage.INFORMATION_MISSING in (now, stage.refund_stage)
            and RANK[stage.refund_stage] >= RANK[now]
        )
    ]


def allowed_case_stages(
    stages: Sequence[ServiceStage], current: str | None, *, service_type: ServiceType, status: OrderStatus,
    is_admin: bool,
) -> list[str]:  # fmt: skip
    """Where the case of a paid, unfinished order may go. A guide to download has no case."""
    if status not in IN_HAND or service_type is ServiceType.DIGITAL:
        return []
    if is_admin:
        return [stage.key for stage in stages if stage.key != current]
    return stages_ahead(stages, current)


def after_case_move(
    status: OrderStatus, refund_stage: RefundStage, target: ServiceStage, *, is_forward: bool
) -> tuple[OrderStatus, RefundStage]:
    """The order's status and refund stage when its case comes to `target`.

    Forward never makes a refund larger: what somebody has said of the work stands until an admin goes back.
    """
    stage = target.refund_stage
    if is_forward and RANK[stage] < RANK[refund_stage]:
        stage = refund_stage
    if stage is RefundStage.COMPLETED:
        return OrderStatus.COMPLETED, stage
    if status is OrderStatus.CONFIRMED and stage is not RefundStage.NOT_STARTED:
        return OrderStatus.IN_PROGRESS, stage
    return status, stage


def stage_that_follows(stages: Sequence[ServiceStage], current: str | None, refund_stage: RefundStage) -> str | None:
    """Where a case stands once somebody has said how far its work is, if the service has such a stage.

    The next such stage, else an earlier one; of several that complete the work, the last.
    """
    here = _position(stages, current)
    if here < 0 or stages[here].refund_stage is refund_stage:
        return current
    fitting = [position for position, stage in enumerate(stages) if stage.refund_stage is refund_stage]
    if not fitting:
        return current
    if refund_stage is RefundStage.COMPLETED:
        return stages[fitting[-1]].key
    return stages[next((position for position in fitting if position > here), fitting[0])].key
