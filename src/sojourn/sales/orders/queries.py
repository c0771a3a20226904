"""Every statement on orders that a use case needs; what is shown is in `answers.py`."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sojourn.catalog.services.models import RefundStage, ServiceStage, ServiceType
from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.http.context import Origin
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront
from sojourn.sales.orders.errors import OrderNotFound, ServiceNotOnSale
from sojourn.sales.orders.models import (
    CustomerInfo,
    EventKind,
    MoneySoFar,
    Offer,
    Order,
    OrderStatus,
    ServiceDetails,
)
from sojourn.sales.pricing.models import Price

_FIND_OFFER = """
SELECT s.id AS service_id, s.type AS service_type, s.title, s.service_fee, s.government_fee,
       jsonb_build_object(
           'id', s.id, 'slug', s.slug, 'type', s.type, 'title', s.title, 'title_km', s.title_km,
           'title_zh', s.title_zh, 'description', s.description, 'price', s.price::text,
           'service_fee', s.service_fee::text, 'government_fee', s.government_fee::text, 'region', s.region,
           'features', s.features, 'specs', s.specs, 'checklist', s.checklist, 'stages', s.stages,
           'requires_consultant', s.requires_consultant)::text AS snapshot,
       u.name, u.email, u.phone, u.country, u.preferred_language,
       u.is_student AND (u.student_expires_at IS NULL OR u.student_expires_at > $4) AS is_student
  FROM services s CROSS JOIN users u
 WHERE s.is_active AND (s.id = $1 OR s.slug = $2) AND u.id = $3
"""
# The yearly number last, and everything else with it in one statement: the series stays locked until the commit.
_INSERT = """
WITH written AS (
    INSERT INTO orders (id, order_number, user_id, service_id, service_type, status, title, quantity, currency,
                        total_amount, service_fee, government_fee, discount_amount, loyalty_discount,
                        loyalty_points_earned, loyalty_points_used, customer_info, service_details, service_snapshot,
                        language, created_at, updated_at)
    SELECT $1, $2::text || '-' || $3::integer || '-' || lpad(n::text, greatest(6, length(n::text)), '0'),
           $4, $5, $6, 'PENDING', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21
      FROM next_in_series($2::text, $3::integer) AS n
    RETURNING id, user_id, order_number, total_amount, currency
), lines AS (
    INSERT INTO price_lines (purchase_kind, purchase_id, position, kind, description, quantity, unit_price, amount)
    SELECT 'ORDER', $1, l.position, l.kind, l.description, l.quantity, l.unit_price, l.amount
      FROM jsonb_to_recordset($22::jsonb) AS l (position smallint, kind text, description text, quantity integer,
                                                unit_price numeric, amount numeric)
), event AS (
    INSERT INTO order_events (order_id, kind, to_status, actor_id, created_at) VALUES ($1, 'STATUS', 'PENDING', $4, $21)
)
INSERT INTO audit_entries (id, at, actor_kind, actor_id, action, subject_kind, subject_id, amount, currency, reference,
                           ip, request_id)
SELECT $23, $21, 'USER', user_id, 'order.created', 'ORDER', id, total_amount, currency, order_number, $24, $25
  FROM written
