"""Every statement on bookings. Answers are built as JSON by PostgreSQL where nobody looks inside (docs/decisions)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection
from sojourn.platform.db.gathering import LOCK_PATIENCE_MS
from sojourn.platform.db.together import Write
from sojourn.platform.errors import Refusal
from sojourn.platform.http.context import Origin
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.ids import new_id
from sojourn.platform.kit.wire import SortByTime
from sojourn.sales.bookings.errors import BookingNotFound
from sojourn.sales.bookings.models import AllBookingsIn, Booking, BookingStatus, BookingType
from sojourn.sales.inventory.errors import TooManyHolds
from sojourn.sales.inventory.models import Claim
from sojourn.sales.inventory.queries import columns, sold_out
from sojourn.sales.payments.models import Payment
from sojourn.sales.payments.payable import Paid
from sojourn.sales.payments.queries import BESIDE, payment_beside
from sojourn.sales.pricing.models import Price

# `{now}` is the placeholder of the present: a hold whose deadline has passed reads as ended, swept up or not.
_WIRE = """
    b.id, b.booking_ref, b.user_id, b.booking_type,
    CASE WHEN b.status = 'EXPIRED' OR (b.status = 'RESERVED' AND b.reserved_until <= {now}) THEN 'CANCELLED'
         ELSE b.status END AS status,
    CASE WHEN b.status = 'EXPIRED' OR (b.status = 'RESERVED' AND b.reserved_until <= {now}) THEN 'HOLD_EXPIRED'
         ELSE b.cancellation_reason END AS cancellation_reason,
    b.trip_id, b.hotel_room_id, b.vehicle_id, b.guide_id, b.title, b.travel_date, b.end_date, b.people_count,
    b.rooms, b.pickup_location, b.special_requests, b.customizations, b.currency,
    b.subtotal_usd::text, b.discount_amount_usd::text, b.loyalty_discount_usd::text, b.total_usd::text,
    b.paid_usd::text, b.refunded_usd::text, b.loyalty_points_earned, b.loyalty_points_used,
    b.student_discount_applied, iso(b.reserved_until) AS reserved_until, b.is_late_payment AS late_payment, b.version,
    iso(b.confirmed_at) AS confirmed_at, iso(b.completed_at) AS completed_at, iso(b.cancelled_at) AS cancelled_at,
    iso(b.created_at) AS created_at, iso(b.updated_at) AS updated_at"""
# As the status reads on the wire; EXPIRED finds the lapsed holds among the cancelled.
_HAS_STATUS = """{status}::text = ANY (
        CASE WHEN b.status = 'EXPIRED' OR (b.status = 'RESERVED' AND b.reserved_until <= {now})
             THEN ARRAY['CANCELLED', 'EXPIRED'] ELSE ARRAY[b.status] END)"""
_DETAIL_WIRE = """,
    b.cancellation_policy, b.travelers, b.snapshot->'options' AS options, b.snapshot->'transfer' AS transfer,
    b.snapshot->'distance_km' AS distance_km, b.snapshot->>'meeting_point' AS meeting_point,
    coalesce((SELECT json_agg(json_build_object('kind', l.kind, 'description', l.description, 'quantity', l.quantity,
                     'unit_price', l.unit_price::text, 'amount', l.amount::text) ORDER BY l.position)
                FROM price_lines l WHERE l.purchase_id = b.id), '[]') AS lines,
    (SELECT json_build_object('id', p.id, 'status', p.status, 'amount', p.amount::text, 'currency', p.currency,
            'amount_usd', coalesce(p.purchase_amount, p.amount)::text,
            'stripe_payment_intent_id', CASE WHEN p.method <> 'BAKONG_QR' THEN p.provider_intent_id END,
            'payment_method', p.method, 'paid_at', iso(p.paid_at), 'refund_amount', p.refunded_amount::text)
       FROM payments p WHERE p.purchase_id = b.id
      ORDER BY (p.disposition IS NOT DISTINCT FROM 'APPLIED') DESC, p.created_at DESC LIMIT 1) AS payment,
    (SELECT json_build_object('id', c.id, 'travel_date', c.travel_date, 'end_date', c.end_date,
            'people_count', c.people_count, 'amount_due', c.amount_due::text, 'expires_at', iso(c.expires_at))
       FROM booking_changes c WHERE c.booking_id = b.id AND c.status = 'PENDING' AND c.expires_at > {now}
    ) AS pending_change"""
_ROW = """b.id, b.booking_ref, b.user_id, b.booking_type, b.status, b.trip_id, b.hotel_room_id, b.vehicle_id,
       b.guide_id, b.title, b.snapshot, b.travel_date, b.end_date, b.time_zone, b.people_count, b.rooms,
       b.pickup_location, b.special_requests, b.customizations, b.currency, b.total_usd, b.non_refundable_usd,
       b.paid_usd, b.refunded_usd, b.loyalty_points_earned, b.loyalty_points_used, b.student_discount_applied,
       b.cancellation_policy, b.reserved_until, b.is_extended, b.language, b.version, b.confirmed_at,
       b.created_at, u.email, u.referred_by"""

# The lock law over several holds, of which the first locks for all: the customers, then the stock, each in the order of
# their ids. What a SELECT asks for is run from left to right.
_LOCKS_FOR_HOLDS = """
customers AS MATERIALIZED (
    SELECT FROM users WHERE id = ANY ($46) ORDER BY id FOR NO KEY UPDATE
), wanted AS MATERIALIZED (
    SELECT FROM resources WHERE id = ANY ($47) ORDER BY id FOR NO KEY UPDATE
), locked AS MATERIALIZED (
    SELECT set_config('lock_timeout', coalesce($48, current_setting('lock_timeout')), true),
           (SELECT count(*) FROM customers), (SELECT count(*) FROM wanted)
)
"""
# The hold in one statement: the customer's limit is judged and the stock taken under lock (hold_stock), then the
# booking, its price lines and its trail are written; or nothing is, and it says why.
_HOLD = f"""
WITH {_LOCKS_FOR_HOLDS.strip()}, stock AS MATERIALIZED (
    SELECT hold_stock($3, $30, $1, $25, $26, $31, $32, $33, $34) AS refused FROM locked
), b AS (
    INSERT INTO bookings (
        id, booking_ref, user_id, booking_type, status, trip_id, title, snapshot, travel_date, end_date, time_zone,
        people_count, pickup_location, special_requests, customizations, travelers, currency, subtotal_usd,
        discount_amount_usd, loyalty_discount_usd, total_usd, non_refundable_usd, loyalty_points_earned,
        loyalty_points_used, student_discount_applied, cancellation_policy, reserved_until, language, created_at,
        updated_at, hotel_room_id, vehicle_id, guide_id, rooms)
    SELECT $1, (SELECT r FROM unnest($2::text[]) AS r
                 WHERE NOT EXISTS (SELECT FROM bookings WHERE booking_ref = r) LIMIT 1),
           $3, $4, 'RESERVED', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
           0, $22, $23, $24, $25, $27, $26, $26, $42, $43, $44, $45
      FROM stock WHERE refused IS NULL
    RETURNING *
), lines AS (
    INSERT INTO price_lines (purchase_kind, purchase_id, position, kind, description, quantity, unit_price, amount)
    SELECT 'BOOKING', $1, l.position, l.kind, l.description, l.quantity, l.unit_price, l.amount
      FROM b, unnest($35::smallint[], $36::text[], $37::text[], $38::integer[], $39::numeric[], $40::numeric[])
           AS l (position, kind, description, quantity, unit_price, amount)
), trail AS (
    INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency,
                               reference, ip, request_id)
    SELECT $41, $26, 'USER', $3, 'booking.held', 'BOOKING', $1, $20, $16, b.booking_ref, $28, $29 FROM b
)
SELECT refused, (SELECT row_to_json(wire)::text FROM (SELECT {_WIRE.format(now="$26")} FROM b) AS wire) AS held
  FROM stock
