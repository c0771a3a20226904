"""The figures of the business law, section 13.

What was paid belongs to the mode of its payment; what was not belongs to both.
"""

# ruff: noqa: S608 - put together from literals; what a client sends is a parameter

from sojourn.desk.analytics.parts import ASKED, Figure, FigureName, Measure, Part, Source, overview_of

# An order is active until it is completed or cancelled, as a consultant's open case is.
ORDER_IS_ACTIVE = "o.status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS')"
ORDER_IS_OF_MODE = """NOT EXISTS (
       SELECT FROM payments x WHERE x.is_live = NOT $3 AND x.purchase_id = o.id AND x.disposition = 'APPLIED')"""
BOOKING_IS_OF_MODE = """NOT EXISTS (
       SELECT FROM payments x WHERE x.is_live = NOT $3 AND x.purchase_id = b.id AND x.disposition = 'APPLIED')"""
# A hold that has ended is no longer active, tidied up or not.
HOLD_IS_OPEN = "b.status IN ('PENDING', 'RESERVED') AND (b.reserved_until IS NULL OR b.reserved_until > $4)"
BOOKING_IS_ACTIVE = f"(b.status = 'CONFIRMED' OR {HOLD_IS_OPEN})"

_ORDERS = Source(
    kind="'ORDER'", id="o.id", at="o.created_at", tables="orders o", where=ORDER_IS_OF_MODE,
)  # fmt: skip
_BOOKINGS = Source(
    kind="'BOOKING'", id="b.id", at="b.created_at", tables="bookings b", where=BOOKING_IS_OF_MODE,
)  # fmt: skip
_ENDED_ORDERS = Source(
    kind="'ORDER'", id="o.id", tables="orders o",
    at="CASE o.status WHEN 'COMPLETED' THEN o.completed_at ELSE o.cancelled_at END",
    where=f"""(o.status = 'COMPLETED' OR (o.status = 'CANCELLED' AND o.confirmed_at IS NOT NULL))
   AND {ORDER_IS_OF_MODE}""",
)  # fmt: skip
_ENDED_BOOKINGS = Source(
    kind="'BOOKING'", id="b.id", tables="bookings b",
    at="CASE b.status WHEN 'COMPLETED' THEN b.completed_at ELSE b.cancelled_at END",
    where=f"""(b.status = 'COMPLETED' OR (b.status IN ('CANCELLED', 'REFUNDED') AND b.confirmed_at IS NOT NULL))
   AND {BOOKING_IS_OF_MODE}""",
)  # fmt: skip
_ATTEMPTED = Source(
    kind="p.purchase_kind", id="p.purchase_id", at="p.at", where="true",
    tables="""(
       SELECT purchase_kind, purchase_id, min(created_at) AS at,
              bool_or(disposition IS NOT DISTINCT FROM 'APPLIED') AS is_paid
         FROM payments WHERE is_live = $3 GROUP BY purchase_id, purchase_kind) p""",
)  # fmt: skip
_CAPTURED = Source(
    kind="p.purchase_kind", id="p.purchase_id", at="p.paid_at",
    tables="payments p LEFT JOIN bookings b ON p.purchase_kind = 'BOOKING' AND b.id = p.purchase_id",
    where="p.is_live = $3 AND p.disposition IN ('APPLIED', 'LATE')",
)  # fmt: skip
# The first time that an order was given away. IS NOT TRUE says what >= and < would, of which the planner thinks that
# one row in 200 passes: it would look up each order of all years by itself.
_ASSIGNED = Source(
    kind="'ORDER'", id="o.id", at="e.at", where=ORDER_IS_OF_MODE,
    tables="""(
       SELECT DISTINCT ON (order_id) order_id, created_at AS at FROM order_events
        WHERE kind = 'ASSIGNMENT' AND consultant_id IS NOT NULL ORDER BY order_id, created_at) e
  JOIN orders o ON o.id = e.order_id""",
    within="({at} < $1) IS NOT TRUE AND ({at} >= $2) IS NOT TRUE",
)  # fmt: skip
_DECIDED = Source(
    kind="'ORDER'", id="d.order_id", at="d.verified_at", tables="documents d",
    where="""d.order_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM payments x
        WHERE x.is_live = NOT $3 AND x.purchase_id = d.order_id AND x.disposition = 'APPLIED')""",
)  # fmt: skip
_HOLD_HAS_ENDED = f"NOT ({HOLD_IS_OPEN})"
_HOLD_HAS_LAPSED = "(b.confirmed_at IS NULL AND b.status IN ('RESERVED', 'EXPIRED'))"

