"""A guide that is fetched for the first time: its order is completed (rules, sections 0 and 4)."""

from datetime import datetime

from sojourn.catalog.services.models import RefundStage
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import Origin
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.storefront import Storefront
from sojourn.sales import events
from sojourn.sales.effects import ORDER_STATUS_CHANGED, effect
from sojourn.sales.loyalty import service as loyalty
from sojourn.sales.orders import queries
from sojourn.sales.orders.models import EventKind, Order, OrderStatus
from sojourn.sales.referrals import service as referrals


async def complete_delivered(
    tx: Connection, *, order: Order, storefront: Storefront, now: datetime, origin: Origin
) -> None:
    """Complete a confirmed order, whose row is locked, because its buyer has what was bought."""
    done = RefundStage.COMPLETED
    await queries.move(tx, order_id=order.id, status=OrderStatus.COMPLETED, stage=done, now=now)
    await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.STAGE, from_status=order.refund_stage, to_status=done,
        actor_id=order.user_id, now=now,
    )  # fmt: skip
    event_id = await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.STATUS, from_status=order.status, to_status=OrderStatus.COMPLETED,
        actor_id=order.user_id, now=now,
    )  # fmt: skip
    act = Act(
        action="order.delivered", subject_kind="ORDER", subject_id=order.id, actor_id=order.user_id,
        reference=order.order_number, detail={"from": order.status.value, "stage_from": order.refund_stage.value},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
    await referrals.note_completed(tx, purchase_id=order.id, storefront=storefront, now=now)
    await loyalty.mature(tx, purchase_id=order.id, now=now, rules=storefront.rules)
    told = events.order_event(
        events.ORDER_STATUS_CHANGED, user_id=order.user_id, order_id=order.id, reference=order.order_number,
        status=OrderStatus.COMPLETED, at=now,
    )  # fmt: skip
    await enqueue(tx, effect(ORDER_STATUS_CHANGED, order_id=order.id, event_id=event_id), told)
