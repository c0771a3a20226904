"""Where the work on an order stands, what was promised of it, and the warning when that has passed."""

from datetime import date, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import local_date
from sojourn.platform.storefront import Storefront
from sojourn.providers.work import Timer, Work
from sojourn.sales.effects import staff_alert
from sojourn.sales.orders import queries
from sojourn.sales.orders.models import EventKind, Order
from sojourn.sales.orders.promises import days_promised

_AT_ONCE = 200

_PUT = """
UPDATE orders SET stage_key = $2, stage_started_at = $3, stage_promised_on = $4, stage_warned_at = NULL WHERE id = $1
"""
# A row that somebody works on right now is left for the next time.
_MARK_LATE = """
WITH late AS (
    SELECT id FROM orders
     WHERE stage_promised_on < $1 AND status IN ('CONFIRMED', 'IN_PROGRESS') AND stage_warned_at IS NULL
     ORDER BY stage_promised_on LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orders o SET stage_warned_at = $2 FROM late WHERE o.id = late.id
RETURNING o.id, o.order_number, o.title, o.stage_key, o.stage_started_at, o.stage_promised_on,
          (SELECT name FROM users WHERE users.id = o.consultant_id) AS consultant
"""


async def put(
    tx: Connection, *, order: Order, stage_key: str, reason: str | None, actor: Actor, storefront: Storefront,
    now: datetime,
) -> int:  # fmt: skip
    """Note that the case of a locked order has come to another stage, and by when that is promised to be done. Returns
    the event's id."""
    stage = next(stage for stage in order.stages if stage.key == stage_key)
    promised_on: date | None = None
    if stage.promised_days is not None:
        promised_on = days_promised(now, storefront)[stage.promised_days]
    await tx.execute(_PUT, order.id, stage_key, now, promised_on)
    return await queries.insert_event(
        tx, order_id=order.id, kind=EventKind.CASE, from_status=order.stage_key, to_status=stage_key, note=reason,
        actor_id=actor.user_id, now=now,
    )  # fmt: skip


async def warn_of_late(work: Work) -> None:
    """Tell the desk of every case whose stage has taken longer than promised, once a stage."""
    now = work.runtime.clock.now()
    today = local_date(now, work.runtime.storefront.time_zone)
    async with work.runtime.db.unit_of_work() as tx:
        late = await tx.fetch(_MARK_LATE, today, now, _AT_ONCE)
        if late:
            await enqueue(
                tx, *(staff_alert("A case is late", subject_id=_subject(row), details=_told(row)) for row in late)
            )


def _subject(row: Row) -> UUID:
    """A stage that a case comes to a second time can be late a second time."""
    return uuid5(NAMESPACE_OID, f"case:{row['id']}:{row['stage_key']}:{row['stage_started_at'].isoformat()}")


def _told(row: Row) -> dict[str, str]:
    return {
        "order": row["order_number"],
        "service": row["title"],
        "stage": row["stage_key"],
        "promised_on": row["stage_promised_on"].isoformat(),
        "consultant": row["consultant"] or "nobody",
    }


TIMERS = (
    Timer(
        name="orders.warn_of_late",
        cron="5 * * * *",
        title="every hour: cases whose stage has taken longer than promised, once a stage, by mail to the desk",
        handler=warn_of_late,
    ),
)
