"""What the mails tell of, read where it happened: accounts, purchases, payments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sojourn.care.notifications.mails import MailLine
from sojourn.care.notifications.models import Recipient
from sojourn.people.users.models import Preferences
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language

# A purchase is named in the language it was made in, where the catalogue has the name; else as it was sold.
_TITLE = """
    coalesce(CASE b.booking_type
        WHEN 'PACKAGE' THEN (SELECT CASE b.language WHEN 'km' THEN t.title_kh WHEN 'zh' THEN t.title_zh END
                               FROM trips t WHERE t.id = b.trip_id)
        WHEN 'HOTEL_ONLY' THEN (SELECT CASE b.language WHEN 'km' THEN t.name_kh || ' · ' || h.name_kh
                                                       WHEN 'zh' THEN t.name_zh || ' · ' || h.name_zh END
                                  FROM hotel_rooms h JOIN hotels t ON t.id = h.hotel_id WHERE h.id = b.hotel_room_id)
        WHEN 'TRANSPORT_ONLY' THEN (SELECT CASE b.language WHEN 'km' THEN t.name_kh WHEN 'zh' THEN t.name_zh END
                                      FROM vehicles t WHERE t.id = b.vehicle_id)
    END, b.title)"""
# What of an order its mails say, wherever they are written. The address that it names counts once it is paid for:
# before, anybody's could be typed there.
ORDER_TITLE: Final = """
    coalesce(CASE o.language WHEN 'km' THEN o.service_snapshot ->> 'title_km'
                             WHEN 'zh' THEN o.service_snapshot ->> 'title_zh' END, o.title)"""
ORDER_EMAIL: Final = "coalesce(CASE WHEN o.confirmed_at IS NOT NULL THEN o.customer_info ->> 'email' END, u.email)"
ORDER_NAME: Final = "coalesce(CASE WHEN o.confirmed_at IS NOT NULL THEN o.customer_info ->> 'full_name' END, u.name)"
SELECT_RECIPIENT = "SELECT id, email, name, preferred_language FROM users WHERE id = $1 AND deleted_at IS NULL"
SELECT_ROLE = "SELECT role FROM users WHERE id = $1"
SELECT_WANTED = "SELECT coalesce((preferences->>$2)::boolean, $3) FROM users WHERE id = $1"
SET_UNWANTED = """
UPDATE users SET preferences = preferences || jsonb_build_object($2::text, false), updated_at = $3
 WHERE id = $1 AND deleted_at IS NULL
"""
SELECT_PAYMENT = f"""
SELECT p.id, p.user_id, p.reference, p.amount, p.captured_amount, coalesce(p.captured_currency, p.currency) AS currency,
       p.failure_code, {ORDER_EMAIL} AS email, {ORDER_NAME} AS name,
       b.id AS booking_id, o.id AS order_id, coalesce({_TITLE}, {ORDER_TITLE}) AS title,
       coalesce(b.language, o.language) AS language,
       CASE WHEN b.status = 'RESERVED' THEN b.reserved_until END AS reserved_until
  FROM payments p
  JOIN users u ON u.id = p.user_id
  LEFT JOIN booking_changes c ON c.id = p.purchase_id
  LEFT JOIN bookings b ON b.id = coalesce(c.booking_id, p.purchase_id)
  LEFT JOIN orders o ON o.id = p.purchase_id
 WHERE p.id = $1
"""  # noqa: S608 - nothing but the constants above
SELECT_REFUND = "SELECT payment_id, amount, currency, status FROM refunds WHERE id = $1"
SELECT_ORDER = f"""
SELECT o.id, o.order_number, o.user_id, {ORDER_TITLE} AS title, o.status, o.total_amount, o.currency,
       o.language, o.service_type, o.cancellation_reason, s.checklist, s.stages,
       {ORDER_EMAIL} AS email, {ORDER_NAME} AS name
  FROM orders o
  JOIN users u ON u.id = o.user_id
  JOIN services s ON s.id = o.service_id
 WHERE o.id = $1
"""  # noqa: S608 - nothing but the constants above
SELECT_ORDER_EVENT = """
SELECT e.from_status, e.to_status, CASE WHEN e.is_public THEN e.note END AS public_note, stage.value AS stage,
       CASE WHEN o.stage_key = e.to_status THEN o.stage_promised_on END AS promised_on
  FROM order_events e
  JOIN orders o ON o.id = e.order_id
  LEFT JOIN LATERAL jsonb_array_elements(o.service_snapshot -> 'stages') AS stage (value)
    ON e.kind = 'CASE' AND stage.value ->> 'key' = e.to_status
 WHERE e.id = $1 AND e.order_id = $2
