"""Every statement on changes that wait for their payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.platform.db.database import Connection, Row
from sojourn.sales.pricing.models import Price, PriceLine

_COLUMNS = """c.id, c.booking_id, c.status, c.travel_date, c.end_date, c.people_count, c.pickup_location,
       c.special_requests, c.customizations, c.price, c.amount_due, c.booking_version, c.expires_at"""
_FIND = f"SELECT {_COLUMNS} FROM booking_changes c WHERE c.id = $1"
_LOCK = f"SELECT {_COLUMNS} FROM booking_changes c WHERE c.id = $1 FOR UPDATE"
_FIND_PENDING = f"""
SELECT {_COLUMNS} FROM booking_changes c WHERE c.booking_id = $1 AND c.status = 'PENDING' FOR UPDATE"""
_LIST_IDS = "SELECT id FROM booking_changes WHERE booking_id = $1 ORDER BY created_at"
_INSERT = """
INSERT INTO booking_changes (id, booking_id, status, travel_date, end_date, people_count, pickup_location,
                             special_requests, customizations, price, amount_due, booking_version, expires_at,
                             created_at)
VALUES ($1, $2, 'PENDING', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
# What nobody has sent yet, or a person has to pay out, is as good as gone. Each payment in the booking's own currency.
_COMING_BACK = """
SELECT coalesce(sum(round(asked.amount * coalesce(p.purchase_amount, p.amount) / p.amount, 2)), 0)::numeric(12,2)
  FROM payments p
  JOIN LATERAL (SELECT sum(r.amount) AS amount FROM refunds r
                 WHERE r.payment_id = p.id AND r.status IN ('PENDING', 'SUCCEEDED')) AS asked ON true
 WHERE p.purchase_id = ANY (array(SELECT $1::uuid UNION ALL SELECT id FROM booking_changes WHERE booking_id = $1))
   AND p.disposition = 'APPLIED'
"""
_CANCEL_PENDING = """
WITH cancelled AS (
    UPDATE booking_changes SET status = 'CANCELLED' WHERE booking_id = $1 AND status = 'PENDING' RETURNING id
)
UPDATE claims SET released_at = $2 FROM cancelled WHERE purchase_id = cancelled.id AND released_at IS NULL
"""
_APPLIED = "UPDATE booking_changes SET status = 'APPLIED', applied_at = $2 WHERE id = $1"
# What a paid booking has spent on permits stays spent when fewer travel.
_REWRITE = """
UPDATE bookings SET travel_date = $2, end_date = $3, people_count = $4, pickup_location = $5, special_requests = $6,
       customizations = $7, subtotal_usd = $8, discount_amount_usd = $9, total_usd = $10,
       non_refundable_usd = CASE WHEN status = 'RESERVED' THEN $11 ELSE greatest(non_refundable_usd, $11) END,
       student_discount_applied = $12, snapshot = snapshot || $13::jsonb, travelers = coalesce($14::jsonb, travelers),
       paid_usd = paid_usd + $15, loyalty_points_earned = loyalty_points_earned + $16, updated_at = $17,
       rooms = $18, version = version + 1
 WHERE id = $1
"""
_DROP_LINES = "DELETE FROM price_lines WHERE purchase_id = $1"
_WRITE_LINES = """
INSERT INTO price_lines (purchase_kind, purchase_id, position, kind, description, quantity, unit_price, amount)
SELECT 'BOOKING', $1, l.position, l.kind, l.description, l.quantity, l.unit_price, l.amount
  FROM unnest($2::smallint[], $3::text[], $4::text[], $5::integer[], $6::numeric[], $7::numeric[])
       AS l (position, kind, description, quantity, unit_price, amount)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New terms of a paid booking, waiting for the difference."""

    id: UUID
    booking_id: UUID
    status: str
    travel_date: date
    end_date: date
    people_count: int
    pickup_location: str
    special_requests: str | None
    customizations: dict[str, Any] | None
    price: dict[str, Any]
    amount_due: Decimal
    booking_version: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTerms:
    """What a booking is rewritten to. `options` are the chosen extras as JSON, `ride` how a vehicle is counted;
    `travelers` None keeps the list. `refund_at_most`: see `Booking`."""

    travel_date: date
    end_date: date
    people_count: int
    pickup_location: str
    special_requests: str | None
    customizations: dict[str, Any] | None
    options: list[dict[str, Any]]
    travelers: list[dict[str, Any]] | None
    price: Price
    rooms: int | None
    ride: dict[str, Any]
    refund_at_most: int


def _change(row: Row) -> Change:
    return Change(**dict(row))


async def find_change(connection: Connection, *, change_id: UUID) -> Change | None:
    row = await connection.fetchrow(_FIND, change_id)
    return _change(row) if row else None


async def lock_change(tx: Connection, *, change_id: UUID) -> Change | None:
    """Lock one change. Its booking must be locked already."""
    row = await tx.fetchrow(_LOCK, change_id)
    return _change(row) if row else None


async def lock_pending(tx: Connection, *, booking_id: UUID) -> Change | None:
    row = await tx.fetchrow(_FIND_PENDING, booking_id)
    return _change(row) if row else None


async def list_ids(connection: Connection, *, booking_id: UUID) -> Sequence[UUID]:
    return [row["id"] for row in await connection.fetch(_LIST_IDS, booking_id)]


async def get_coming_back(connection: Connection, *, booking_id: UUID) -> Decimal:
    """What has been or is being refunded of everything that was paid for the booking, in its currency."""
    coming_back: Decimal = await connection.fetchval(_COMING_BACK, booking_id)
    return coming_back


async def insert_change(
    tx: Connection, *, change_id: UUID, booking_id: UUID, terms: NewTerms, amount_due: Decimal, version: int,
    expires_at: datetime, now: datetime,
) -> None:  # fmt: skip
    price = terms.price.model_dump(mode="json") | {
        "options": terms.options, "travelers": terms.travelers, "rooms": terms.rooms, "ride": terms.ride,
        "refund_at_most": terms.refund_at_most,
    }  # fmt: skip
    await tx.execute(
        _INSERT, change_id, booking_id, terms.travel_date, terms.end_date, terms.people_count, terms.pickup_location,
        terms.special_requests, terms.customizations, price, amount_due, version, expires_at, now,
    )  # fmt: skip


async def cancel_pending(tx: Connection, *, booking_id: UUID, now: datetime) -> None:
    """A waiting change is off; what it had claimed is free."""
    await tx.execute(_CANCEL_PENDING, booking_id, now)


async def mark_applied(tx: Connection, *, change_id: UUID, now: datetime) -> None:
    await tx.execute(_APPLIED, change_id, now)


async def rewrite_booking(
    tx: Connection, *, booking_id: UUID, terms: NewTerms, paid: Decimal, points_earned: int, now: datetime
) -> None:
    """Give a booking its new terms and price lines. `paid` and `points_earned` are added to what it had."""
    price = terms.price
    await tx.execute(
        _REWRITE, booking_id, terms.travel_date, terms.end_date, terms.people_count, terms.pickup_location,
        terms.special_requests, terms.customizations, price.subtotal, price.discount, price.total,
        price.non_refundable, price.is_student,
        {"options": terms.options, "refund_at_most": terms.refund_at_most, **terms.ride}, terms.travelers, paid,
        points_earned, now, terms.rooms,
    )  # fmt: skip
    await tx.execute(_DROP_LINES, booking_id)
    await tx.execute(_WRITE_LINES, booking_id, *_line_columns(price.lines))


def _line_columns(lines: Sequence[PriceLine]) -> tuple[list[object], ...]:
    return (
        list(range(len(lines))),
        [line.kind for line in lines],
        [line.description for line in lines],
        [line.quantity for line in lines],
        [line.unit_price for line in lines],
        [line.amount for line in lines],
    )