"""


_ORDERS = {SortByTime.NEWEST: "b.created_at DESC, b.id DESC", SortByTime.OLDEST: "b.created_at, b.id"}


def _page(chosen: str, order: SortByTime = SortByTime.NEWEST) -> str:
    """One page of the bookings `b` that are `chosen`, in their order, and how many there are in all. $1 and $2: the
    page's size, and how many come before it; $3: now."""
    return f"""
SELECT (SELECT coalesce(json_agg(wire), '[]')::text FROM (
            SELECT {_WIRE.format(now="$3")} FROM bookings b WHERE {chosen}
             ORDER BY {_ORDERS[order]} LIMIT $1 OFFSET $2) AS wire) AS items,
       (SELECT count(*) FROM bookings b WHERE {chosen}) AS total
"""


# Two statements: "no status, or this one" in one would be planned anew for each reader, at the price of the reading.
_LIST_MINE = _page("b.user_id = $4")
_LIST_MINE_OF_STATUS = _page("b.user_id = $4 AND " + _HAS_STATUS.format(status="$5", now="$3"))
_CHOSEN = f"""($4::text IS NULL OR {_HAS_STATUS.format(status="$4", now="$3")})
    AND ($5::date IS NULL OR b.travel_date = $5) AND ($6::text IS NULL OR b.booking_ref = upper($6))
    AND ($7::uuid IS NULL OR b.trip_id = $7)"""
