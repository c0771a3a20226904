"""Money that came in and what it bought. Gross is what was captured, net what of it was not refunded, both by payment
date (rules, section 13); a payment that was late, double or did not fit bought nothing and is in neither."""

from collections.abc import Sequence
from datetime import date, datetime

from sojourn.desk.analytics.figures import (
    BOOKING_IS_ACTIVE,
    BOOKING_IS_OF_MODE,
    LISTS,
    ORDER_IS_ACTIVE,
    ORDER_IS_OF_MODE,
    OVERVIEW,
    TOTALS,
)
from sojourn.desk.analytics.parts import FigureName
from sojourn.desk.analytics.reading import fetch, fetch_value
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.kit.wire import SortByTime

# $1 since, $2 until, $3 is_live. Joined with what was bought, for its type.
_BOUGHT = """p.purchase_kind, p.purchase_id, p.user_id, p.paid_at, p.currency, p.captured_amount AS gross,
       p.refunded_amount AS refunded, p.captured_amount - p.refunded_amount AS net,
       coalesce(o.service_type, b.booking_type) AS type, o.service_id, b.trip_id"""
_FROM_SALES = """FROM payments p
  LEFT JOIN orders o ON p.purchase_kind = 'ORDER' AND o.id = p.purchase_id
  LEFT JOIN booking_changes c ON p.purchase_kind = 'BOOKING_CHANGE' AND c.id = p.purchase_id
  LEFT JOIN bookings b ON p.purchase_kind <> 'ORDER' AND b.id = coalesce(c.booking_id, p.purchase_id)
 WHERE p.paid_at >= $1 AND p.paid_at < $2 AND p.is_live = $3 AND p.disposition = 'APPLIED'"""
_SALES = f"SELECT {_BOUGHT} {_FROM_SALES}"
REVENUE = f"""
SELECT date_trunc($4, s.paid_at AT TIME ZONE $5)::date AS period_start, CASE WHEN $6 THEN s.type END AS type,
       s.currency, sum(s.gross) AS gross, sum(s.refunded) AS refunded, sum(s.net) AS net, count(*) AS payments_count
  FROM ({_SALES}) s
 WHERE ($7::text IS NULL OR s.type = $7) AND ($8::text IS NULL OR s.currency = $8)
 GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""
_MATCHING = """($4::text IS NULL OR s.type = $4) AND ($5::text IS NULL OR s.currency = $5)
   AND ($6::uuid IS NULL OR s.service_id = $6) AND ($7::uuid IS NULL OR s.trip_id = $7)"""
_PAYMENTS_TOTAL = f"SELECT count(*) FROM ({_SALES}) s WHERE {_MATCHING}"
_ORDERS = {SortByTime.NEWEST: "s.paid_at DESC, s.id DESC", SortByTime.OLDEST: "s.paid_at, s.id"}
PAYMENTS = {
    sort: f"""
SELECT s.id AS payment_id, s.paid_at, s.purchase_kind, s.purchase_id, s.reference, s.type, s.currency, s.gross,
       s.refunded, s.net, s.method, u.id AS user_id, u.name AS customer_name, u.email AS customer_email
  FROM (SELECT p.id, p.reference, p.method, {_BOUGHT} {_FROM_SALES}) s JOIN users u ON u.id = s.user_id
 WHERE {_MATCHING}
 ORDER BY {order} LIMIT $8 OFFSET $9
"""
    for sort, order in _ORDERS.items()
}
# $5 the storefront's currency: sums over types and things sold are in that one. A purchase has one applied payment.
_STATS = f"""
WITH sales AS MATERIALIZED (
    SELECT s.currency, s.type, s.service_id, s.trip_id, sum(s.gross) AS gross, sum(s.refunded) AS refunded,
           sum(s.net) AS net, count(*) FILTER (WHERE s.purchase_kind <> 'BOOKING_CHANGE') AS sold
      FROM ({_SALES}) s GROUP BY 1, 2, 3, 4
), money AS (
    SELECT currency, sum(gross) AS gross, sum(refunded) AS refunded, sum(net) AS net FROM sales GROUP BY currency
), types AS (
    SELECT type, sum(net) AS net FROM sales WHERE currency = $5 AND type IS NOT NULL GROUP BY type
), best_services AS (
    SELECT service_id AS id, sum(sold) AS sold, sum(net)::text AS revenue FROM sales
     WHERE currency = $5 AND service_id IS NOT NULL GROUP BY service_id ORDER BY sum(net) DESC, service_id LIMIT $6
), best_trips AS (
    SELECT t.trip_id AS id, v.slug, v.title, v.price_per_person_usd::text AS price, t.sold,
           t.net::text AS revenue
      FROM (SELECT trip_id, sum(sold) AS sold, sum(net) AS net FROM sales
             WHERE currency = $5 AND trip_id IS NOT NULL GROUP BY trip_id
             ORDER BY sum(net) DESC, trip_id LIMIT $6) t JOIN trips v ON v.id = t.trip_id
), ordered AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE {ORDER_IS_ACTIVE}) AS active,
           count(*) FILTER (WHERE o.status = 'PENDING') AS pending,
           count(*) FILTER (WHERE o.status = 'COMPLETED') AS completed
      FROM orders o WHERE o.created_at >= $1 AND o.created_at < $2 AND {ORDER_IS_OF_MODE}
), booked AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE {BOOKING_IS_ACTIVE}) AS active,
           count(*) FILTER (WHERE b.status = 'COMPLETED') AS completed
      FROM bookings b WHERE b.created_at >= $1 AND b.created_at < $2 AND {BOOKING_IS_OF_MODE}
)
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'gross', gross::text, 'refunded',
                   refunded::text, 'net', net::text) ORDER BY currency), '[]') FROM money) AS money,
       (SELECT coalesce(jsonb_object_agg(lower(type), net::text), '{{}}') FROM types) AS types,
       (SELECT coalesce(jsonb_agg(s ORDER BY s.revenue::numeric DESC, s.id), '[]') FROM best_services s) AS services,
       (SELECT coalesce(jsonb_agg(t ORDER BY t.revenue::numeric DESC, t.id), '[]') FROM best_trips t) AS trips,
       (SELECT to_jsonb(ordered) FROM ordered) AS orders, (SELECT to_jsonb(booked) FROM booked) AS bookings
