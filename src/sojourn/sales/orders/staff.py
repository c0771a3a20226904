"""What staff do with orders: move them forward, note what they see, and hand them to a consultant."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sojourn.catalog.services.models import RefundStage
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, NotAllowed
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import Storefront
from sojourn.sales import events
from sojourn.sales.effects import CASE_NEWS, CONSULTANT_ASSIGNED, ORDER_STATUS_CHANGED, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.orders import cases, queries
from sojourn.sales.orders.cancellation import cancel_locked
from sojourn.sales.orders.case_rules import (
    after_case_move,
    allowed_case_stages,
    stage_that_follows,
    stages_ahead,
)
from sojourn.sales.orders.errors import (
    CaseStageNotAllowed,
    NoConsultantAvailable,
    StageNotAllowed,
    TransitionNotAllowed,
)
from sojourn.sales.orders.models import (
    AssignIn,
    CaseMoveIn,
    EventKind,
    NoteIn,
    Order,
    OrderEvent,
    OrderStatus,
    StaffChangeIn,
)
from sojourn.sales.orders.rules import FINISHED, allowed_stages, allowed_statuses, stage_after
from sojourn.sales.orders.service import check_version
from sojourn.sales.referrals import service as referrals

NOT_UNDERSTOOD = "No active consultant speaks the customer's language ({language})."


async def change_order(
    tx: Connection, *, id_or_number: str, actor: Actor, body: StaffChangeIn, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Move an order, its work, or both; and keep a note with it.

    Raises OrderNotFound (not the consultant's), NotAllowed (a consultant cancels), OrderVersionConflict,
    TransitionNotAllowed, StageNotAllowed, InvalidInput.
    """
    if body.status is None and body.refund_stage is None and body.note is None:
        raise InvalidInput.at("status", "send `status`, `refund_stage` or `note`")
    if body.status is OrderStatus.CANCELLED and body.refund_stage is not None:
        raise InvalidInput.at("refund_stage", "cannot be changed by the call that cancels")
    order = await queries.lock_at_desk(tx, id_or_number=id_or_number, actor=actor)
    check_version(order, body.version)
    if body.status is OrderStatus.CANCELLED:
        if not actor.is_admin:
            raise NotAllowed
        await cancel_locked(
            tx, order=order, actor=actor, quote=None, reason=None, rules=storefront.rules, now=now, origin=origin
        )
    elif body.status is not None or body.refund_stage is not None:
        status, stage = _destination(order, body, actor)
        await _move(
            tx, order, status=status, stage=stage, stage_key=stage_that_follows(order.stages, order.stage_key, stage),
            actor=actor, storefront=storefront, now=now, origin=origin,
        )  # fmt: skip
    if body.note is not None:
        await _note(tx, order, note=body.note, actor=actor, now=now, origin=origin)


def _destination(order: Order, body: StaffChangeIn, actor: Actor) -> tuple[OrderStatus, RefundStage]:
    status = order.status
    if body.status is not None:
        _check_status(order, body.status, actor)
        status = body.status
    stage = stage_after(status, order.refund_stage)
    if body.refund_stage not in (None, order.refund_stage, stage):
        possible = allowed_stages(order.refund_stage, status, is_admin=actor.is_admin)
        if body.refund_stage not in possible:
            raise StageNotAllowed(
                details={"from": order.refund_stage.value, "to": body.refund_stage.value, "allowed": sorted(possible)}
            )
        stage = body.refund_stage
    return status, stage


def _check_status(order: Order, status: OrderStatus, actor: Actor) -> None:
    allowed = allowed_statuses(order.status, order.service_type, is_admin=actor.is_admin)
    if status not in allowed:
        raise TransitionNotAllowed(details={"from": order.status.value, "to": status.value, "allowed": sorted(allowed)})


