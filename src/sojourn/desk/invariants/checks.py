"""What must always be true of the books: each rule a name, a sentence and a statement that finds what breaks it.

A statement takes the present as `$1` and answers `(subject, detail)`, at most `LIMIT` rows. Rules about money look back
`120 days`: longer than any dispute can last.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

LIMIT: Final = 200

PAID_BUT_UNCONFIRMED = """
SELECT p.id::text AS subject,
       jsonb_build_object('reference', p.reference, 'kind', p.purchase_kind, 'paid_at', iso(p.paid_at),
                          'amount', p.captured_amount::text, 'status', coalesce(b.status, o.status, c.status)) AS detail
  FROM payments p
  LEFT JOIN bookings b ON b.id = p.purchase_id AND p.purchase_kind = 'BOOKING'
  LEFT JOIN orders o ON o.id = p.purchase_id AND p.purchase_kind = 'ORDER'
  LEFT JOIN booking_changes c ON c.id = p.purchase_id AND p.purchase_kind = 'BOOKING_CHANGE'
 WHERE p.paid_at > $1::timestamptz - interval '120 days' AND p.disposition = 'APPLIED'
   AND (b.status IN ('PENDING', 'RESERVED', 'EXPIRED') OR o.status = 'PENDING' OR c.status <> 'APPLIED')
 LIMIT 200
"""
CAPTURED_FOR_NOTHING = """
SELECT p.id::text AS subject,
       jsonb_build_object('reference', p.reference, 'kind', p.purchase_kind, 'amount', p.captured_amount::text,
                          'paid_at', iso(p.paid_at), 'disposition', p.disposition) AS detail
  FROM payments p
 WHERE p.paid_at > $1::timestamptz - interval '120 days' AND p.captured_amount > 0
   AND (p.disposition IS NULL
        OR CASE p.purchase_kind
           WHEN 'BOOKING' THEN (SELECT id FROM bookings WHERE id = p.purchase_id)
           WHEN 'BOOKING_CHANGE' THEN (SELECT id FROM booking_changes WHERE id = p.purchase_id)
           ELSE (SELECT id FROM orders WHERE id = p.purchase_id) END IS NULL)
 LIMIT 200
"""
SOLD_TWICE = """
SELECT format('%s %s %s', s.resource_id, s.day, s.minute) AS subject,
       jsonb_build_object('resource', r.name, 'day', s.day, 'minute', s.minute, 'claimed', s.claimed,
                          'capacity', coalesce(d.capacity, r.capacity)) AS detail
  FROM (SELECT resource_id, day, minute, sum(quantity) AS claimed FROM claims
         WHERE released_at IS NULL AND day >= ($1::timestamptz)::date - 1
           AND (expires_at IS NULL OR expires_at > $1::timestamptz)
         GROUP BY resource_id, day, minute) AS s
  JOIN resources r ON r.id = s.resource_id
  LEFT JOIN resource_days d ON d.resource_id = s.resource_id AND d.day = s.day
 WHERE s.claimed > coalesce(d.capacity, r.capacity)
 LIMIT 200
"""
CONFIRMED_WITHOUT_STOCK = """
SELECT b.id::text AS subject,
       jsonb_build_object('reference', b.booking_ref, 'travel_date', b.travel_date, 'people', b.people_count) AS detail
  FROM bookings b
 WHERE b.status = 'CONFIRMED' AND b.travel_date >= ($1::timestamptz)::date
   AND NOT EXISTS (SELECT FROM claims c
                    WHERE c.purchase_id = b.id AND c.released_at IS NULL AND c.expires_at IS NULL)
 LIMIT 200
"""
CONSULTATION_WITHOUT_TIME = """
SELECT c.id::text AS subject,
       jsonb_build_object('order_id', c.order_id, 'status', c.status, 'scheduled_at', iso(c.scheduled_at)) AS detail
  FROM consultations c
 WHERE c.status IN ('PENDING', 'SCHEDULED') AND c.scheduled_at > $1::timestamptz
   AND NOT EXISTS (SELECT FROM claims k
                    WHERE k.purchase_id = c.id AND k.resource_id = c.resource_id
                      AND k.released_at IS NULL AND k.expires_at IS NULL)
 LIMIT 200
"""
# OFFSET 0 keeps the payments looked up one by one: few are refunded, and all of them are many.
REFUNDED_TOO_MUCH = """
SELECT p.id::text AS subject,
       jsonb_build_object('reference', p.reference, 'captured', p.captured_amount::text,
                          'refunded_or_pending', r.amount::text) AS detail
  FROM (SELECT payment_id, sum(amount) AS amount FROM refunds
         WHERE requested_at > $1::timestamptz - interval '120 days' AND status <> 'FAILED'
         GROUP BY payment_id) AS r
 CROSS JOIN LATERAL (SELECT id, reference, captured_amount FROM payments WHERE id = r.payment_id OFFSET 0) AS p
 WHERE r.amount > p.captured_amount
 LIMIT 200