"""
SELECT_CONSULTANT = """
SELECT c.name, c.email FROM orders o JOIN users c ON c.id = o.consultant_id WHERE o.id = $1
"""
SELECT_BOOKING = f"""
SELECT b.id, b.booking_ref, b.user_id, {_TITLE} AS title, b.status,
       b.travel_date, b.end_date, b.people_count, b.pickup_location,
       b.snapshot->>'meeting_point' AS meeting_point, b.total_usd, b.non_refundable_usd, b.currency, b.language,
       b.loyalty_points_earned, b.cancellation_policy, u.email, u.name
  FROM bookings b
  JOIN users u ON u.id = b.user_id
 WHERE b.id = $1
"""  # noqa: S608 - nothing but the constant above
SELECT_LINES = f"""
SELECT CASE WHEN l.description = coalesce(b.title, o.title) THEN coalesce({_TITLE}, {ORDER_TITLE})
            ELSE l.description END AS description, l.quantity, l.amount
  FROM price_lines l
  LEFT JOIN bookings b ON b.id = l.purchase_id
  LEFT JOIN orders o ON o.id = l.purchase_id
 WHERE l.purchase_id = $1 ORDER BY l.position
"""  # noqa: S608 - nothing but the constants above
SELECT_ACT = """
SELECT detail, amount, at FROM audit_entries WHERE subject_id = $1 AND action = $2 ORDER BY at DESC, id DESC LIMIT 1
"""
# A refund is asked for in the transaction of its change, so both carry the same moment.
SELECT_MODIFICATION_REFUND = """
SELECT coalesce(sum(r.amount), 0)
  FROM refunds r
  JOIN payments p ON p.id = r.payment_id
  LEFT JOIN booking_changes c ON c.id = p.purchase_id
 WHERE coalesce(c.booking_id, p.purchase_id) = $1 AND r.cause = 'MODIFICATION'
   AND r.requested_at = (SELECT max(a.at) FROM audit_entries a
                          WHERE a.subject_id = $1 AND a.action = 'booking.modified' AND a.detail = $2)
"""
SELECT_POINTS_MOVED = """
SELECT coalesce(sum(points) FILTER (WHERE kind = 'RETURNED'), 0)::integer AS returned,
       coalesce(-sum(points) FILTER (WHERE kind = 'TAKEN_BACK'), 0)::integer AS taken_back
  FROM loyalty_transactions WHERE purchase_id = $1
"""
SELECT_IS_REVIEWED = "SELECT EXISTS (SELECT FROM reviews WHERE booking_id = $1)"
SELECT_TO_REMIND = """
SELECT b.id FROM bookings b
 WHERE b.status = 'CONFIRMED' AND b.travel_date = $1
   AND NOT EXISTS (SELECT FROM notifications n WHERE n.kind = 'BOOKING_REMINDER' AND n.subject_id = b.id)
 ORDER BY b.id
 LIMIT $2
"""
# Whoever was told of a festival by any channel is told no more that year. Read in the order of ids, page by page.
SELECT_FESTIVAL_READERS = """
SELECT u.id, u.email, u.name, u.preferred_language,
       coalesce((u.preferences->>'is_festival_mail_wanted')::boolean, $5) AS is_mail_wanted,
       coalesce((u.preferences->>'is_festival_push_wanted')::boolean, $6) AS is_push_wanted
  FROM users u
 WHERE u.id > $3 AND u.is_active AND u.deleted_at IS NULL
   AND (coalesce((u.preferences->>'is_festival_mail_wanted')::boolean, $5)
        OR coalesce((u.preferences->>'is_festival_push_wanted')::boolean, $6))
   AND NOT EXISTS (SELECT FROM notifications n
                    WHERE n.user_id = u.id AND n.kind = 'FESTIVAL_ALERT' AND n.subject_id = $1 AND n.occasion = $2)
 ORDER BY u.id
 LIMIT $4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FestivalReader:
    """Somebody who wants to hear of festivals, and how."""

    to: Recipient
    is_mail_wanted: bool
    is_push_wanted: bool


async def list_festival_readers(
    connection: Connection, festival_id: UUID, *, year: int, after: UUID, limit: int
) -> Sequence[FestivalReader]:
    """Those behind the account `after`, in the order of ids, who have not been told of this year's festival."""
    unsaid = Preferences()
    rows = await connection.fetch(
        SELECT_FESTIVAL_READERS, festival_id, str(year), after, limit, unsaid.is_festival_mail_wanted,
        unsaid.is_festival_push_wanted,
    )  # fmt: skip
    return [
        FestivalReader(to=_recipient(row), is_mail_wanted=row["is_mail_wanted"], is_push_wanted=row["is_push_wanted"])
        for row in rows
    ]


