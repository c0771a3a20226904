"""What has happened to a customer's purchases, kept for a week in the order of the commits (docs/events.md).

Events are written by `enqueue` (platform/jobs/queue.py), in the transaction of their cause. The ids of one customer are
drawn under a lock that lasts until the commit: whoever has seen an event has seen, or can read, all that came before.
So events are the last thing a transaction writes, after all other locks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sojourn.platform.db.database import Connection

EVENTS_CHANNEL: Final = "sojourn_user_events"
PUBLISH: Final = "events.publish"
RETENTION: Final = timedelta(days=7)

_LIST_AFTER = """
SELECT id, kind, payload, created_at FROM user_events WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""
_LATEST = "SELECT coalesce(max(id), 0) FROM user_events WHERE user_id = $1"
_IS_KEPT = "SELECT EXISTS (SELECT FROM user_events WHERE user_id = $1 AND id = $2)"
_LIST_BEHIND = """
SELECT DISTINCT reader.user_id FROM unnest($1::uuid[], $2::bigint[]) AS reader (user_id, last_id)
 WHERE EXISTS (SELECT FROM user_events e WHERE e.user_id = reader.user_id AND e.id > reader.last_id)
"""
_FORGET = "DELETE FROM user_events WHERE created_at < $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something the customer should hear of. `payload` in snake_case, money and ids as text. `published` (optional) is
    also said, in exactly this shape, on the customer's Redis channel."""

    user_id: UUID
    kind: str
    payload: Mapping[str, Any]
    at: datetime
    published: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as it is kept."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    created_at: datetime


async def list_after(connection: Connection, *, user_id: UUID, last_id: int, limit: int) -> list[Event]:
    """The customer's next events, oldest first."""
    return [Event(**row) for row in await connection.fetch(_LIST_AFTER, user_id, last_id, limit)]


async def get_latest_id(connection: Connection, *, user_id: UUID) -> int:
    """The id of the customer's newest event; 0 when there is none."""
    latest: int = await connection.fetchval(_LATEST, user_id)
    return latest


async def is_kept(connection: Connection, *, user_id: UUID, event_id: int) -> bool:
    """Whether that event of this customer is still there: if so, all that followed it is."""
    kept: bool = await connection.fetchval(_IS_KEPT, user_id, event_id)
    return kept


async def list_behind(connection: Connection, readers: Sequence[tuple[UUID, int]]) -> list[UUID]:
    """Of readers (customer, last id read), the customers for whom there is something newer."""
    rows = await connection.fetch(_LIST_BEHIND, [user for user, _ in readers], [last for _, last in readers])
    return [row["user_id"] for row in rows]


async def forget_old(connection: Connection, *, now: datetime) -> None:
    """Delete what is older than `RETENTION`."""
    await connection.execute(_FORGET, now - RETENTION)
