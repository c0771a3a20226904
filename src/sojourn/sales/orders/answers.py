"""What is shown of orders.

PostgreSQL builds the JSON in exactly the shape of the wire models, so that a list of orders with their payments is one
statement, however long it is.
"""

# ruff: noqa: S608 - only this module's own lists of columns and conditions are put into statements

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.kit.clock import start_of_day
from sojourn.platform.kit.wire import PageIn
from sojourn.sales.orders.errors import OrderNotFound
from sojourn.sales.orders.models import DeskFilters, DeskSort, OrderStatus
from sojourn.sales.orders.queries import names_of


def _fields(today: str) -> str:
    """What is selected for `OrderOut`; `today` is the parameter that holds the storefront's day."""
    return f"""o.id, o.order_number, o.user_id, o.status, o.title, o.service_id, o.service_type, o.quantity, o.currency,
       o.total_amount::text AS total_amount, o.service_fee::text AS service_fee,
       o.government_fee::text AS government_fee, o.discount_amount::text AS discount_amount,
       o.loyalty_discount::text AS loyalty_discount, o.loyalty_points_used, o.loyalty_points_earned,
       o.paid_amount::text AS paid_amount, o.refunded_amount::text AS refunded_amount, o.refund_stage,
       CASE WHEN o.stage_key IS NOT NULL THEN json_build_object(
           'stage', o.stage_key,
           'title', (SELECT stage -> 'title' FROM jsonb_array_elements(o.service_snapshot -> 'stages') AS stage
                      WHERE stage ->> 'key' = o.stage_key),
           'started_at', iso(o.stage_started_at), 'promised_on', o.stage_promised_on,
           'is_late', coalesce(o.stage_promised_on < {today} AND o.status IN ('CONFIRMED', 'IN_PROGRESS'), false))
       END AS "case",
       o.customer_info, o.service_details, o.service_snapshot, o.consultant_id, c.name AS consultant_name, o.language,
       o.version, o.cancellation_reason, iso(o.confirmed_at) AS confirmed_at, iso(o.completed_at) AS completed_at,
       iso(o.cancelled_at) AS cancelled_at, iso(o.created_at) AS created_at, iso(o.updated_at) AS updated_at,
       json_build_array(json_build_object(
           'id', o.id, 'order_id', o.id, 'service_id', o.service_id, 'quantity', o.quantity,
           'unit_price', ((o.service_fee + o.government_fee) / o.quantity)::numeric(12,2)::text,
           'total_price', (o.service_fee + o.government_fee)::text)) AS items,
       (SELECT row_to_json(counted) FROM (
            SELECT p.id, p.purchase_id AS order_id, p.amount::text AS amount, p.currency, p.status,
                   p.method AS payment_method,
                   CASE WHEN p.method <> 'BAKONG_QR' THEN p.provider_intent_id END AS stripe_payment_intent_id,
                   CASE WHEN p.method <> 'BAKONG_QR' THEN p.provider_charge_id END AS stripe_charge_id,
                   p.card_last4, p.card_brand,
                   coalesce(p.failure_message, p.failure_code) AS failure_reason,
                   p.refunded_amount::text AS refund_amount, iso(p.paid_at) AS paid_at,
                   iso(p.refunded_at) AS refunded_at, iso(p.created_at) AS created_at, iso(p.updated_at) AS updated_at
              FROM payments p WHERE p.purchase_id = o.id
             ORDER BY (p.disposition = 'APPLIED') DESC NULLS LAST, p.created_at DESC, p.id DESC LIMIT 1
       ) counted) AS payment"""