async def find_recipient(connection: Connection, user_id: UUID) -> Recipient | None:
    """An account's address, in its own language. None when the account is gone."""
    row = await connection.fetchrow(SELECT_RECIPIENT, user_id)
    return _recipient(row) if row else None


def _recipient(row: Row) -> Recipient:
    language = Language(row["preferred_language"])
    return Recipient(user_id=row["id"], email=row["email"], name=row["name"], language=language)


async def get_role(connection: Connection, user_id: UUID) -> str:
    role: str = await connection.fetchval(SELECT_ROLE, user_id)
    return role


async def is_wanted(connection: Connection, user_id: UUID | None, *, preference: str) -> bool:
    """Whether somebody wants a kind of message; who has never said so gets what `Preferences` begins with."""
    unsaid = Preferences.model_fields[preference].default
    return bool(await connection.fetchval(SELECT_WANTED, user_id, preference, unsaid))


async def set_unwanted(tx: Connection, user_id: UUID, *, preference: str, now: datetime) -> None:
    await tx.execute(SET_UNWANTED, user_id, preference, now)


async def get_payment(connection: Connection, payment_id: UUID) -> Row:
    """A payment with its payer and what it is for: `booking_id` or `order_id` is set."""
    return _there(await connection.fetchrow(SELECT_PAYMENT, payment_id), "payment", payment_id)


async def get_refund(connection: Connection, refund_id: UUID) -> Row:
    return _there(await connection.fetchrow(SELECT_REFUND, refund_id), "refund", refund_id)


async def is_reviewed(connection: Connection, booking_id: UUID) -> bool:
    """Somebody has said how the journey was, or how a part of it was."""
    written: bool = await connection.fetchval(SELECT_IS_REVIEWED, booking_id)
    return written


async def get_order(connection: Connection, order_id: UUID) -> Row:
    """An order with its customer and its service's checklist and stages."""
    return _there(await connection.fetchrow(SELECT_ORDER, order_id), "order", order_id)


async def get_order_event(connection: Connection, order_id: UUID, event_id: int) -> Row:
    """A step in an order's life: for one of its case with the `stage`, and by when that is promised while it lasts. A
    note that is for staff is not in it."""
    return _there(await connection.fetchrow(SELECT_ORDER_EVENT, event_id, order_id), "order event", event_id)


async def find_consultant(connection: Connection, order_id: UUID) -> Row | None:
    """Name and address of the consultant who has the order now."""
    return await connection.fetchrow(SELECT_CONSULTANT, order_id)


async def get_booking(connection: Connection, booking_id: UUID) -> Row:
    """A booking with its customer."""
    return _there(await connection.fetchrow(SELECT_BOOKING, booking_id), "booking", booking_id)


async def list_lines(connection: Connection, purchase_id: UUID) -> tuple[MailLine, ...]:
    """How the price came to be; a quantity of one goes without saying."""
    rows = await connection.fetch(SELECT_LINES, purchase_id)
    return tuple(
        MailLine(
            description=row["description"],
            quantity=row["quantity"] if row["quantity"] > 1 else None,
            amount=row["amount"],
        )
        for row in rows
    )


async def get_act(connection: Connection, subject_id: UUID, action: str) -> Row:
    """The newest act of that name in the trail: `detail`, `amount` and `at`."""
    return _there(await connection.fetchrow(SELECT_ACT, subject_id, action), action, subject_id)


async def get_modification_refund(connection: Connection, booking_id: UUID, detail: Mapping[str, Any]) -> Decimal:
    """What came back with the change that the trail describes by `detail`."""
    refund: Decimal = await connection.fetchval(SELECT_MODIFICATION_REFUND, booking_id, dict(detail))
    return refund


async def get_points_moved(connection: Connection, purchase_id: UUID) -> tuple[int, int]:
    """How many spent points a purchase gave back, and how many earned ones it took back."""
    row = await connection.fetchrow(SELECT_POINTS_MOVED, purchase_id)
    return (row["returned"], row["taken_back"]) if row else (0, 0)


async def list_to_remind(connection: Connection, *, travel_date: date, limit: int) -> Sequence[UUID]:
    """Confirmed bookings of that day whose travellers have not been reminded."""
    return [row["id"] for row in await connection.fetch(SELECT_TO_REMIND, travel_date, limit)]


def customer_of(row: Row) -> Recipient:
    """Who bought: mails about a purchase are in the language it was made in."""
    return Recipient(user_id=row["user_id"], email=row["email"], name=row["name"], language=Language(row["language"]))


def _there(row: Row | None, what: str, which: object) -> Row:
    if row is None:
        raise LookupError(f"{what} {which} is not there")
    return row