LISTS = {order: _page(_CHOSEN, order) for order in SortByTime}
_DETAIL = f"""
SELECT row_to_json(wire)::text FROM (
    SELECT {_WIRE.format(now="$4")}{_DETAIL_WIRE.format(now="$4")} FROM bookings b
     WHERE (b.id = $1 OR b.booking_ref = $2) AND ($3::uuid IS NULL OR b.user_id = $3)) AS wire
"""
_FIND = f"""
SELECT {_ROW}, (SELECT count(*) FROM claims WHERE purchase_id = b.id AND released_at IS NULL) AS claims_held
  FROM bookings b JOIN users u ON u.id = b.user_id WHERE b.id = $1
"""
# A hold's claims are locked with it: nobody takes them over any more, and what was taken over meanwhile is not counted.
_FIND_WITH_PAYMENTS = f"""
SELECT {_ROW}, (SELECT count(*) FROM claims WHERE purchase_id = b.id AND released_at IS NULL) AS claims_held, {BESIDE}
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS paid (purchase_id, provider, intent_id)
  JOIN payments p ON p.provider = paid.provider AND p.provider_intent_id = paid.intent_id
       AND p.purchase_id = paid.purchase_id
  JOIN bookings b ON b.id = p.purchase_id JOIN users u ON u.id = b.user_id
"""
_LOCK = f"""
WITH locked AS MATERIALIZED (
    SELECT {_ROW} FROM bookings b JOIN users u ON u.id = b.user_id WHERE b.id = $1 FOR UPDATE OF b
), held AS MATERIALIZED (
    SELECT FROM locked JOIN claims c ON c.purchase_id = locked.id AND c.released_at IS NULL
     WHERE locked.status = 'RESERVED' FOR UPDATE OF c
)
SELECT *, (SELECT count(*) FROM held) AS claims_held FROM locked
"""
_EXTEND = """
WITH extended AS (
    UPDATE bookings SET reserved_until = $2, is_extended = true, updated_at = $3, version = version + 1
     WHERE id = $1 RETURNING id
)
UPDATE claims SET expires_at = $2 FROM extended WHERE purchase_id = extended.id AND released_at IS NULL
"""
# Confirmation and keeping the claims, of a booking that is still as it was read: its version says so, whatever changes
# what it costs or how it stands counts it up. This is the webhook's road, so money and points are written with it.
_CONFIRM = """
WITH confirmed AS (
    UPDATE bookings SET status = 'CONFIRMED', paid_usd = paid_usd + $2, is_late_payment = $3, confirmed_at = $4,
           reserved_until = NULL, updated_at = $4, version = version + 1,
           loyalty_points_earned = $5, cancellation_reason = NULL, cancelled_at = NULL
     WHERE id = $1 AND version = $6 RETURNING id
), claimed AS (
    UPDATE claims SET expires_at = NULL FROM confirmed WHERE purchase_id = confirmed.id AND released_at IS NULL
    RETURNING claims.id
)
SELECT
"""
_CANCEL = """
WITH cancelled AS (
    UPDATE bookings SET status = 'CANCELLED', cancelled_at = $2, cancellation_reason = $3, updated_at = $2,
           version = version + 1
     WHERE id = $1 RETURNING id
)
UPDATE claims SET released_at = $2 FROM cancelled WHERE purchase_id = cancelled.id AND released_at IS NULL
"""
_COMPLETE = """
UPDATE bookings SET status = 'COMPLETED', completed_at = $2, updated_at = $2, version = version + 1
 WHERE id = $1 AND status = 'CONFIRMED' RETURNING user_id
"""
_COUNT_COMPLETED = "UPDATE users SET total_completed_bookings = total_completed_bookings + 1 WHERE id = $1"
_NOTE_REFUNDS = """
UPDATE bookings SET refunded_usd = $2, updated_at = $3,
       status = CASE WHEN status = 'CANCELLED' AND $2 >= paid_usd AND $2 > 0 THEN 'REFUNDED'
                     WHEN status = 'REFUNDED' AND $2 < paid_usd THEN 'CANCELLED' ELSE status END
 WHERE id = $1 RETURNING status
"""
_LIST_LAPSED = """
SELECT id FROM bookings WHERE status = 'RESERVED' AND reserved_until <= $1 ORDER BY reserved_until LIMIT $2
"""
_EXPIRE = """
WITH expired AS (
    UPDATE bookings SET status = 'EXPIRED', cancelled_at = $2, cancellation_reason = 'HOLD_EXPIRED', updated_at = $2,
           version = version + 1
     WHERE id = $1 AND status = 'RESERVED' AND reserved_until <= $2 RETURNING id
), released AS (
    UPDATE claims SET released_at = $2 FROM expired WHERE purchase_id = expired.id AND released_at IS NULL
)
SELECT id FROM expired
"""
_LIST_ENDED = """
SELECT id FROM bookings WHERE status = 'CONFIRMED' AND end_date < $1 ORDER BY end_date LIMIT $2
"""


