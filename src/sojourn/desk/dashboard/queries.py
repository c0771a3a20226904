"""What a customer has bought, at a glance: one statement."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sojourn.desk.analytics.figures import HOLD_IS_OPEN, ORDER_IS_ACTIVE
from sojourn.platform.db.database import Connection, Row

# $1 the customer, $2 is_live, $3 today in the storefront's zone, $4 now, $5 how many bookings are shown.
_OVERVIEW = f"""
WITH ahead AS (
    SELECT b.* FROM bookings b
     WHERE b.user_id = $1 AND b.end_date >= $3 AND (b.status = 'CONFIRMED' OR {HOLD_IS_OPEN})
), spent AS (
    SELECT currency, sum(captured_amount - refunded_amount)::text AS amount FROM payments
     WHERE user_id = $1 AND is_live = $2 AND disposition = 'APPLIED' GROUP BY currency
), ordered AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE {ORDER_IS_ACTIVE}) AS active,
           count(*) FILTER (WHERE o.status = 'PENDING') AS pending,
           count(*) FILTER (WHERE o.status = 'COMPLETED') AS completed
      FROM orders o WHERE o.user_id = $1
)
SELECT u.name AS full_name, u.created_at AS member_since, u.email_verified_at IS NOT NULL AS is_email_verified,
       u.loyalty_points, ordered.total AS total_orders, ordered.active AS active_orders,
       ordered.pending AS pending_orders, ordered.completed AS completed_orders,
       (SELECT count(*) FROM bookings WHERE user_id = $1) AS total_bookings,
       (SELECT count(*) FROM bookings WHERE user_id = $1 AND status = 'COMPLETED') AS completed_bookings,
       (SELECT count(*) FROM ahead) AS upcoming_bookings,
       (SELECT coalesce(jsonb_agg(s ORDER BY s.currency), '[]') FROM spent s) AS total_spent,
       (SELECT coalesce(jsonb_agg(n ORDER BY n.travel_date, n.id), '[]') FROM (
            SELECT id, booking_ref, title, status, travel_date, end_date, people_count,
                   CASE status WHEN 'RESERVED' THEN iso(reserved_until) END AS reserved_until
              FROM ahead ORDER BY travel_date, id LIMIT $5) n) AS next_bookings
  FROM users u CROSS JOIN ordered WHERE u.id = $1
"""


async def get_overview(
    connection: Connection, *, user_id: UUID, is_live: bool, today: date, now: datetime, shown: int
) -> dict[str, Any]:
    """Counts, money and the next journeys of an account that stands."""
    row: Row | None = await connection.fetchrow(_OVERVIEW, user_id, is_live, today, now, shown)
    assert row is not None  # noqa: S101 - whoever asks has been admitted by this row
    return dict(row)