"""
_COLUMNS = """o.id, o.order_number, o.user_id, o.service_type, o.status, o.title, o.currency, o.total_amount,
       o.government_fee, o.paid_amount, o.refunded_amount, o.loyalty_points_earned, o.loyalty_points_used,
       o.customer_info, o.service_details, o.consultant_id, o.refund_stage, o.first_delivered_at,
       o.stage_key, o.service_snapshot -> 'stages' AS stages, o.language, o.version"""
_VISIBLE = """($3::text = 'ADMIN' OR o.user_id = $4::uuid OR ($3 = 'CONSULTANT' AND o.consultant_id = $4))"""
_AT_DESK = """($3::text = 'ADMIN' OR ($3 = 'CONSULTANT' AND o.consultant_id = $4::uuid))"""
_FIND_VISIBLE = f"SELECT {_COLUMNS} FROM orders o WHERE (o.id = $1 OR o.order_number = $2) AND {_VISIBLE}"
_FIND = f"SELECT {_COLUMNS} FROM orders o WHERE o.id = $1"
_LOCK_VISIBLE = f"""
SELECT {_COLUMNS} FROM orders o WHERE (o.id = $1 OR o.order_number = $2) AND {_VISIBLE} FOR UPDATE"""
_LOCK_AT_DESK = f"""
SELECT {_COLUMNS} FROM orders o WHERE (o.id = $1 OR o.order_number = $2) AND {_AT_DESK} FOR UPDATE"""
_PURCHASE_COLUMNS = """id, user_id, order_number, title, status, total_amount, currency,
       customer_info ->> 'email' AS customer_email, language, government_fee, refund_stage, loyalty_points_used"""
_FIND_PURCHASE = f"SELECT {_PURCHASE_COLUMNS} FROM orders WHERE id = $1"
_LOCK_PURCHASE = f"SELECT {_PURCHASE_COLUMNS} FROM orders WHERE id = $1 FOR UPDATE"
# The order, its case, its history and its trail in one statement: it runs inside the settlement. $6 are the days on
# which a stage that may take no, one, two ... working days is to be done.
_CONFIRM = """
WITH confirmed AS (
    UPDATE orders
       SET status = 'CONFIRMED', paid_amount = $2, confirmed_at = $3, updated_at = $3, version = version + 1,
           stage_key = CASE WHEN service_type <> 'DIGITAL' THEN service_snapshot #>> '{stages,0,key}' END,
           stage_started_at = $3,
           stage_promised_on = CASE WHEN service_type <> 'DIGITAL' THEN
               ($6::date[])[(service_snapshot #>> '{stages,0,promised_days}')::integer + 1] END
     WHERE id = $1 AND status = 'PENDING'
    RETURNING id, user_id, order_number, currency, loyalty_points_used, loyalty_points_earned
), event AS (
    INSERT INTO order_events (order_id, kind, from_status, to_status, created_at)
    SELECT id, 'STATUS', 'PENDING', 'CONFIRMED', $3 FROM confirmed
), trail AS (
    INSERT INTO audit_entries (id, at, actor_kind, action, subject_kind, subject_id, amount, currency, reference,
                               detail)
    SELECT $4, $3, 'PROVIDER', 'order.confirmed', 'ORDER', id, $2, currency, order_number,
           jsonb_build_object('payment_id', $5::uuid)
      FROM confirmed
)
SELECT user_id, loyalty_points_used, loyalty_points_earned,
       (SELECT referred_by FROM users WHERE users.id = confirmed.user_id) AS referred_by
  FROM confirmed
"""
_NOTE_REFUNDED = """
UPDATE orders SET refunded_amount = $2, updated_at = $3, version = version + 1 WHERE id = $1 RETURNING status
"""
_MONEY = """
SELECT coalesce(sum(round(p.captured_amount * s.share, 2)), 0)::numeric(12,2) AS captured,
       coalesce(sum(round(r.amount * s.share, 2)), 0)::numeric(12,2) AS refunded_or_pending
  FROM payments p
  LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount FROM refunds WHERE payment_id = p.id AND status IN ('PENDING', 'SUCCEEDED')
       ) r ON true
 CROSS JOIN LATERAL (SELECT coalesce(p.purchase_amount, p.amount) / p.amount AS share) s
 WHERE p.purchase_id = $1 AND p.disposition = 'APPLIED'
"""
_CANCEL = """
UPDATE orders SET status = 'CANCELLED', cancelled_at = $2, cancellation_reason = $3, updated_at = $2,
       version = version + 1,
       loyalty_points_earned = CASE WHEN status = 'PENDING' THEN 0 ELSE loyalty_points_earned END
 WHERE id = $1
"""
_MOVE = """
UPDATE orders SET status = $2, refund_stage = $3, updated_at = $4, version = version + 1,
       completed_at = CASE WHEN $2 = 'COMPLETED' THEN coalesce(completed_at, $4) ELSE completed_at END,
       first_delivered_at = CASE WHEN $2 = 'COMPLETED' AND service_type = 'DIGITAL'
                                 THEN coalesce(first_delivered_at, $4) ELSE first_delivered_at END
 WHERE id = $1
"""
_ASSIGN = """
UPDATE orders SET consultant_id = $2, assigned_at = CASE WHEN $2::uuid IS NULL THEN NULL ELSE $3::timestamptz END,
       updated_at = $3, version = version + 1
 WHERE id = $1
"""
_CHANGE_DETAILS = """
UPDATE orders SET customer_info = $2, service_details = $3, updated_at = $4, version = version + 1 WHERE id = $1
"""
_INSERT_EVENT = """
INSERT INTO order_events (order_id, kind, from_status, to_status, consultant_id, note, is_public, actor_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
"""
_LOCK_CONSULTANT = "SELECT id FROM users WHERE id = $1 AND role = 'CONSULTANT' AND is_active FOR SHARE"
_LOCK_ASSIGNING = "SELECT pg_advisory_xact_lock(hashtext('orders.assign'))"
# $1 the customer, $2 the order, $3 whose it is now.
_FIND_FREEST = """
SELECT u.id, c.preferred_language AS language, c.preferred_language = ANY (u.spoken_languages) AS is_understood
  FROM users c JOIN users u ON u.role = 'CONSULTANT' AND u.is_active
  LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS')) AS open_cases,
               max(o.assigned_at) AS last_assigned_at
          FROM orders o WHERE o.consultant_id = u.id AND o.id <> $2
       ) work ON true
 WHERE c.id = $1
 ORDER BY is_understood DESC, work.open_cases, u.id = $3 DESC NULLS LAST, work.last_assigned_at NULLS FIRST,
          u.created_at, u.id
 LIMIT 1
"""


def names_of(id_or_number: str) -> tuple[UUID | None, str | None]:
    """What a path names: an id or an order number. Raises OrderNotFound for what can be neither."""
    try:
        return UUID(id_or_number), None
    except ValueError:
        number = id_or_number.strip().upper()
        if not number.isascii() or not number.isprintable() or len(number) > 40:
            raise OrderNotFound from None
        return None, number


def _order(row: Row | None) -> Order:
    if row is None:
        raise OrderNotFound
    typed = {
        "service_type": ServiceType(row["service_type"]),
        "status": OrderStatus(row["status"]),
        "refund_stage": RefundStage(row["refund_stage"]),
        "language": Language(row["language"]),
        "stages": tuple(ServiceStage.model_validate(stage) for stage in row["stages"]),
    }
    return Order(**dict(row) | typed)


async def get_offer(connection: Connection, *, id_or_slug: str, user_id: UUID, now: datetime) -> Offer:
    """The service on sale and its buyer. Raises ServiceNotOnSale."""
    try:
        service_id, slug = UUID(id_or_slug), None
    except ValueError:
        service_id, slug = None, id_or_slug
    row = await connection.fetchrow(_FIND_OFFER, service_id, slug, user_id, now)
    if row is None:
        raise ServiceNotOnSale
    return Offer(
        service_id=row["service_id"],
        service_type=ServiceType(row["service_type"]),
        title=row["title"],
        service_fee=row["service_fee"],
        government_fee=row["government_fee"],
        snapshot=row["snapshot"],
        buyer=CustomerInfo(full_name=row["name"], email=row["email"], phone=row["phone"], country=row["country"]),
        buyer_language=Language(row["preferred_language"]),
        is_student=row["is_student"],
    )


async def insert_order(
    tx: Connection, *, order_id: UUID, offer: Offer, price: Price, quantity: int, customer_info: CustomerInfo,
    service_details: ServiceDetails | None, language: Language, user_id: UUID, storefront: Storefront, year: int,
    now: datetime, origin: Origin,
) -> None:  # fmt: skip
    """Write a pending order with its number, price lines, first event and trail."""
    government_fee = offer.government_fee * quantity
    lines = [
        {"position": position, **line.model_dump(mode="json", by_alias=False)}
        for position, line in enumerate(price.lines, start=1)
    ]
    await tx.execute(
        _INSERT, order_id, storefront.order_prefix, year, user_id, offer.service_id, offer.service_type, offer.title,
        quantity, storefront.currency, price.total, offer.service_fee * quantity, government_fee, price.discount,
        price.loyalty_discount, price.points_earned, price.points_used, customer_info.model_dump(mode="json"),
        service_details.model_dump(mode="json") if service_details else None, offer.snapshot, language, now,
        json.dumps(lines), new_id(), origin.ip, origin.request_id,
    )  # fmt: skip


async def get_visible(connection: Connection, *, id_or_number: str, actor: Actor) -> Order:
    """The order, if its owner, its consultant or an admin asks. Raises OrderNotFound."""
    return _order(await connection.fetchrow(_FIND_VISIBLE, *names_of(id_or_number), actor.role, actor.user_id))


async def get(connection: Connection, *, order_id: UUID) -> Order:
    """The order, whoever asks. Raises OrderNotFound."""
    return _order(await connection.fetchrow(_FIND, order_id))


async def lock_visible(tx: Connection, *, id_or_number: str, actor: Actor) -> Order:
    """As `get_visible`, locked until the transaction ends."""
    return _order(await tx.fetchrow(_LOCK_VISIBLE, *names_of(id_or_number), actor.role, actor.user_id))


async def lock_at_desk(tx: Connection, *, id_or_number: str, actor: Actor) -> Order:
    """The order, locked, if an admin or its consultant asks: being its customer opens no desk."""
    return _order(await tx.fetchrow(_LOCK_AT_DESK, *names_of(id_or_number), actor.role, actor.user_id))


async def find_purchase(connection: Connection, *, order_id: UUID) -> Row | None:
    row: Row | None = await connection.fetchrow(_FIND_PURCHASE, order_id)
    return row


async def lock_purchase(tx: Connection, *, order_id: UUID) -> Row | None:
    row: Row | None = await tx.fetchrow(_LOCK_PURCHASE, order_id)
    return row


async def confirm(
    tx: Connection, *, order_id: UUID, paid: Decimal, payment_id: UUID, days: Sequence[date], now: datetime
) -> tuple[UUID, int, int, UUID | None] | None:
    """Confirm a pending order and open its case; `days[n]` is n working days from now.

    Returns owner, points used, points earned, who sent the owner; None when it is not pending.
    """
    row = await tx.fetchrow(_CONFIRM, order_id, paid, now, new_id(), payment_id, list(days))
    return tuple(row) if row else None


async def note_refunded(tx: Connection, *, order_id: UUID, refunded: Decimal, now: datetime) -> OrderStatus:
    """The sum of its refunds. Returns the order's status."""
    return OrderStatus(await tx.fetchval(_NOTE_REFUNDED, order_id, refunded, now))


async def get_money(connection: Connection, *, order_id: UUID) -> MoneySoFar:
    """What was captured for the order, and what of it was refunded or is being refunded."""
    row = await connection.fetchrow(_MONEY, order_id)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return MoneySoFar(captured=row["captured"], refunded_or_pending=row["refunded_or_pending"])


async def cancel(tx: Connection, *, order_id: UUID, reason: str | None, now: datetime) -> None:
    await tx.execute(_CANCEL, order_id, now, reason)


async def move(tx: Connection, *, order_id: UUID, status: OrderStatus, stage: RefundStage, now: datetime) -> None:
    await tx.execute(_MOVE, order_id, status, stage, now)


async def assign(tx: Connection, *, order_id: UUID, consultant_id: UUID | None, now: datetime) -> None:
    await tx.execute(_ASSIGN, order_id, consultant_id, now)


async def change_details(
    tx: Connection, *, order_id: UUID, customer_info: Mapping[str, Any], service_details: Mapping[str, Any] | None,
    now: datetime,
) -> None:  # fmt: skip
    await tx.execute(_CHANGE_DETAILS, order_id, customer_info, service_details, now)


async def insert_event(
    tx: Connection, *, order_id: UUID, kind: EventKind, actor_id: UUID | None, now: datetime,
    from_status: str | None = None, to_status: str | None = None, consultant_id: UUID | None = None,
    note: str | None = None, is_public: bool = False,
) -> int:  # fmt: skip
    """Add a step to the order's history."""
    event_id: int = await tx.fetchval(
        _INSERT_EVENT, order_id, kind, from_status, to_status, consultant_id, note, is_public, actor_id, now
    )
    return event_id


async def lock_consultant(tx: Connection, *, user_id: UUID) -> bool:
    """Whether this is an active consultant; one that is found stays so until the transaction ends."""
    return await tx.fetchval(_LOCK_CONSULTANT, user_id) is not None


async def find_freest_consultant(tx: Connection, *, order: Order) -> Row | None:
    """Of the active consultants who speak the customer's `language` the one with the fewest open cases besides this, of
    several the one who has it already, else the one idle longest; where nobody speaks it (`is_understood` is false), of
    all.

    Choices are made one after another, so that two orders at once do not go to the same person.
    """
    await tx.execute(_LOCK_ASSIGNING)
    return await tx.fetchrow(_FIND_FREEST, order.user_id, order.id, order.consultant_id)
