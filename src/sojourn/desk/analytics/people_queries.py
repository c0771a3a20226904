"""Customers and consultants in figures."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sojourn.desk.analytics.reading import fetch, fetch_value
from sojourn.platform.db.database import Connection, Row


class CustomerSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    LIFETIME_VALUE = "lifetime_value"
    PURCHASES = "purchases"
    LAST_PURCHASE = "last_purchase"
    POINTS = "points"


class ConsultantSort(StrEnum):
    NAME = "name"
    BUSIEST = "busiest"
    FREEST = "freest"
    MOST_COMPLETED = "most_completed"


# $1 is_live, $2 currency, $3 text to find, $4 whether they have points, $5 whether they are active. Erased accounts are
# nobody's any more.
_MATCHING = """u.role = 'CUSTOMER' AND u.deleted_at IS NULL
       AND ($3::text IS NULL OR lower(u.name || ' ' || u.email || ' ' || coalesce(u.phone, '')) LIKE $3)
       AND ($4::boolean IS NULL OR (u.loyalty_points > 0) = $4) AND ($5::boolean IS NULL OR u.is_active = $5)"""
_ORDERED = "(SELECT count(*) AS count FROM orders WHERE user_id = u.id)"
_BOOKED = "(SELECT count(*) AS count FROM bookings WHERE user_id = u.id)"
_PAID = """coalesce(sum(captured_amount - refunded_amount) FILTER (WHERE currency = $2), 0)::numeric(12,2) AS value,
       max(paid_at) AS last_at
  FROM payments WHERE is_live = $1 AND disposition = 'APPLIED' AND paid_at IS NOT NULL"""
_PURCHASES_OF_ALL = """
SELECT user_id, count(*) AS count
  FROM (SELECT user_id FROM orders UNION ALL SELECT user_id FROM bookings) bought GROUP BY user_id"""
_COLUMNS = f"""
SELECT u.id, u.name, u.email, u.phone, u.country, u.is_active, u.created_at, ordered.count AS orders_count,
       booked.count AS bookings_count, paid.value AS lifetime_value, $2::text AS currency,
       paid.last_at AS last_purchase_at, u.loyalty_points
  FROM users u
 CROSS JOIN LATERAL {_ORDERED} ordered
 CROSS JOIN LATERAL {_BOOKED} booked
 CROSS JOIN LATERAL (SELECT {_PAID} AND user_id = u.id) paid"""
_PAID_FIRST = f"LEFT JOIN (SELECT user_id, {_PAID} GROUP BY user_id) key ON key.user_id = u.id"
_ORDERS_BY = {
    CustomerSort.NEWEST: ("", "u.created_at DESC, u.id DESC"),
    CustomerSort.OLDEST: ("", "u.created_at, u.id"),
    CustomerSort.NAME: ("", "lower(u.name), u.id"),
    CustomerSort.LIFETIME_VALUE: (_PAID_FIRST, "coalesce(key.value, 0) DESC, u.id DESC"),
    CustomerSort.PURCHASES: (
        f"LEFT JOIN ({_PURCHASES_OF_ALL}) key ON key.user_id = u.id", "coalesce(key.count, 0) DESC, u.id DESC",
    ),
    CustomerSort.LAST_PURCHASE: (_PAID_FIRST, "key.last_at DESC NULLS LAST, u.id DESC"),
    CustomerSort.POINTS: ("", "u.loyalty_points DESC, u.id DESC"),
}  # fmt: skip


def _list_customers(join: str, order: str) -> str:
    """The page is chosen first, by its key alone; what is shown of it is worked out for the page only."""
    return f"""
WITH page AS MATERIALIZED (
    SELECT u.id, row_number() OVER (ORDER BY {order}) AS place FROM users u {join}
     WHERE {_MATCHING} ORDER BY {order} LIMIT $6 OFFSET $7
)
SELECT shown.* FROM page JOIN LATERAL ({_COLUMNS} WHERE u.id = page.id) shown ON true ORDER BY page.place
"""


CUSTOMERS = {sort: _list_customers(*parts) for sort, parts in _ORDERS_BY.items()}
_CUSTOMERS_TOTAL = f"""
WITH asked AS (SELECT $1::boolean AS is_live, $2::text AS currency)
SELECT count(*) FROM users u WHERE {_MATCHING}
"""
_CUSTOMER = f"""
SELECT shown.*, coalesce((
           SELECT jsonb_agg(m ORDER BY m.currency) FROM (
               SELECT currency, sum(captured_amount)::text AS gross, sum(refunded_amount)::text AS refunded,
                      sum(captured_amount - refunded_amount)::text AS net
                 FROM payments WHERE user_id = $3 AND is_live = $1 AND disposition = 'APPLIED' GROUP BY currency) m
       ), '[]') AS money
  FROM ({_COLUMNS} WHERE u.id = $3 AND u.role = 'CUSTOMER' AND u.deleted_at IS NULL) shown