"""
REFUND_STUCK = """
SELECT r.id::text AS subject,
       jsonb_build_object('payment_id', r.payment_id, 'amount', r.amount::text, 'requested_at', iso(r.requested_at),
                          'attempts', r.attempts) AS detail
  FROM refunds r
 WHERE r.status = 'PENDING' AND r.requested_at < $1::timestamptz - interval '1 hour'
   AND (r.requested_at < $1::timestamptz - interval '3 days'
        OR NOT EXISTS (SELECT FROM payouts o WHERE o.refund_id = r.id))
 ORDER BY r.requested_at
 LIMIT 200
"""
# The balance shown is the ledger's, and each lot holds what the ledger says of it.
POINTS_DO_NOT_ADD_UP = """
WITH balances AS (
    SELECT u.id, u.loyalty_points AS shown, coalesce(t.points, 0) AS ledger
      FROM users u
      LEFT JOIN (SELECT user_id, sum(points) AS points FROM loyalty_transactions WHERE status = 'AVAILABLE'
                  GROUP BY user_id) AS t ON t.user_id = u.id
     WHERE u.loyalty_points <> greatest(coalesce(t.points, 0), 0) AND $1::timestamptz IS NOT NULL
     LIMIT 100
), lots AS (
    SELECT l.id, l.user_id, l.remaining, coalesce(t.points, 0) AS ledger
      FROM loyalty_lots l
      LEFT JOIN (SELECT lot_id, sum(points) AS points FROM loyalty_transactions WHERE lot_id IS NOT NULL
                  GROUP BY lot_id) AS t ON t.lot_id = l.id
     WHERE l.remaining <> coalesce(t.points, 0)
     LIMIT 100
)
SELECT id::text AS subject, jsonb_build_object('shown', shown, 'ledger', ledger) AS detail FROM balances
UNION ALL
SELECT id::text, jsonb_build_object('user_id', user_id, 'lot_holds', remaining, 'ledger', ledger) FROM lots
"""
EVENT_UNHANDLED = """
SELECT format('%s %s', i.provider, i.event_id) AS subject,
       jsonb_build_object('name', i.name, 'received_at', iso(i.received_at), 'attempts', i.attempts,
                          'last_error', left(i.last_error, 300)) AS detail
  FROM inbox i
 WHERE i.handled_at IS NULL AND i.received_at < $1::timestamptz - interval '10 minutes'
 ORDER BY i.received_at
 LIMIT 200
"""
MAIL_UNSENT = """
SELECT n.id::text AS subject,
       jsonb_build_object('kind', n.kind, 'waiting_since', iso(n.created_at), 'attempts', n.attempts,
                          'last_error', left(n.last_error, 300)) AS detail
  FROM notifications n
 WHERE n.status = 'QUEUED' AND n.created_at < $1::timestamptz - interval '10 minutes'
 ORDER BY n.created_at
 LIMIT 200
"""
# The queue goes by the database's clock. One finding a kind: a worker that is down would make thousands.
JOBS_WAIT = """
SELECT q.entrypoint AS subject,
       jsonb_build_object('jobs', count(*), 'due_since', iso(min(q.execute_after)), 'status', q.status) AS detail
  FROM pgqueuer q
 WHERE (q.status = 'queued' AND q.execute_after < least(now(), $1::timestamptz) - interval '10 minutes')
    OR (q.status = 'picked' AND q.heartbeat < least(now(), $1::timestamptz) - interval '10 minutes')
 GROUP BY q.entrypoint, q.status
 LIMIT 200
"""
JOBS_FAILED = """
SELECT q.entrypoint AS subject, jsonb_build_object('jobs', count(*), 'latest', iso(max(q.updated))) AS detail
  FROM pgqueuer q
 WHERE q.status = 'failed' AND $1::timestamptz IS NOT NULL
 GROUP BY q.entrypoint
 LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule. `sentence` says what a finding means; `statement` finds."""

    name: str
    sentence: str
    statement: LiteralString


INVARIANTS: Final = (
    Invariant(
        "paid_but_unconfirmed", "A payment was applied, but its purchase is not confirmed.", PAID_BUT_UNCONFIRMED
    ),
    Invariant("captured_for_nothing", "Money was captured that bought nothing we know of.", CAPTURED_FOR_NOTHING),
    Invariant("sold_twice", "More is claimed of a resource than there is.", SOLD_TWICE),
    Invariant("confirmed_without_stock", "A confirmed booking holds no stock.", CONFIRMED_WITHOUT_STOCK),
    Invariant(
        "consultation_without_time", "An open consultation holds no time of its consultant.", CONSULTATION_WITHOUT_TIME
    ),
    Invariant("refunded_too_much", "More is refunded or being refunded than was captured.", REFUNDED_TOO_MUCH),
    Invariant("refund_stuck", "A refund has been waiting for an hour.", REFUND_STUCK),
    Invariant("points_do_not_add_up", "A customer's points are not what the ledger says.", POINTS_DO_NOT_ADD_UP),
    Invariant("event_unhandled", "A provider's event has not been handled for ten minutes.", EVENT_UNHANDLED),
    Invariant("mail_unsent", "A mail has been waiting for ten minutes.", MAIL_UNSENT),
    Invariant("jobs_wait", "Jobs have been due for ten minutes.", JOBS_WAIT),
    Invariant("jobs_failed", "Jobs have failed for good and are held.", JOBS_FAILED),
)