"""
# What the agency would owe if every point were spent now. A lot whose time is over is no longer owed.
_POINTS = """
SELECT coalesce(sum(remaining) FILTER (WHERE status = 'AVAILABLE' AND expires_at > $1), 0) AS available,
       coalesce(sum(remaining) FILTER (WHERE status = 'PENDING'), 0) AS pending
  FROM loyalty_lots WHERE remaining > 0 AND status IN ('AVAILABLE', 'PENDING')
"""
# A departure is a day on which a seat is sold or held. $1 first, $2 last, $3 now.
_DEPARTURES = """(SELECT c.resource_id, c.day, coalesce(d.capacity, r.capacity) AS capacity,
       coalesce(sum(c.quantity) FILTER (WHERE c.expires_at IS NULL), 0) AS sold,
       coalesce(sum(c.quantity) FILTER (WHERE c.expires_at > $3), 0) AS held
  FROM claims c
  JOIN resources r ON r.id = c.resource_id AND r.kind = 'DEPARTURE'
  LEFT JOIN resource_days d ON d.resource_id = c.resource_id AND d.day = c.day
 WHERE c.day BETWEEN $1 AND $2 AND c.released_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > $3)
 GROUP BY c.resource_id, c.day, coalesce(d.capacity, r.capacity))"""
OCCUPANCY = f"""
SELECT t.id AS trip_id, t.slug, t.title, count(*) AS departures, sum(x.capacity) AS seats,
       sum(x.sold) AS seats_sold, sum(x.held) AS seats_held,
       round(100.0 * sum(x.sold) / nullif(sum(x.capacity), 0), 1) AS occupancy_percent
  FROM {_DEPARTURES} x JOIN resources r ON r.id = x.resource_id JOIN trips t ON t.id = r.owner_id
 GROUP BY t.id, t.slug, t.title ORDER BY sum(x.sold)::numeric / nullif(sum(x.capacity), 0) DESC NULLS LAST, t.id
 LIMIT $4 OFFSET $5
"""
_OCCUPANCY_TOTAL = f"""
SELECT count(DISTINCT r.owner_id) FROM {_DEPARTURES} x JOIN resources r ON r.id = x.resource_id
"""

Span = tuple[datetime, datetime]


async def list_revenue(connection: Connection, *, arguments: Sequence[object]) -> Sequence[Row]:
    """Money per period and currency. `arguments`: since, until, is_live, step, zone, by type, type, currency."""
    return await fetch(connection, REVENUE, *arguments)


async def list_payments(
    connection: Connection, *, sort: SortByTime, chosen: Sequence[object], limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """The payments behind revenue. `chosen`: since, until, is_live, type, currency, service id, trip id."""
    rows = await fetch(connection, PAYMENTS[sort], *chosen, limit, offset)
    return rows, await fetch_value(connection, _PAYMENTS_TOTAL, *chosen)


async def get_stats(
    connection: Connection, *, span: Span, is_live: bool, now: datetime, currency: str, best: int
) -> Row:
    """Sums, counts and the `best` sellers."""
    (row,) = await fetch(connection, _STATS, *span, is_live, now, currency, best)
    return row


async def list_figures(
    connection: Connection, *, span: Span, is_live: bool, now: datetime, currency: str
) -> dict[FigureName, Row]:
    """Every figure's sums."""
    rows = await fetch(connection, OVERVIEW, *span, is_live, now, currency)
    return {FigureName(row["name"]): row for row in rows}


async def list_figure_rows(
    connection: Connection, *, name: FigureName, chosen: Sequence[object], limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """The rows behind a figure. `chosen`: since, until, is_live, now, currency, is_counted."""
    rows = await fetch(connection, LISTS[name], *chosen, limit, offset)
    return rows, await fetch_value(connection, TOTALS[name], *chosen)


async def get_points(connection: Connection, *, now: datetime) -> tuple[int, int]:
    """Points that can be spent, and points promised."""
    row = await connection.fetchrow(_POINTS, now)
    assert row is not None  # noqa: S101 - an aggregate always answers
    return int(row["available"]), int(row["pending"])


async def list_occupancy(
    connection: Connection, *, first: date, last: date, now: datetime, limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """Seats sold per trip on its departures of those days."""
    rows = await fetch(connection, OCCUPANCY, first, last, now, limit, offset)
    return rows, await fetch_value(connection, _OCCUPANCY_TOTAL, first, last, now)