"""
PURCHASES = """
SELECT * FROM (
    SELECT 'ORDER' AS purchase_kind, id AS purchase_id, order_number AS reference, title, service_type AS type, status,
           total_amount, paid_amount, refunded_amount, currency, created_at, confirmed_at
      FROM orders WHERE user_id = $1
    UNION ALL
    SELECT 'BOOKING', id, booking_ref, title, booking_type,
           CASE WHEN status = 'RESERVED' AND reserved_until <= $2 THEN 'EXPIRED' ELSE status END,
           total_usd, paid_usd, refunded_usd, currency, created_at, confirmed_at
      FROM bookings WHERE user_id = $1
) bought ORDER BY created_at DESC, purchase_id DESC LIMIT $3 OFFSET $4
"""
_PURCHASES_TOTAL = """
SELECT (SELECT count(*) FROM orders WHERE user_id = $1) + (SELECT count(*) FROM bookings WHERE user_id = $1)
"""


# $3 whether they are active, $4 text to find, $5 a language they speak.
_AT_WORK = """u.role = 'CONSULTANT' AND u.deleted_at IS NULL AND ($3::boolean IS NULL OR u.is_active = $3)
   AND ($4::text IS NULL OR lower(u.name || ' ' || u.email) LIKE $4)
   AND ($5::text IS NULL OR $5 = ANY (u.spoken_languages))"""


def _list_consultants(order: str) -> str:
    """$1 since, $2 until: when cases were completed or given away. Open cases are those of now. The others are
    `_AT_WORK`'s."""
    return f"""
WITH work AS (
    SELECT o.consultant_id, count(*) FILTER (WHERE o.status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS')) AS open_cases,
           count(*) FILTER (WHERE o.status = 'COMPLETED' AND o.completed_at >= $1 AND o.completed_at < $2)
               AS completed_cases,
           avg(extract(epoch FROM greatest(o.assigned_at - coalesce(o.confirmed_at, o.created_at), interval '0')))
               FILTER (WHERE o.assigned_at >= $1 AND o.assigned_at < $2) AS seconds_to_assign,
           avg(extract(epoch FROM greatest(o.completed_at - o.assigned_at, interval '0')))
               FILTER (WHERE o.status = 'COMPLETED' AND o.completed_at >= $1 AND o.completed_at < $2)
               AS seconds_to_complete,
           max(o.assigned_at) AS last_assigned_at
      FROM orders o WHERE o.consultant_id IS NOT NULL GROUP BY o.consultant_id
)
SELECT u.id, u.name, u.email, u.is_active, u.spoken_languages, coalesce(w.open_cases, 0) AS open_cases,
       coalesce(w.completed_cases, 0) AS completed_cases, round(w.seconds_to_assign)::bigint AS seconds_to_assign,
       round(w.seconds_to_complete)::bigint AS seconds_to_complete, w.last_assigned_at
  FROM users u LEFT JOIN work w ON w.consultant_id = u.id
 WHERE {_AT_WORK} ORDER BY {order} LIMIT $6 OFFSET $7
"""


CONSULTANTS = {
    ConsultantSort.NAME: _list_consultants("lower(u.name), u.id"),
    ConsultantSort.BUSIEST: _list_consultants("coalesce(w.open_cases, 0) DESC, u.id"),
    ConsultantSort.FREEST: _list_consultants(
        "coalesce(w.open_cases, 0), w.last_assigned_at NULLS FIRST, u.created_at, u.id"
    ),
    ConsultantSort.MOST_COMPLETED: _list_consultants("coalesce(w.completed_cases, 0) DESC, u.id"),
}
_CONSULTANTS_TOTAL = f"""
WITH asked AS (SELECT $1::timestamptz AS since, $2::timestamptz AS until)
SELECT count(*) FROM users u WHERE {_AT_WORK}
"""


async def list_customers(
    connection: Connection, *, sort: CustomerSort, chosen: Sequence[object], limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """One page. `chosen`: is_live, currency, pattern in lower case, has points, is active."""
    rows = await fetch(connection, CUSTOMERS[sort], *chosen, limit, offset)
    return rows, await fetch_value(connection, _CUSTOMERS_TOTAL, *chosen)


async def find_customer(
    connection: Connection, *, user_id: UUID, is_live: bool, currency: str
) -> dict[str, Any] | None:
    """A customer with their money in each currency."""
    row = await connection.fetchrow(_CUSTOMER, is_live, currency, user_id)
    return dict(row) if row else None


async def list_purchases(
    connection: Connection, *, user_id: UUID, now: datetime, limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """What a customer has ordered and booked, newest first."""
    rows = await fetch(connection, PURCHASES, user_id, now, limit, offset)
    return rows, await fetch_value(connection, _PURCHASES_TOTAL, user_id)


async def list_consultants(
    connection: Connection, *, sort: ConsultantSort, chosen: Sequence[object], limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """One page of consultants with their work. `chosen`: since, until, is active, pattern in lower case, language."""
    rows = await fetch(connection, CONSULTANTS[sort], *chosen, limit, offset)
    return rows, await fetch_value(connection, _CONSULTANTS_TOTAL, *chosen)