_FROM = "FROM orders o LEFT JOIN users c ON c.id = o.consultant_id"
# $3 is the asker's role, $4 the asker. Customers see what happened and when, and the notes that are for them.
_IS_STAFF = "($3::text = 'ADMIN' OR ($3 = 'CONSULTANT' AND o.consultant_id = $4::uuid))"
_DETAIL = f"""
SELECT row_to_json(shown)::text AS body FROM (
    SELECT {_fields("$5::date")},
           (SELECT json_agg(json_build_object(
                       'kind', l.kind, 'description', l.description, 'quantity', l.quantity,
                       'unit_price', l.unit_price::text, 'amount', l.amount::text) ORDER BY l.position)
              FROM price_lines l WHERE l.purchase_id = o.id) AS lines,
           (SELECT json_agg(json_build_object(
                       'id', e.id, 'kind', e.kind, 'from_status', e.from_status, 'to_status', e.to_status,
                       'consultant_id', e.consultant_id, 'note', CASE WHEN {_IS_STAFF} OR e.is_public THEN e.note END,
                       'is_public', e.is_public,
                       'actor_id', CASE WHEN {_IS_STAFF} OR e.actor_id = $4 THEN e.actor_id END,
                       'created_at', iso(e.created_at)) ORDER BY e.id)
              FROM order_events e
             WHERE e.order_id = o.id AND (e.kind <> 'NOTE' OR e.is_public OR {_IS_STAFF})) AS events
      {_FROM}
     WHERE (o.id = $1 OR o.order_number = $2) AND (o.user_id = $4 OR {_IS_STAFF})
) shown
"""
# Lists choose their page by id first: what makes the JSON is never worked out for rows that are skipped.
_LIST_OWN = f"""
SELECT (SELECT count(*) FROM orders WHERE user_id = $1 AND ($2::text[] IS NULL OR status = ANY ($2))) AS total,
       coalesce(json_agg(row_to_json(shown)), '[]')::text AS body
  FROM (
    SELECT {_fields("$5::date")} {_FROM}
     WHERE o.id IN (SELECT id FROM orders WHERE user_id = $1 AND ($2::text[] IS NULL OR status = ANY ($2))
                     ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4)
     ORDER BY o.created_at DESC, o.id DESC
) shown
"""
# Text is looked for in the narrow index on (search, id), not in the wide rows.
_MATCHES = """($1::text IS NULL OR o.status = $1) AND ($2::text IS NULL OR o.service_type = $2)
       AND ($3::uuid IS NULL OR o.consultant_id = $3) AND ($10::uuid IS NULL OR o.consultant_id = $10)
       AND ($4::boolean IS NULL OR (o.consultant_id IS NOT NULL) = $4)
       AND ($5::text IS NULL OR o.id IN (SELECT found.id FROM orders found WHERE found.search LIKE $5))
       AND ($6::timestamptz IS NULL OR o.created_at >= $6) AND ($7::timestamptz IS NULL OR o.created_at < $7)
       AND ($12::boolean IS NOT TRUE OR o.id = ANY (ARRAY(
                SELECT late.id FROM orders late
                 WHERE late.stage_promised_on < $11::date AND late.status IN ('CONFIRMED', 'IN_PROGRESS'))))
       AND ($12::boolean IS NOT FALSE OR o.stage_promised_on IS NULL OR o.stage_promised_on >= $11::date
            OR o.status NOT IN ('CONFIRMED', 'IN_PROGRESS'))"""


def _list_at_desk(order: str) -> str:
    return f"""
SELECT (SELECT count(*) FROM orders o WHERE {_MATCHES}) AS total,
       coalesce(json_agg(row_to_json(shown)), '[]')::text AS body
  FROM (
    SELECT {_fields("$11::date")} {_FROM}
     WHERE o.id IN (SELECT o.id FROM orders o WHERE {_MATCHES} ORDER BY {order} LIMIT $8 OFFSET $9)
     ORDER BY {order}
) shown
"""


_ORDERS = {
    DeskSort.NEWEST: "o.created_at DESC, o.id DESC",
    DeskSort.OLDEST: "o.created_at, o.id",
    DeskSort.UPDATED: "o.updated_at DESC, o.id DESC",
    DeskSort.LARGEST: "o.total_amount DESC, o.id DESC",
}
_DESK = {sort: _list_at_desk(order) for sort, order in _ORDERS.items()}


