"""Reminding customers of what is still missing: 3, 7 and 14 days after an order was paid (rules, section 8)."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.care.documents.letters import reminder_letter
from sojourn.care.documents.rules import REMIND_AFTER_DAYS, reminder_due
from sojourn.care.notifications.service import keep
from sojourn.care.notifications.sources import ORDER_TITLE
from sojourn.platform.db.database import Connection, Row
from sojourn.providers.work import Work

BATCH: Final = 100

# An order is asked about as long as a reminder that is due has not been kept: each of them goes once. What a guide
# lists is for its reader.
_WAITING = f"""
SELECT o.id, o.user_id, o.order_number, {ORDER_TITLE} AS title, o.confirmed_at, o.language, lists.missing,
       coalesce(o.customer_info ->> 'email', u.email) AS email,
       coalesce(o.customer_info ->> 'full_name', u.name) AS name
  FROM orders o
  JOIN users u ON u.id = o.user_id
 CROSS JOIN LATERAL (
       SELECT jsonb_agg(c.title ORDER BY c.position) AS missing FROM order_checklists c
        WHERE c.order_id = o.id AND c.is_required AND c.status IN ('PENDING', 'REJECTED')
       ) lists
 WHERE o.status IN ('CONFIRMED', 'IN_PROGRESS') AND o.confirmed_at <= $1 AND o.id > $2 AND u.deleted_at IS NULL
   AND o.service_type <> 'DIGITAL' AND lists.missing IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM notifications n WHERE n.kind = 'DOCUMENT_REMINDER' AND n.subject_id = o.id
          AND n.occasion = (SELECT max(step) FROM unnest($3::integer[]) AS step
                             WHERE o.confirmed_at + make_interval(days => step) <= $4)::text)
 ORDER BY o.id
 LIMIT $5
"""  # noqa: S608 - nothing but the constant above
_FIRST = UUID(int=0)


async def send_reminders(work: Work) -> None:
    """Each reminder once. After a downtime the latest one goes, and no more than that."""
    now, after = work.runtime.clock.now(), _FIRST
    while True:
        async with work.runtime.db.unit_of_work() as tx:
            orders = await _list_waiting(tx, after=after, now=now)
            for order in orders:
                days = reminder_due(since=order["confirmed_at"], now=now)
                if days is not None:
                    await keep(tx, reminder_letter(order, days=days, storefront=work.runtime.storefront), now=now)
        if len(orders) < BATCH:
            return
        after = orders[-1]["id"]


async def _list_waiting(tx: Connection, *, after: UUID, now: datetime) -> list[Row]:
    earliest = now - timedelta(days=min(REMIND_AFTER_DAYS))
    rows: list[Row] = await tx.fetch(_WAITING, earliest, after, list(REMIND_AFTER_DAYS), now, BATCH)
    return rows
