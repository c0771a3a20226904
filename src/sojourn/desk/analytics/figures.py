"""The figures of the business law, section 13: each is one SELECT of the rows behind it.

A figure is worked out from exactly the rows that it opens onto. Every SELECT answers (purchase_kind, purchase_id, at,
is_counted, value, whole); its parameters are $1 since, $2 until, $3 is_live, $4 now and $5 currency. What was paid
belongs to the mode of its payment; what was not belongs to both.
"""

# ruff: noqa: S608 - put together from literals; what a client sends is a parameter

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """How rows become a value."""

    COUNT = "COUNT"  # how many are counted
    PERCENT = "PERCENT"  # counted / all
    PERCENT_OF_AMOUNT = "PERCENT_OF_AMOUNT"  # sum of value / sum of whole, in the storefront's currency
    MEAN_SECONDS = "MEAN_SECONDS"  # mean of value
    POINTS = "POINTS"


class FigureName(StrEnum):
    ACTIVE_ORDERS = "active_orders"
    COMPLETED_ORDERS = "completed_orders"
    TOTAL_ORDERS = "total_orders"
    ACTIVE_BOOKINGS = "active_bookings"
    COMPLETED_BOOKINGS = "completed_bookings"
    TOTAL_BOOKINGS = "total_bookings"
    COMPLETION_RATE = "completion_rate"
    PAYMENT_SUCCESS_RATE = "payment_success_rate"
    HOLDS_PAID = "holds_paid"
    HOLDS_EXPIRED = "holds_expired"
    LATE_PAYMENTS = "late_payments"
    REFUND_RATE = "refund_rate"
    TIME_TO_ASSIGN = "time_to_assign"
    TIME_TO_VERIFY = "time_to_verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`meaning` is told to whoever reads the figure."""

    name: FigureName
    measure: Measure
    meaning: str
    rows: str


# An order is active until it is completed or cancelled, as a consultant's open case is.
ORDER_IS_ACTIVE = "o.status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS')"
ORDER_IS_OF_MODE = """NOT EXISTS (
       SELECT FROM payments x WHERE x.is_live = NOT $3 AND x.purchase_id = o.id AND x.disposition = 'APPLIED')"""
BOOKING_IS_OF_MODE = """NOT EXISTS (
       SELECT FROM payments x WHERE x.is_live = NOT $3 AND x.purchase_id = b.id AND x.disposition = 'APPLIED')"""
# A hold that has ended is no longer active, tidied up or not.
HOLD_IS_OPEN = "b.status IN ('PENDING', 'RESERVED') AND (b.reserved_until IS NULL OR b.reserved_until > $4)"
BOOKING_IS_ACTIVE = f"(b.status = 'CONFIRMED' OR {HOLD_IS_OPEN})"


def _orders(which: str) -> str:
    return f"""
SELECT 'ORDER' AS purchase_kind, o.id AS purchase_id, o.created_at AS at, true AS is_counted,
       NULL::numeric AS value, NULL::numeric AS whole
  FROM orders o WHERE o.created_at >= $1 AND o.created_at < $2 AND {which} AND {ORDER_IS_OF_MODE}"""


def _bookings(which: str, counted: str = "true") -> str:
    return f"""
SELECT 'BOOKING' AS purchase_kind, b.id AS purchase_id, b.created_at AS at, {counted} AS is_counted,
       NULL::numeric AS value, NULL::numeric AS whole
  FROM bookings b WHERE b.created_at >= $1 AND b.created_at < $2 AND {which} AND {BOOKING_IS_OF_MODE}"""


_HOLD_HAS_ENDED = f"NOT ({HOLD_IS_OPEN})"
_COMPLETION = f"""
SELECT 'ORDER' AS purchase_kind, o.id AS purchase_id,
       CASE o.status WHEN 'COMPLETED' THEN o.completed_at ELSE o.cancelled_at END AS at,
       o.status = 'COMPLETED' AS is_counted, NULL::numeric AS value, NULL::numeric AS whole
  FROM orders o
 WHERE (o.status = 'COMPLETED' OR (o.status = 'CANCELLED' AND o.confirmed_at IS NOT NULL))
   AND CASE o.status WHEN 'COMPLETED' THEN o.completed_at ELSE o.cancelled_at END >= $1
   AND CASE o.status WHEN 'COMPLETED' THEN o.completed_at ELSE o.cancelled_at END < $2 AND {ORDER_IS_OF_MODE}
UNION ALL
SELECT 'BOOKING', b.id, CASE b.status WHEN 'COMPLETED' THEN b.completed_at ELSE b.cancelled_at END,
       b.status = 'COMPLETED', NULL, NULL
  FROM bookings b
 WHERE (b.status = 'COMPLETED' OR (b.status IN ('CANCELLED', 'REFUNDED') AND b.confirmed_at IS NOT NULL))
   AND CASE b.status WHEN 'COMPLETED' THEN b.completed_at ELSE b.cancelled_at END >= $1
   AND CASE b.status WHEN 'COMPLETED' THEN b.completed_at ELSE b.cancelled_at END < $2 AND {BOOKING_IS_OF_MODE}"""