_ALL = (
    Figure(
        name=FigureName.TOTAL_ORDERS, measure=Measure.COUNT, parts=(Part(source=_ORDERS),),
        meaning="Orders, by day of ordering.",
    ),
    Figure(
        name=FigureName.ACTIVE_ORDERS, measure=Measure.COUNT, parts=(Part(source=_ORDERS, among=ORDER_IS_ACTIVE),),
        meaning="Orders that are neither completed nor cancelled, by day of ordering.",
    ),
    Figure(
        name=FigureName.COMPLETED_ORDERS, measure=Measure.COUNT,
        parts=(Part(source=_ORDERS, among="o.status = 'COMPLETED'"),),
        meaning="Completed orders, by day of ordering.",
    ),
    Figure(
        name=FigureName.TOTAL_BOOKINGS, measure=Measure.COUNT, parts=(Part(source=_BOOKINGS),),
        meaning="Bookings, holds among them, by day of booking.",
    ),
    Figure(
        name=FigureName.ACTIVE_BOOKINGS, measure=Measure.COUNT,
        parts=(Part(source=_BOOKINGS, among=BOOKING_IS_ACTIVE),),
        meaning="Bookings that are confirmed or held, by day of booking.",
    ),
    Figure(
        name=FigureName.COMPLETED_BOOKINGS, measure=Measure.COUNT,
        parts=(Part(source=_BOOKINGS, among="b.status = 'COMPLETED'"),),
        meaning="Completed bookings, by day of booking.",
    ),
    Figure(
        name=FigureName.COMPLETION_RATE, measure=Measure.PERCENT,
        parts=(
            Part(source=_ENDED_ORDERS, counted="o.status = 'COMPLETED'"),
            Part(source=_ENDED_BOOKINGS, counted="b.status = 'COMPLETED'"),
        ),
        meaning="Completed of those completed or cancelled after confirmation, by the day on which they ended.",
    ),
    Figure(
        name=FigureName.PAYMENT_SUCCESS_RATE, measure=Measure.PERCENT,
        parts=(Part(source=_ATTEMPTED, counted="p.is_paid"),),
        meaning="Purchases paid of those with an attempt to pay, by day of the first attempt.",
    ),
    Figure(
        name=FigureName.HOLDS_PAID, measure=Measure.PERCENT,
        parts=(Part(source=_BOOKINGS, among=_HOLD_HAS_ENDED, counted="b.confirmed_at IS NOT NULL"),),
        meaning="Holds paid of those that are no longer open, by day of the hold.",
    ),
    Figure(
        name=FigureName.HOLDS_EXPIRED, measure=Measure.PERCENT,
        parts=(Part(source=_BOOKINGS, among=_HOLD_HAS_ENDED, counted=_HOLD_HAS_LAPSED),),
        meaning="Holds expired of those that are no longer open, by day of the hold.",
    ),
    Figure(
        name=FigureName.LATE_PAYMENTS, measure=Measure.PERCENT,
        parts=(
            Part(
                source=_CAPTURED, counted="(p.disposition = 'LATE' OR coalesce(b.is_late_payment, false))",
                value="p.captured_amount",
            ),
        ),
        meaning="Payments made after their hold had ended, refunded or not, of those in time or late, by payment date.",
    ),
    Figure(
        name=FigureName.REFUND_RATE, measure=Measure.PERCENT_OF_AMOUNT,
        parts=(
            Part(
                source=_CAPTURED, among="p.disposition = 'APPLIED' AND p.currency = $5",
                counted="p.refunded_amount > 0", value="p.refunded_amount", whole="p.captured_amount",
            ),
        ),
        meaning="Refunded of captured money, in the storefront's currency, by payment date.",
    ),
    Figure(
        name=FigureName.TIME_TO_ASSIGN, measure=Measure.MEAN_SECONDS,
        parts=(
            Part(
                source=_ASSIGNED,
                lasted="greatest(e.at - coalesce(o.confirmed_at, o.created_at), interval '0')",
            ),
        ),
        meaning="From confirmation to the first consultant, by day of assignment.",
    ),
    Figure(
        name=FigureName.TIME_TO_VERIFY, measure=Measure.MEAN_SECONDS,
        parts=(Part(source=_DECIDED, lasted="greatest(d.verified_at - d.created_at, interval '0')"),),
        meaning="From handing in a document of an order to its being verified or rejected, by day of that decision.",
    ),
)  # fmt: skip
FIGURES = {figure.name: figure for figure in _ALL}
OVERVIEW = overview_of(_ALL)


def _listed(figure: Figure) -> str:
    return f"""
WITH {ASKED}, page AS (
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
    figure.name: f"WITH {ASKED} SELECT count(*) FROM ({figure.rows}) f WHERE $6::boolean IS NULL OR f.is_counted = $6"
    for figure in _ALL
}