async def move_case(
    tx: Connection, *, id_or_number: str, actor: Actor, body: CaseMoveIn, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Take the case of a paid, unfinished order to another stage, and what refunds go by with it.

    The first stage of real work puts the order in progress, one that completes the work completes it. The same stage
    again changes nothing. Raises OrderNotFound, OrderVersionConflict, CaseStageNotAllowed, TransitionNotAllowed,
    InvalidInput (no such stage; an admin goes back without a reason).
    """
    order = await queries.lock_at_desk(tx, id_or_number=id_or_number, actor=actor)
    check_version(order, body.version)
    target = next((stage for stage in order.stages if stage.key == body.stage), None)
    if target is None:
        raise InvalidInput.at("stage", "is none of the service's stages")
    if body.stage == order.stage_key:
        return
    is_forward = body.stage in stages_ahead(order.stages, order.stage_key)
    _check_case_move(order, body.stage, actor)
    if not is_forward and body.reason is None:
        raise InvalidInput.at("reason", "is needed to take a case back")
    status, stage = after_case_move(order.status, order.refund_stage, target, is_forward=is_forward)
    if status is not order.status:
        _check_status(order, status, actor)
    note_id = None
    if body.note is not None:
        note_id = await _note(tx, order, note=body.note, is_public=True, actor=actor, now=now, origin=origin)
    await _move(
        tx, order, status=status, stage=stage, stage_key=body.stage, reason=body.reason, note_id=note_id, actor=actor,
        storefront=storefront, now=now, origin=origin,
    )  # fmt: skip


def _check_case_move(order: Order, key: str, actor: Actor) -> None:
    allowed = allowed_case_stages(
        order.stages, order.stage_key, service_type=order.service_type, status=order.status, is_admin=actor.is_admin
    )
    if key not in allowed:
        raise CaseStageNotAllowed(details={"from": order.stage_key, "to": key, "allowed": allowed})


async def _move(
    tx: Connection, order: Order, *, status: OrderStatus, stage: RefundStage, stage_key: str | None, actor: Actor,
    storefront: Storefront, now: datetime, origin: Origin, reason: str | None = None, note_id: int | None = None,
) -> None:  # fmt: skip
    if (status, stage, stage_key) == (order.status, order.refund_stage, order.stage_key):
        return
    await queries.move(tx, order_id=order.id, status=status, stage=stage, now=now)
    if stage is not order.refund_stage:
        await queries.insert_event(
            tx, order_id=order.id, kind=EventKind.STAGE, from_status=order.refund_stage, to_status=stage,
            actor_id=actor.user_id, now=now,
        )  # fmt: skip
    case_event_id = None
    if stage_key is not None and stage_key != order.stage_key:
        case_event_id = await cases.put(
            tx, order=order, stage_key=stage_key, reason=reason, actor=actor, storefront=storefront, now=now
        )
    detail = {
        "from": order.status.value, "to": status.value, "stage_from": order.refund_stage.value, "stage_to": stage.value,
        "case_from": order.stage_key, "case_to": stage_key,
    }  # fmt: skip
    await _record(tx, order, action="order.moved", actor=actor, detail=detail, now=now, origin=origin)
    with_note = {} if note_id is None else {"note_id": note_id}
    if status is order.status:
        if case_event_id is not None:
            await enqueue(tx, effect(CASE_NEWS, order_id=order.id, event_id=case_event_id, **with_note))
        return
    event_id = await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.STATUS, from_status=order.status, to_status=status,
        actor_id=actor.user_id, now=now,
    )  # fmt: skip
    if status is OrderStatus.COMPLETED:
        await referrals.note_completed(tx, purchase_id=order.id, storefront=storefront, now=now)
        await loyalty.mature(tx, purchase_id=order.id, now=now, rules=storefront.rules)
    told = events.order_event(
        events.ORDER_STATUS_CHANGED, user_id=order.user_id, order_id=order.id, reference=order.order_number,
        status=status, at=now,
    )  # fmt: skip
    await enqueue(tx, effect(ORDER_STATUS_CHANGED, order_id=order.id, event_id=event_id, **with_note), told)


async def add_note(
    tx: Connection, *, id_or_number: str, actor: Actor, body: NoteIn, now: datetime, origin: Origin
) -> OrderEvent:
    """Keep a note with the order, whatever its status. Raises OrderNotFound."""
    order = await queries.lock_at_desk(tx, id_or_number=id_or_number, actor=actor)
    event_id = await _note(tx, order, note=body.note, is_public=body.is_public, actor=actor, now=now, origin=origin)
    if body.is_public:
        await enqueue(tx, effect(CASE_NEWS, order_id=order.id, event_id=event_id))
    return OrderEvent(
        id=event_id, kind=EventKind.NOTE, from_status=None, to_status=None, consultant_id=None, note=body.note,
        is_public=body.is_public, actor_id=actor.user_id, created_at=now,
    )  # fmt: skip


async def _note(
    tx: Connection, order: Order, *, note: str, actor: Actor, now: datetime, origin: Origin, is_public: bool = False
) -> int:
    event_id = await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.NOTE, note=note, is_public=is_public, actor_id=actor.user_id, now=now
    )
    detail = {"event_id": event_id, "is_public": is_public}
    await _record(tx, order, action="order.noted", actor=actor, detail=detail, now=now, origin=origin)
    return event_id


async def assign(
    tx: Connection, *, id_or_number: str, actor: Actor, body: AssignIn, now: datetime, origin: Origin
) -> None:
    """Give an unfinished order to a consultant, to the freest one, or to nobody. The same one again changes nothing.

    Raises OrderNotFound, OrderVersionConflict, TransitionNotAllowed (finished), NoConsultantAvailable, InvalidInput.
    """
    if body.auto == ("consultant_id" in body.model_fields_set):
        raise InvalidInput.at("consultant_id", "send either `consultant_id` (null for nobody) or `auto`: true")
    order = await queries.lock_at_desk(tx, id_or_number=id_or_number, actor=actor)
    check_version(order, body.version)
    if order.status in FINISHED:
        raise TransitionNotAllowed(
            "A finished order is not assigned any more.",
            details={"from": order.status.value, "to": order.status.value, "allowed": []},
        )
    consultant_id, remark = await _chosen(tx, order, body)
    if consultant_id == order.consultant_id:
        return
    await queries.assign(tx, order_id=order.id, consultant_id=consultant_id, now=now)
    event_id = await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.ASSIGNMENT, consultant_id=consultant_id, note=remark,
        actor_id=actor.user_id, now=now,
    )  # fmt: skip
    detail = {"from": order.consultant_id, "to": consultant_id, "auto": body.auto}
    await _record(tx, order, action="order.assigned", actor=actor, detail=detail, now=now, origin=origin)
    if consultant_id is not None:
        await enqueue(tx, effect(CONSULTANT_ASSIGNED, order_id=order.id, event_id=event_id))


async def _chosen(tx: Connection, order: Order, body: AssignIn) -> tuple[UUID | None, str | None]:
    """Who gets the order, and what staff should know of the choice."""
    if body.auto:
        found = await queries.find_freest_consultant(tx, order=order)
        if found is None:
            raise NoConsultantAvailable
        return found["id"], None if found["is_understood"] else NOT_UNDERSTOOD.format(language=found["language"])
    if body.consultant_id is not None and not await queries.lock_consultant(tx, user_id=body.consultant_id):
        raise InvalidInput.at("consultant_id", "is not an active consultant")
    return body.consultant_id, None


async def _record(
    tx: Connection, order: Order, *, action: str, actor: Actor, detail: Mapping[str, object], now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    act = Act(
        action=action, subject_kind="ORDER", subject_id=order.id, actor_id=actor.user_id,
        reference=order.order_number, detail=detail,
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