_ATTEMPTED = """
SELECT p.purchase_kind, p.purchase_id, min(p.created_at) AS at,
       bool_or(p.disposition IS NOT DISTINCT FROM 'APPLIED') AS is_counted, NULL::numeric AS value,
       NULL::numeric AS whole
  FROM payments p WHERE p.is_live = $3
 GROUP BY p.purchase_id, p.purchase_kind HAVING min(p.created_at) >= $1 AND min(p.created_at) < $2"""
_LATE = """
SELECT p.purchase_kind, p.purchase_id, p.paid_at AS at,
       p.disposition = 'LATE' OR coalesce(b.is_late_payment, false) AS is_counted, p.captured_amount AS value,
       NULL::numeric AS whole
  FROM payments p LEFT JOIN bookings b ON p.purchase_kind = 'BOOKING' AND b.id = p.purchase_id
 WHERE p.paid_at >= $1 AND p.paid_at < $2 AND p.is_live = $3 AND p.disposition IN ('APPLIED', 'LATE')"""
_REFUNDED = """(SELECT p.purchase_kind, p.purchase_id, p.paid_at AS at, p.refunded_amount > 0 AS is_counted,
       p.refunded_amount AS value, p.captured_amount AS whole
  FROM payments p
 WHERE p.paid_at >= $1 AND p.paid_at < $2 AND p.is_live = $3 AND p.disposition = 'APPLIED' AND p.currency = $5)"""
# From when there was work to give away until it was given away for the first time. IS NOT TRUE says what >= and <
# would, of which the planner thinks that one minimum in 200 passes: it would look up each order of all years by itself.
_ASSIGNED = f"""
SELECT 'ORDER' AS purchase_kind, o.id AS purchase_id, e.at, true AS is_counted,
       extract(epoch FROM greatest(e.at - coalesce(o.confirmed_at, o.created_at), interval '0'))::numeric AS value,
       NULL::numeric AS whole
  FROM (SELECT order_id, min(created_at) AS at FROM order_events
         WHERE kind = 'ASSIGNMENT' AND consultant_id IS NOT NULL GROUP BY order_id) e
  JOIN orders o ON o.id = e.order_id
 WHERE (e.at < $1) IS NOT TRUE AND (e.at >= $2) IS NOT TRUE AND {ORDER_IS_OF_MODE}"""
_VERIFIED = f"""
SELECT 'ORDER' AS purchase_kind, o.id AS purchase_id, d.verified_at AS at, true AS is_counted,
       extract(epoch FROM greatest(d.verified_at - d.created_at, interval '0'))::numeric AS value,
       NULL::numeric AS whole
  FROM documents d JOIN orders o ON o.id = d.order_id
 WHERE d.verified_at >= $1 AND d.verified_at < $2 AND {ORDER_IS_OF_MODE}"""

