"""Events of the outside world, kept under (provider, event id): stored first and then acted on, or kept in the
transaction of what they caused (docs/decisions/0023-one-transaction-a-webhook.md).

A repeated event finds its row and is a no-op. What fails stays unhandled, and a timer tries it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sojourn.platform.db.database import Connection

# This commit need not wait for the disk: nobody is answered before a later commit of the same request (handled or
# failed), and that one waits for everything written before it. A crash in between leaves the event with its sender.
_STORE = """
WITH hurry AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO inbox (provider, event_id, name, payload, is_live, received_at)
SELECT $1, $2, $3, $4, $5, $6 FROM hurry
ON CONFLICT (provider, event_id) DO UPDATE SET attempts = inbox.attempts
RETURNING handled_at IS NOT NULL AS is_handled
"""
# In one statement whether it was stored before or not; no row when it had been handled already.
_KEEP_HANDLED = """
INSERT INTO inbox AS kept (provider, event_id, name, payload, is_live, received_at, handled_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (provider, event_id) DO UPDATE SET handled_at = $7, outcome = $8, last_error = NULL
 WHERE kept.handled_at IS NULL
RETURNING true
"""
_LOCK = "SELECT payload, is_live, handled_at FROM inbox WHERE provider = $1 AND event_id = $2 FOR UPDATE"
_HANDLED = "UPDATE inbox SET handled_at = $3, outcome = $4, last_error = NULL WHERE provider = $1 AND event_id = $2"
# Whoever handled it while we failed has the last word.
_FAILED = """
UPDATE inbox SET attempts = attempts + 1, last_error = $3
 WHERE provider = $1 AND event_id = $2 AND handled_at IS NULL
"""
_FIND = """
SELECT provider, event_id, name, payload, is_live, received_at, handled_at IS NOT NULL AS is_handled
  FROM inbox WHERE provider = $1 AND event_id = $2
"""
_UNHANDLED = """
SELECT provider, event_id, name, payload, is_live, received_at FROM inbox
 WHERE handled_at IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEvent:
    """An event as the inbox keeps it; `payload` is the raw body as it came."""

    provider: str
    event_id: str
    name: str
    payload: str
    is_live: bool
    received_at: datetime


async def store(connection: Connection, event: InboxEvent) -> bool:
    """Keep an event (one statement, committed at once). True when it has already been handled.

    Sure to survive a crash once `mark_handled` or `mark_failed` has committed: answer the sender after that.
    """
    return bool(await connection.fetchval(_STORE, *columns(event)))


async def keep_handled(tx: Connection, event: InboxEvent, *, outcome: str, now: datetime) -> bool:
    """Keep an event as handled, in the transaction of what it caused. False when it has been handled before."""
    return await tx.fetchval(_KEEP_HANDLED, *columns(event), now, outcome) is not None


def columns(event: InboxEvent) -> tuple[object, ...]:
    """The event as the first six columns of its row."""
    return event.provider, event.event_id, event.name, event.payload, event.is_live, event.received_at


async def lock_unhandled(tx: Connection, *, provider: str, event_id: str) -> bool:
    """Lock the event's row. False when somebody else has handled it meanwhile."""
    row = await tx.fetchrow(_LOCK, provider, event_id)
    return row is not None and row["handled_at"] is None


async def mark_handled(tx: Connection, *, provider: str, event_id: str, outcome: str, now: datetime) -> None:
    """Close the event, in the transaction of what it caused. `outcome` is a word for the desk."""
    await tx.execute(_HANDLED, provider, event_id, now, outcome)


async def mark_failed(connection: Connection, *, provider: str, event_id: str, error: str) -> None:
    """Note one failed attempt; the event stays unhandled."""
    await connection.execute(_FAILED, provider, event_id, error[:2000])


async def find(connection: Connection, *, provider: str, event_id: str) -> tuple[InboxEvent, bool] | None:
    """One event, and whether it has been handled."""
    row = await connection.fetchrow(_FIND, provider, event_id)
    if row is None:
        return None
    kept = dict(row)
    is_handled: bool = kept.pop("is_handled")
    return InboxEvent(**kept), is_handled


async def list_unhandled(connection: Connection, *, before: datetime, limit: int) -> Sequence[InboxEvent]:
    """Events received before `before` that still wait, oldest first."""
    rows = await connection.fetch(_UNHANDLED, before, limit)
    return [InboxEvent(**row) for row in rows]