FILE_COLUMNS = (
    "id", "order_number", "created_at", "status", "service_type", "title", "quantity", "user_id", "customer_name",
    "customer_email", "customer_phone", "consultant_id", "consultant_name", "stage", "promised_on", "is_late",
    "refund_stage", "currency", "service_fee", "government_fee", "discount_amount", "loyalty_discount", "total_amount",
    "paid_amount", "refunded_amount", "confirmed_at", "completed_at", "cancelled_at",
)  # fmt: skip


def _file(order: str) -> str:
    """`FILE_COLUMNS` of the orders that `_list_at_desk` shows, for the same arguments."""
    return f"""
SELECT o.id, o.order_number, o.created_at, o.status, o.service_type, o.title, o.quantity, o.user_id,
       o.customer_info ->> 'full_name' AS customer_name, o.customer_info ->> 'email' AS customer_email,
       o.customer_info ->> 'phone' AS customer_phone, o.consultant_id, c.name AS consultant_name,
       o.stage_key AS stage, o.stage_promised_on AS promised_on,
       coalesce(o.stage_promised_on < $11::date AND o.status IN ('CONFIRMED', 'IN_PROGRESS'), false) AS is_late,
       o.refund_stage, o.currency, o.service_fee, o.government_fee, o.discount_amount, o.loyalty_discount,
       o.total_amount, o.paid_amount, o.refunded_amount, o.confirmed_at, o.completed_at, o.cancelled_at
  {_FROM} WHERE {_MATCHES} ORDER BY {order} LIMIT $8 OFFSET $9
"""


FILES = {sort: _file(order) for sort, order in _ORDERS.items()}


async def get_order(connection: Connection, *, id_or_number: str, actor: Actor, today: date) -> RawJson:
    """One order as `OrderDetail`, for its owner, its consultant or an admin. Raises OrderNotFound."""
    body = await connection.fetchval(_DETAIL, *names_of(id_or_number), actor.role, actor.user_id, today)
    if body is None:
        raise OrderNotFound
    return RawJson(body.encode())


async def list_own(
    connection: Connection, *, user_id: UUID, statuses: Sequence[OrderStatus] | None, page: PageIn, today: date
) -> RawJson:
    """One page of a customer's orders in any of `statuses` (None: in all) as `OrderOut`, newest first."""
    row = await connection.fetchrow(_LIST_OWN, user_id, statuses, page.per_page, page.offset, today)
    return RawJson(row["body"].encode(), page=page.page, per_page=page.per_page, total=row["total"])


async def list_at_desk(
    connection: Connection, *, filters: DeskFilters, only_of: UUID | None, pattern: str | None, zone: str, today: date
) -> RawJson:
    """One page of the orders that match; `only_of` leaves those of one consultant, `pattern` is LIKE's, lower case."""
    chosen = desk_arguments(
        filters, only_of=only_of, pattern=pattern, zone=zone, today=today, limit=filters.per_page, offset=filters.offset
    )
    row = await connection.fetchrow(_DESK[filters.sort], *chosen)
    return RawJson(row["body"].encode(), page=filters.page, per_page=filters.per_page, total=row["total"])


def desk_arguments(
    filters: DeskFilters, *, only_of: UUID | None, pattern: str | None, zone: str, today: date, limit: int | None,
    offset: int,
) -> tuple[object, ...]:  # fmt: skip
    """What `FILES` and the desk's list ask for. Without a `limit`: all."""
    return (
        filters.status, filters.type, filters.consultant, filters.is_assigned, pattern, *_moments(filters, zone), limit,
        offset, only_of, today, filters.is_late,
    )  # fmt: skip


def _moments(filters: DeskFilters, zone: str) -> tuple[datetime | None, datetime | None]:
    """The days asked for as a half-open stretch of time."""
    since = start_of_day(filters.from_date, zone) if filters.from_date else None
    until = start_of_day(filters.to_date + timedelta(days=1), zone) if filters.to_date else None
    return since, until