_ALL = (
    Figure(
        name=FigureName.TOTAL_ORDERS, measure=Measure.COUNT, rows=_orders("true"), meaning="Orders, by day of ordering."
    ),
    Figure(
        name=FigureName.ACTIVE_ORDERS, measure=Measure.COUNT, rows=_orders(ORDER_IS_ACTIVE),
        meaning="Orders that are neither completed nor cancelled, by day of ordering.",
    ),
    Figure(
        name=FigureName.COMPLETED_ORDERS, measure=Measure.COUNT, rows=_orders("o.status = 'COMPLETED'"),
        meaning="Completed orders, by day of ordering.",
    ),
    Figure(
        name=FigureName.TOTAL_BOOKINGS, measure=Measure.COUNT, rows=_bookings("true"),
        meaning="Bookings, holds among them, by day of booking.",
    ),
    Figure(
        name=FigureName.ACTIVE_BOOKINGS, measure=Measure.COUNT, rows=_bookings(BOOKING_IS_ACTIVE),
        meaning="Bookings that are confirmed or held, by day of booking.",
    ),
    Figure(
        name=FigureName.COMPLETED_BOOKINGS, measure=Measure.COUNT, rows=_bookings("b.status = 'COMPLETED'"),
        meaning="Completed bookings, by day of booking.",
    ),
    Figure(
        name=FigureName.COMPLETION_RATE, measure=Measure.PERCENT, rows=_COMPLETION,
        meaning="Completed of those completed or cancelled after confirmation, by the day on which they ended.",
    ),
    Figure(
        name=FigureName.PAYMENT_SUCCESS_RATE, measure=Measure.PERCENT, rows=_ATTEMPTED,
        meaning="Purchases paid of those with an attempt to pay, by day of the first attempt.",
    ),
    Figure(
        name=FigureName.HOLDS_PAID, measure=Measure.PERCENT,
        rows=_bookings(_HOLD_HAS_ENDED, "b.confirmed_at IS NOT NULL"),
        meaning="Holds paid of those that are no longer open, by day of the hold.",
    ),
    Figure(
        name=FigureName.HOLDS_EXPIRED, measure=Measure.PERCENT,
        rows=_bookings(_HOLD_HAS_ENDED, "(b.confirmed_at IS NULL AND b.status IN ('RESERVED', 'EXPIRED'))"),
        meaning="Holds expired of those that are no longer open, by day of the hold.",
    ),
    Figure(
        name=FigureName.LATE_PAYMENTS, measure=Measure.PERCENT, rows=_LATE,
        meaning="Payments made after their hold had ended, refunded or not, of those in time or late, by payment date.",
    ),
    Figure(
        name=FigureName.REFUND_RATE, measure=Measure.PERCENT_OF_AMOUNT, rows=_REFUNDED,
        meaning="Refunded of captured money, in the storefront's currency, by payment date.",
    ),
    Figure(
        name=FigureName.TIME_TO_ASSIGN, measure=Measure.MEAN_SECONDS, rows=_ASSIGNED,
        meaning="From confirmation to the first consultant, by day of assignment.",
    ),
    Figure(
        name=FigureName.TIME_TO_VERIFY, measure=Measure.MEAN_SECONDS, rows=_VERIFIED,
        meaning="From handing in a document of an order to its being verified or rejected, by day of that decision.",
    ),
)  # fmt: skip
FIGURES = {figure.name: figure for figure in _ALL}
# $1..$5 get their types here, whichever of them a figure needs.
_ASKED = """asked AS (
    SELECT $1::timestamptz AS since, $2::timestamptz AS until, $3::boolean AS is_live, $4::timestamptz AS now,
           $5::text AS currency)"""
OVERVIEW = f"WITH {_ASKED}" + " UNION ALL ".join(
    f"""
SELECT '{figure.name}' AS name, count(*) AS total, count(*) FILTER (WHERE f.is_counted) AS counted,
       sum(f.value) AS value, sum(f.whole) AS whole FROM ({figure.rows}) f"""
    for figure in _ALL
)


def _listed(figure: Figure) -> str:
    return f"""
WITH {_ASKED}, page AS (
    SELECT * FROM ({figure.rows}) f WHERE $6::boolean IS NULL OR f.is_counted = $6
     ORDER BY f.at DESC, f.purchase_id DESC LIMIT $7 OFFSET $8
)
SELECT page.purchase_kind, page.purchase_id, page.at, page.is_counted, page.value, page.whole,
       coalesce(o.order_number, b.booking_ref) AS reference, coalesce(o.title, b.title) AS title,
       coalesce(o.service_type, b.booking_type) AS type,
       coalesce(o.status, CASE WHEN b.status = 'RESERVED' AND b.reserved_until <= $4 THEN 'EXPIRED' ELSE b.status END)
           AS status,
       coalesce(o.total_amount, c.amount_due, b.total_usd) AS total_amount,
       coalesce(o.currency, b.currency) AS currency, u.id AS user_id, u.name AS customer_name, u.email AS customer_email
  FROM page
  LEFT JOIN orders o ON page.purchase_kind = 'ORDER' AND o.id = page.purchase_id
  LEFT JOIN booking_changes c ON page.purchase_kind = 'BOOKING_CHANGE' AND c.id = page.purchase_id
  LEFT JOIN bookings b ON page.purchase_kind <> 'ORDER' AND b.id = coalesce(c.booking_id, page.purchase_id)
  LEFT JOIN users u ON u.id = coalesce(o.user_id, b.user_id)
 ORDER BY page.at DESC, page.purchase_id DESC
"""


LISTS = {figure.name: _listed(figure) for figure in _ALL}
TOTALS = {
    figure.name: f"WITH {_ASKED} SELECT count(*) FROM ({figure.rows}) f WHERE $6::boolean IS NULL OR f.is_counted = $6"
    for figure in _ALL
}