def _booking(row: Mapping[str, Any]) -> Booking:
    values = dict(row)
    values["booking_type"] = BookingType(row["booking_type"])
    values["status"] = BookingStatus(row["status"])
    return Booking(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A booking to be held, by column, with what it takes."""

    booking: dict[str, Any]
    price: Price
    claims: Sequence[Claim]
    max_holds: int
    now: datetime
    origin: Origin


async def hold(tx: Connection, *, holds: Sequence[Hold]) -> list[RawJson | Refusal]:
    """Write each held booking and take its stock, or nothing of it: then its refusal. One round trip."""
    locks: list[tuple[object, ...]] = [((), (), None)] * len(holds)
    if len(holds) > 1:
        customers = [hold.booking["user_id"] for hold in holds]
        stock = [claim.resource_id for hold in holds for claim in hold.claims]
        locks[0] = (customers, stock, f"{LOCK_PATIENCE_MS}ms")
    rows = await tx.fetchmany(_HOLD, [(*_arguments(hold), *first) for hold, first in zip(holds, locks, strict=True)])
    return [_outcome(hold, row["refused"], row["held"]) for hold, row in zip(holds, rows, strict=True)]


def _outcome(hold: Hold, refused: dict[str, Any] | None, held: str) -> RawJson | Refusal:
    if refused is None:
        return RawJson(held.encode())
    return TooManyHolds(details=refused) if "limit" in refused else sold_out(refused, hold.claims)


def _arguments(hold: Hold) -> tuple[object, ...]:
    booking, price, origin, lines = hold.booking, hold.price, hold.origin, hold.price.lines
    return (
        booking["id"], booking["references"], booking["user_id"], booking["booking_type"], booking["trip_id"],
        booking["title"], booking["snapshot"], booking["travel_date"], booking["end_date"], booking["time_zone"],
        booking["people_count"], booking["pickup_location"], booking["special_requests"],
        booking["customizations"], booking["travelers"], booking["currency"], price.subtotal, price.discount,
        price.loyalty_discount, price.total, price.non_refundable, price.points_used, price.is_student,
        booking["cancellation_policy"], booking["reserved_until"], hold.now, booking["language"], origin.ip,
        origin.request_id, hold.max_holds, *columns(hold.claims), list(range(len(lines))),
        [line.kind for line in lines], [line.description for line in lines], [line.quantity for line in lines],
        [line.unit_price for line in lines], [line.amount for line in lines], new_id(),
        booking["hotel_room_id"], booking["vehicle_id"], booking["guide_id"], booking["rooms"],
    )  # fmt: skip


async def list_mine(
    connection: Connection, *, user_id: UUID, status: str | None, page: int, per_page: int, now: datetime
) -> RawJson:
    """One page of a customer's bookings, newest first: one statement."""
    asked = (per_page, (page - 1) * per_page, now, user_id)
    if status is None:
        row = await connection.fetchrow(_LIST_MINE, *asked)
    else:
        row = await connection.fetchrow(_LIST_MINE_OF_STATUS, *asked, status)
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    return RawJson(row["items"].encode(), page, per_page, row["total"])


async def list_all(connection: Connection, *, filters: AllBookingsIn, now: datetime) -> RawJson:
    """One page of all bookings, for the desk: one statement."""
    row = await connection.fetchrow(
        LISTS[filters.sort], filters.per_page, filters.offset, now, filters.status,
        filters.travel_date, filters.reference, filters.trip_id,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - a SELECT of scalars always answers
    return RawJson(row["items"].encode(), filters.page, filters.per_page, row["total"])


async def get_detail(connection: Connection, *, name: str, user_id: UUID | None, now: datetime) -> RawJson:
    """One booking by id or reference, if `user_id` may see it (None: staff). Raises BookingNotFound."""
    booking_id = _as_id(name)
    body = await connection.fetchval(_DETAIL, booking_id, None if booking_id else name.upper(), user_id, now)
    if body is None:
        raise BookingNotFound(details={"booking_id": name[:64]})
    return RawJson(body.encode())


def _as_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


async def find_booking(connection: Connection, *, booking_id: UUID) -> Booking | None:
    row = await connection.fetchrow(_FIND, booking_id)
    return _booking(row) if row else None


async def find_with_payments(connection: Connection, *, paid: Sequence[Paid]) -> dict[Paid, tuple[Booking, Payment]]:
    """The bookings with those payments of theirs."""
    rows = await connection.fetch(_FIND_WITH_PAYMENTS, *map(list, zip(*paid, strict=True)))
    found = {}
    for row in rows:
        payment, booking = payment_beside(row)
        paid_by = Paid(payment.purchase_id, payment.provider, str(payment.provider_intent_id))
        found[paid_by] = _booking(booking), payment
    return found


async def get_visible(connection: Connection, *, booking_id: UUID, user_id: UUID | None) -> Booking:
    """The booking if it is this user's (None: staff). Raises BookingNotFound."""
    booking = await find_booking(connection, booking_id=booking_id)
    if booking is None or (user_id is not None and booking.user_id != user_id):
        raise BookingNotFound(details={"booking_id": str(booking_id)})
    return booking


async def lock_booking(tx: Connection, *, booking_id: UUID) -> Booking | None:
    row = await tx.fetchrow(_LOCK, booking_id)
    if row is not None and row["status"] == BookingStatus.RESERVED and not row["claims_held"]:
        # Whoever was waited for may have claimed anew since this statement began to look.
        row = await tx.fetchrow(_LOCK, booking_id)
    return _booking(row) if row else None


async def lock_visible(tx: Connection, *, booking_id: UUID, user_id: UUID | None) -> Booking:
    """The booking, locked, if it is this user's (None: staff). Raises BookingNotFound."""
    booking = await lock_booking(tx, booking_id=booking_id)
    if booking is None or (user_id is not None and booking.user_id != user_id):
        raise BookingNotFound(details={"booking_id": str(booking_id)})
    return booking


async def extend(tx: Connection, *, booking_id: UUID, until: datetime, now: datetime) -> None:
    """The hold and its claims end later."""
    await tx.execute(_EXTEND, booking_id, until, now)


def confirmed(booking: Booking, *, paid: object, is_late: bool, points_earned: int, now: datetime) -> Write:
    """The booking is paid (the part `confirmed`), if it is as it was read; its claims (`claimed`) no longer lapse."""
    return Write(_CONFIRM, (booking.id, paid, is_late, now, points_earned, booking.version))


async def cancel(tx: Connection, *, booking_id: UUID, reason: str, now: datetime) -> None:
    """Cancelled; its stock is free."""
    await tx.execute(_CANCEL, booking_id, now, reason)


async def complete(tx: Connection, *, booking_id: UUID, now: datetime) -> bool:
    """A confirmed booking has been travelled. False when it was not confirmed."""
    user_id = await tx.fetchval(_COMPLETE, booking_id, now)
    if user_id is None:
        return False
    await tx.execute(_COUNT_COMPLETED, user_id)
    return True


async def note_refunds(tx: Connection, *, booking_id: UUID, refunded: object, now: datetime) -> BookingStatus:
    """The sum of its refunds; a cancelled booking that was refunded in full reads REFUNDED. Returns the status."""
    return BookingStatus(await tx.fetchval(_NOTE_REFUNDS, booking_id, refunded, now))


async def list_lapsed(connection: Connection, *, now: datetime, limit: int) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(_LIST_LAPSED, now, limit)]


async def expire(tx: Connection, *, booking_id: UUID, now: datetime) -> bool:
    """Tidy one lapsed hold. False when it was paid, extended or cancelled meanwhile."""
    return await tx.fetchval(_EXPIRE, booking_id, now) is not None


async def list_ended(connection: Connection, *, before: date, limit: int) -> list[UUID]:
    """Confirmed bookings whose last day lies before `before`."""
    return [row["id"] for row in await connection.fetch(_LIST_ENDED, before, limit)]
