"""Every statement on `notifications`. What the mails tell of is read in `sources.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sojourn.care.notifications.errors import NotificationNotFound
from sojourn.care.notifications.mails import MailContext, MailKind
from sojourn.care.notifications.models import (
    CalendarInvite,
    Channel,
    Letter,
    NotificationOut,
    NotificationStatus,
    Outgoing,
    Waiting,
)
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import SortByTime

INSERT_NOTIFICATION = """
INSERT INTO notifications (id, kind, subject_id, occasion, user_id, recipient, recipient_name, language, context,
                           invoice_id, created_at, calendar)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (kind, subject_id, occasion, recipient) DO NOTHING
RETURNING id
"""
TAKE_UP = """
UPDATE notifications SET attempts = attempts + 1 WHERE id = $1 AND status = 'QUEUED'
RETURNING id, channel, kind, subject_id, user_id, recipient, recipient_name, language, context, invoice_id, calendar,
          attempts, last_error
"""
# A mail that is done with needs its single-use link no more: no copy of the secret stays behind.
MARK_SENT = """
UPDATE notifications SET status = 'SENT', provider = $2, provider_id = $3, sent_at = $4, last_error = NULL,
                         context = context - 'link'
 WHERE id = $1 AND status = 'QUEUED'
"""
MARK_FAILED = """
UPDATE notifications SET status = 'FAILED', provider = $2, last_error = $3, context = context - 'link'
 WHERE id = $1 AND status = 'QUEUED'
"""
NOTE_ERROR = "UPDATE notifications SET last_error = $2 WHERE id = $1 AND status = 'QUEUED'"
SELECT_OVERDUE = """
SELECT id FROM notifications WHERE status = 'QUEUED' AND created_at < $1 ORDER BY created_at LIMIT $2
"""
INSERT_MANY = """
INSERT INTO notifications (id, channel, kind, subject_id, occasion, user_id, recipient, recipient_name, language,
                           context, created_at)
SELECT new.id, new.channel, $8, $9, $10, new.user_id, new.recipient, new.name, new.language, new.context, $11
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
       AS new (id, channel, user_id, recipient, name, language, context)
ON CONFLICT (kind, subject_id, occasion, recipient) DO NOTHING
RETURNING id
"""
SELECT_INVOICE = "SELECT kind, number, document FROM invoices WHERE id = $1"
REQUEUE = """
UPDATE notifications SET status = 'QUEUED', attempts = 0, last_error = NULL
 WHERE id = $1 AND status = 'FAILED' AND NOT kind = ANY ($2)
RETURNING id
"""
SELECT_STATUS = "SELECT status FROM notifications WHERE id = $1"
_CHOSEN = """
  FROM notifications
 WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::uuid IS NULL OR user_id = $3)
   AND ($4::uuid IS NULL OR subject_id = $4) AND ($5::text IS NULL OR lower(recipient) = lower($5))
   AND ($6::text IS NULL OR channel = $6)
"""
_ORDERS = {SortByTime.NEWEST: "created_at DESC, id DESC", SortByTime.OLDEST: "created_at, id"}
LISTS = {
    sort: f"""
SELECT id, channel, kind, subject_id, user_id, recipient, language, status, provider, provider_id, attempts,
       last_error, created_at, sent_at
{_CHOSEN} ORDER BY {order} LIMIT $7 OFFSET $8
"""
    for sort, order in _ORDERS.items()
}
COUNT_CHOSEN = f"SELECT count(*) {_CHOSEN}"


async def insert_notification(tx: Connection, letter: Letter, *, now: datetime) -> UUID | None:
    """The new row's id; None when this mail was kept before."""
    to = letter.to
    kept: UUID | None = await tx.fetchval(
        INSERT_NOTIFICATION, new_id(), letter.context.kind, letter.subject_id, letter.occasion, to.user_id, to.email,
        to.name, to.language, letter.context.model_dump(mode="json"), letter.invoice_id, now,
        asdict(letter.calendar) if letter.calendar else None,
    )  # fmt: skip
    return kept


