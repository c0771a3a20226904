"""Every statement on consultations and their calendar feeds; hours are in `hours_queries.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.care.consultations.errors import ConsultationNotFound
from sojourn.care.consultations.models import (
    BookableOrder,
    Consultation,
    ConsultationFilters,
    ConsultationSort,
    Status,
    Stored,
)
from sojourn.care.notifications.sources import ORDER_TITLE
from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.kit.wire import Page
from sojourn.sales.orders.errors import OrderNotFound

_ORDER_VISIBLE = "($2::text = 'ADMIN' OR o.user_id = $3::uuid OR ($2 = 'CONSULTANT' AND o.consultant_id = $3))"
_FIND_ORDER = f"SELECT o.consultant_id FROM orders o WHERE o.id = $1 AND {_ORDER_VISIBLE}"
# The order is the lock of its sessions: two bookings of one order are counted one after the other.
_LOCK_ORDER = f"""
SELECT o.id, o.user_id, o.status, o.consultant_id,
       o.quantity * coalesce((o.service_snapshot #>> '{{specs,consultations_included}}')::integer, 0) AS included
  FROM orders o WHERE o.id = $1 AND {_ORDER_VISIBLE} FOR UPDATE
"""
_COUNT_USED = "SELECT count(*) FROM consultations WHERE order_id = $1 AND is_session_used"
_INSERT = """
INSERT INTO consultations (id, order_id, consultant_id, user_id, resource_id, scheduled_at, duration, time_zone, status,
                           meeting_link, meeting_provider, note, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
"""
# Not COUNT FOR UPDATE: the resource, locked by then, is what orders bookings of one consultant.
_COUNT_BETWEEN = """
SELECT count(*) FROM consultations
 WHERE consultant_id = $1 AND scheduled_at >= $2 AND scheduled_at < $3 AND status <> 'CANCELLED'
"""
_VISIBLE = "($2::text = 'ADMIN' OR c.user_id = $3::uuid OR ($2 = 'CONSULTANT' AND c.consultant_id = $3))"
_STORED = """c.id, c.order_id, c.consultant_id, c.user_id, c.resource_id, c.scheduled_at, c.duration, c.status, c.moves,
       c.sequence, c.is_session_used, c.meeting_link, c.meeting_provider, c.meeting_id"""
_LOCK_VISIBLE = f"SELECT {_STORED} FROM consultations c WHERE c.id = $1 AND {_VISIBLE} FOR UPDATE"
_FIND_STORED = f"SELECT {_STORED} FROM consultations c WHERE c.id = $1"
_COLUMNS = """c.id, c.order_id, o.order_number, o.title AS service_title, c.consultant_id, k.name AS consultant_name,
       c.user_id, u.name AS customer_name, c.scheduled_at, c.scheduled_at + c.duration * interval '1 minute' AS ends_at,
       c.duration, c.time_zone, c.status, CASE WHEN c.status <> 'CANCELLED' THEN c.meeting_link END AS meeting_link,
       c.note, c.notes, c.moves, c.is_session_used, c.cancellation_reason, c.created_at, c.updated_at"""
_FROM = """consultations c
  JOIN orders o ON o.id = c.order_id JOIN users k ON k.id = c.consultant_id JOIN users u ON u.id = c.user_id"""
_FIND = f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.id = $1 AND {_VISIBLE}"
_MATCHING = """($1::text = 'ADMIN' OR c.user_id = $2::uuid OR ($1 = 'CONSULTANT' AND c.consultant_id = $2))
   AND ($3::text IS NULL OR c.status = $3) AND ($4::uuid IS NULL OR c.order_id = $4)
   AND ($5::uuid IS NULL OR c.consultant_id = $5) AND ($6::uuid IS NULL OR c.user_id = $6)
   AND ($7::timestamptz IS NULL OR c.scheduled_at >= $7) AND ($8::timestamptz IS NULL OR c.scheduled_at < $8)"""
LISTS = {
    sort: f"SELECT {_COLUMNS} FROM {_FROM} WHERE {_MATCHING} ORDER BY {order} LIMIT $9 OFFSET $10"
    for sort, order in {
        ConsultationSort.LATEST: "c.scheduled_at DESC, c.id DESC",
        ConsultationSort.EARLIEST: "c.scheduled_at, c.id",
    }.items()
}
# Of what `LISTS` select: the consultant's notes stay in the house.
FILE_COLUMNS = (
    "id", "order_id", "order_number", "service_title", "consultant_id", "consultant_name", "user_id", "customer_name",
    "scheduled_at", "ends_at", "duration", "time_zone", "status", "meeting_link", "note", "is_session_used",
    "cancellation_reason", "created_at",
)  # fmt: skip
_COUNT = f"SELECT count(*) FROM consultations c WHERE {_MATCHING}"
_LIST_UPCOMING = f"""
SELECT {_COLUMNS} FROM {_FROM}
 WHERE (c.user_id = $1 OR c.consultant_id = $1) AND c.status IN ('PENDING', 'SCHEDULED')
   AND c.scheduled_at + c.duration * interval '1 minute' > $2
 ORDER BY c.scheduled_at, c.id LIMIT $3
"""
_LIST_CALENDAR = f"""
SELECT {_COLUMNS}, {ORDER_TITLE} AS customer_title, c.sequence FROM {_FROM}
 WHERE (c.user_id = $1 OR c.consultant_id = $1) AND c.status <> 'CANCELLED' AND c.scheduled_at > $2
 ORDER BY c.scheduled_at, c.id LIMIT 1000
"""
_MOVE = """
UPDATE consultations SET scheduled_at = $2, moves = moves + $3, sequence = sequence + 1, updated_at = $4 WHERE id = $1
"""
_CANCEL = """
UPDATE consultations SET status = 'CANCELLED', cancelled_at = $4, cancellation_reason = $2, is_session_used = $3,
                         sequence = sequence + 1, updated_at = $4
 WHERE id = $1
"""
_SET_STATUS = "UPDATE consultations SET status = $2, updated_at = $3 WHERE id = $1"
_APPROVE = """
UPDATE consultations SET status = 'SCHEDULED', meeting_link = $2, meeting_provider = $3, updated_at = $4 WHERE id = $1
"""
_GIVE_BACK = "UPDATE consultations SET is_session_used = false, updated_at = $2 WHERE id = $1"
_SET_NOTES = "UPDATE consultations SET notes = nullif($2, ''), updated_at = $3 WHERE id = $1"
_SET_ROOM = """
UPDATE consultations SET meeting_link = $2, meeting_provider = $3, meeting_id = $4, updated_at = $5
 WHERE id = $1 AND meeting_link IS NULL
"""
# Whom a change is told to: nobody whose account is closed.
_FIND_PARTIES = f"""
SELECT {_COLUMNS}, {ORDER_TITLE} AS customer_title, c.sequence,
       c.time_zone AS customer_zone, coalesce(h.time_zone, c.time_zone) AS consultant_zone,
       CASE WHEN u.deleted_at IS NULL THEN u.email END AS customer_email, o.language AS customer_language,
       CASE WHEN k.deleted_at IS NULL THEN k.email END AS consultant_email, k.preferred_language AS consultant_language
  FROM {_FROM} LEFT JOIN consultant_hours h ON h.user_id = c.consultant_id
 WHERE c.id = $1
"""
_LIST_TO_REMIND = """
SELECT c.id FROM consultations c
 WHERE c.status = 'SCHEDULED' AND c.scheduled_at > $1 AND c.scheduled_at <= $2
   AND NOT EXISTS (SELECT FROM notifications n
                    WHERE n.kind = 'CONSULTATION_REMINDER' AND n.subject_id = c.id
                      AND (n.context->>'starts_at')::timestamptz = c.scheduled_at)
 ORDER BY c.scheduled_at, c.id
 LIMIT $3
"""
_LIST_ORPHANS = """
SELECT c.id FROM consultations c JOIN orders o ON o.id = c.order_id
 WHERE c.status IN ('PENDING', 'SCHEDULED') AND c.scheduled_at > $1 AND o.status = 'CANCELLED' ORDER BY c.id LIMIT $2
"""
_LOCK_BY_ID = f"SELECT {_STORED} FROM consultations c WHERE c.id = $1 FOR UPDATE"
_SET_FEED = """
INSERT INTO calendar_feeds (user_id, token_hash, created_at) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at
"""
_UNSET_FEED = "DELETE FROM calendar_feeds WHERE user_id = $1"
_FIND_FEED = """
SELECT u.id, u.preferred_language FROM calendar_feeds f JOIN users u ON u.id = f.user_id AND u.is_active
 WHERE f.token_hash = $1
"""


async def get_consultant_of_order(connection: Connection, *, order_id: UUID, actor: Actor) -> UUID | None:
    """Whom an order that the caller may see is assigned to. Raises OrderNotFound."""
    row = await connection.fetchrow(_FIND_ORDER, order_id, actor.role, actor.user_id)
    if row is None:
        raise OrderNotFound
    consultant_id: UUID | None = row["consultant_id"]
    return consultant_id


async def lock_order(tx: Connection, *, order_id: UUID, actor: Actor) -> BookableOrder:
    """An order that the caller may see, with its sessions, locked. Raises OrderNotFound."""
    row = await tx.fetchrow(_LOCK_ORDER, order_id, actor.role, actor.user_id)
    if row is None:
        raise OrderNotFound
    return BookableOrder(**row, used=await tx.fetchval(_COUNT_USED, order_id))


async def insert_consultation(
    tx: Connection, *, stored: Stored, time_zone: str, note: str | None, now: datetime
) -> None:
    await tx.execute(
        _INSERT, stored.id, stored.order_id, stored.consultant_id, stored.user_id, stored.resource_id,
        stored.scheduled_at, stored.duration, time_zone, stored.status, stored.meeting_link, stored.meeting_provider,
        note, now,
    )  # fmt: skip


async def count_between(tx: Connection, *, consultant_id: UUID, since: datetime, until: datetime) -> int:
    """How many of a consultant's sessions begin then; cancelled ones do not count."""
    count: int = await tx.fetchval(_COUNT_BETWEEN, consultant_id, since, until)
    return count


def _stored(row: Row | None) -> Stored:
    if row is None:
        raise ConsultationNotFound
    return Stored(**dict(row) | {"status": Status(row["status"])})


async def lock_visible(tx: Connection, *, consultation_id: UUID, actor: Actor) -> Stored:
    """A consultation that the caller may see, locked. Raises ConsultationNotFound."""
    return _stored(await tx.fetchrow(_LOCK_VISIBLE, consultation_id, actor.role, actor.user_id))


async def lock_consultation(tx: Connection, consultation_id: UUID) -> Stored:
    """Raises ConsultationNotFound."""
    return _stored(await tx.fetchrow(_LOCK_BY_ID, consultation_id))


async def get_stored(connection: Connection, consultation_id: UUID) -> Stored:
    """Raises ConsultationNotFound."""
    return _stored(await connection.fetchrow(_FIND_STORED, consultation_id))


def present(row: Row, *, for_staff: bool, max_moves: int) -> Consultation:
    """The consultation as this reader may see it."""
    values: dict[str, Any] = dict(row)
    moves = values.pop("moves")
    values.pop("sequence", None)
    if not for_staff:
        values["notes"] = None
    return Consultation(**values, moves_left=max(max_moves - moves, 0))


async def get_consultation(
    connection: Connection, *, consultation_id: UUID, actor: Actor, max_moves: int
) -> Consultation:
    """Raises ConsultationNotFound, for somebody else's too."""
    row = await connection.fetchrow(_FIND, consultation_id, actor.role, actor.user_id)
    if row is None:
        raise ConsultationNotFound
    return present(row, for_staff=row["user_id"] != actor.user_id, max_moves=max_moves)


async def list_consultations(
    connection: Connection, *, actor: Actor, filters: ConsultationFilters, max_moves: int
) -> Page[Consultation]:
    """One page of what the caller may see."""
    matching = arguments(filters, actor=actor)
    rows = await connection.fetch(LISTS[filters.sort], *matching, filters.per_page, filters.offset)
    total: int = await connection.fetchval(_COUNT, *matching)
    items = [present(row, for_staff=row["user_id"] != actor.user_id, max_moves=max_moves) for row in rows]
    return Page[Consultation](items=items, page=filters.page, per_page=filters.per_page, total=total)


def arguments(filters: ConsultationFilters, *, actor: Actor) -> tuple[object, ...]:
    """What `LISTS` ask for, all but the page."""
    return (
        actor.role, actor.user_id, filters.status, filters.order_id, filters.consultant_id, filters.user_id,
        filters.from_moment, filters.to_moment,
    )  # fmt: skip


async def list_upcoming(
    connection: Connection, *, user_id: UUID, now: datetime, limit: int, max_moves: int = 2
) -> list[Consultation]:
    """A customer's or a consultant's open consultations that are not over, soonest first; without staff's notes."""
    rows = await connection.fetch(_LIST_UPCOMING, user_id, now, limit)
    return [present(row, for_staff=False, max_moves=max_moves) for row in rows]


async def list_calendar(connection: Connection, *, user_id: UUID, since: datetime) -> list[Row]:
    """What stands in somebody's calendar, with each entry's `sequence`."""
    rows: list[Row] = await connection.fetch(_LIST_CALENDAR, user_id, since)
    return rows


async def move(tx: Connection, consultation_id: UUID, *, starts_at: datetime, moves: int, now: datetime) -> None:
    """Another time; `moves` is how much of the customer's allowance it takes."""
    await tx.execute(_MOVE, consultation_id, starts_at, moves, now)


async def cancel(
    tx: Connection, consultation_id: UUID, *, reason: str | None, is_session_used: bool, now: datetime
) -> None:
    await tx.execute(_CANCEL, consultation_id, reason, is_session_used, now)


async def set_status(tx: Connection, consultation_id: UUID, status: Status, *, now: datetime) -> None:
    await tx.execute(_SET_STATUS, consultation_id, status, now)


async def approve(
    tx: Connection, consultation_id: UUID, *, link: str | None, provider: str | None, now: datetime
) -> None:
    """A request becomes a promise, with its room when there is one already."""
    await tx.execute(_APPROVE, consultation_id, link, provider, now)


async def give_session_back(tx: Connection, consultation_id: UUID, *, now: datetime) -> None:
    await tx.execute(_GIVE_BACK, consultation_id, now)


async def set_notes(tx: Connection, consultation_id: UUID, *, notes: str, now: datetime) -> None:
    await tx.execute(_SET_NOTES, consultation_id, notes, now)


async def set_room(
    tx: Connection, consultation_id: UUID, *, link: str, provider: str, room_id: str | None, now: datetime
) -> None:
    """Keep the room a vendor opened, unless there is one by now."""
    await tx.execute(_SET_ROOM, consultation_id, link, provider, room_id, now)


async def get_parties(connection: Connection, consultation_id: UUID) -> Row:
    """A consultation with both sides' addresses, languages and zones. Raises ConsultationNotFound."""
    row = await connection.fetchrow(_FIND_PARTIES, consultation_id)
    if row is None:
        raise ConsultationNotFound
    return row


async def list_to_remind(tx: Connection, *, after: datetime, until: datetime, limit: int) -> list[UUID]:
    """Consultations that stand and begin between the two moments, of which neither side has been reminded."""
    return [row["id"] for row in await tx.fetch(_LIST_TO_REMIND, after, until, limit)]


async def list_orphans(connection: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Consultations still to come whose order was cancelled."""
    return [row["id"] for row in await connection.fetch(_LIST_ORPHANS, now, limit)]


async def set_feed(tx: Connection, *, user_id: UUID, token_hash: bytes, now: datetime) -> None:
    """The one address of somebody's calendar; the one before opens nothing any more."""
    await tx.execute(_SET_FEED, user_id, token_hash, now)


async def unset_feed(tx: Connection, *, user_id: UUID) -> None:
    await tx.execute(_UNSET_FEED, user_id)


async def find_feed(connection: Connection, *, token_hash: bytes) -> Row | None:
    """Whose calendar it is (`id`, `preferred_language`), while their account stands."""
    return await connection.fetchrow(_FIND_FEED, token_hash)