async def insert_many(
    tx: Connection,
    outgoing: Sequence[Outgoing],
    *,
    contexts: Mapping[Language, MailContext],
    subject_id: UUID,
    occasion: str,
    now: datetime,
) -> Sequence[UUID]:
    """One statement for all; the ids of the new rows: whoever was told before is left out. All are of one kind."""
    if not outgoing:
        return []
    stored = {language: context.model_dump(mode="json") for language, context in contexts.items()}
    rows = await tx.fetch(
        INSERT_MANY, [new_id() for _ in outgoing], [one.channel for one in outgoing],
        [one.to.user_id for one in outgoing], [one.recipient for one in outgoing], [one.to.name for one in outgoing],
        [one.language for one in outgoing], [stored[one.language] for one in outgoing],
        next(iter(contexts.values())).kind, subject_id, occasion, now,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def find_taken_up(connection: Connection, notification_id: UUID) -> Waiting | None:
    """The notification, one attempt further; None when it no longer waits."""
    row = await connection.fetchrow(TAKE_UP, notification_id)
    if row is None:
        return None
    calendar = CalendarInvite(**row["calendar"]) if row["calendar"] else None
    typed = {
        "channel": Channel(row["channel"]),
        "kind": MailKind(row["kind"]),
        "language": Language(row["language"]),
        "calendar": calendar,
    }
    return Waiting(**dict(row) | typed)


async def mark_sent(
    connection: Connection, notification_id: UUID, *, provider: str, provider_id: str, now: datetime
) -> None:
    await connection.execute(MARK_SENT, notification_id, provider, provider_id, now)


async def mark_failed(connection: Connection, notification_id: UUID, *, provider: str | None, error: str) -> None:
    await connection.execute(MARK_FAILED, notification_id, provider, error[:2000])


async def note_error(connection: Connection, notification_id: UUID, *, error: str) -> None:
    """The attempt failed; the mail still waits."""
    await connection.execute(NOTE_ERROR, notification_id, error[:2000])


async def list_overdue(connection: Connection, *, created_before: datetime, limit: int) -> Sequence[UUID]:
    """Mails that still wait, oldest first."""
    return [row["id"] for row in await connection.fetch(SELECT_OVERDUE, created_before, limit)]


async def get_invoice(connection: Connection, invoice_id: UUID) -> Row:
    """`kind`, `number` and `document` of the invoice or credit note that goes with a mail."""
    row = await connection.fetchrow(SELECT_INVOICE, invoice_id)
    if row is None:
        raise LookupError(f"invoice {invoice_id} is gone")
    return row


async def requeue(tx: Connection, notification_id: UUID, *, but_not: Sequence[MailKind]) -> bool:
    """Let a failed mail wait again. False when it is not failed, or of a kind that cannot go again."""
    return await tx.fetchval(REQUEUE, notification_id, list(but_not)) is not None


async def get_status(connection: Connection, notification_id: UUID) -> NotificationStatus:
    """Raises `NotificationNotFound`."""
    status = await connection.fetchval(SELECT_STATUS, notification_id)
    if status is None:
        raise NotificationNotFound
    return NotificationStatus(status)


async def list_notifications(
    connection: Connection, *, status: str | None, kind: str | None, user_id: UUID | None, subject_id: UUID | None,
    recipient: str | None, channel: str | None, sort: SortByTime, limit: int, offset: int,
) -> tuple[list[NotificationOut], int]:  # fmt: skip
    """One page, and how many there are in all."""
    filters = (status, kind, user_id, subject_id, recipient, channel)
    rows = await connection.fetch(LISTS[sort], *filters, limit, offset)
    total: int = await connection.fetchval(COUNT_CHOSEN, *filters)
    return [NotificationOut.model_validate(dict(row)) for row in rows], total
