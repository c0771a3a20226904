"""Years of an agency's sales: orders, a fifth more payments, and 20,000 customers."""

import asyncio

from tests.support.client import StorefrontClient

ORDERS = 12_000
_PEOPLE = """
INSERT INTO users (id, email, name, role, referral_code, phone, created_at, updated_at)
SELECT gen_random_uuid(), 'person-' || n || '@example.com', 'Person ' || n,
       CASE WHEN n % 1000 = 0 THEN 'CONSULTANT' ELSE 'CUSTOMER' END, 'GROWN' || n, '+855 ' || n,
       $1::timestamptz - n * interval '2 hours', $1
  FROM generate_series(1, 20000) AS n
"""
_SERVICES = """
INSERT INTO services (id, slug, type, title, description, price, service_fee, government_fee, created_at, updated_at)
SELECT gen_random_uuid(), 'grown-' || n, (ARRAY['MAIN', 'MICRO', 'DIGITAL'])[1 + n % 3], 'Service ' || n, 'x', 100, 100,
       0, $1::timestamptz, $1
  FROM generate_series(1, 30) AS n
"""
_ORDERS = """
INSERT INTO orders (id, order_number, user_id, service_id, service_type, status, title, currency, total_amount,
                    service_fee, government_fee, customer_info, service_snapshot, consultant_id, assigned_at,
                    confirmed_at, completed_at, cancelled_at, created_at, updated_at)
SELECT gen_random_uuid(), 'GR-' || n, b.ids[1 + n % 19000], s.ids[1 + n % 30],
       (ARRAY['MAIN', 'MICRO', 'DIGITAL'])[1 + (n % 30 + 1) % 3],
       (ARRAY['PENDING', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'COMPLETED', 'COMPLETED', 'CANCELLED'])[1 + n % 7],
       'Service', 'USD', 100, 100, 0, jsonb_build_object('full_name', 'Person ' || n, 'email', n || '@example.com',
           'phone', NULL, 'country', 'Cambodia'),
       jsonb_build_object('id', s.ids[1 + n % 30], 'slug', 'grown', 'type', 'MAIN', 'title', 'Service',
           'title_km', NULL, 'title_zh', NULL, 'description', repeat('A long description. ', 20),
           'price', '100.00', 'service_fee', '100.00', 'government_fee', '0.00',
           'region', NULL, 'features', '[]'::jsonb, 'specs', '{}'::jsonb,
           'checklist', '[]'::jsonb, 'stages', '[]'::jsonb, 'requires_consultant', true),
       c.ids[1 + n % 20], m.made + interval '5 hours', CASE WHEN n % 7 > 0 THEN m.made + interval '1 hour' END,
       CASE WHEN n % 7 BETWEEN 3 AND 5 THEN m.made + interval '9 days' END,
       CASE WHEN n % 7 = 6 THEN m.made + interval '3 days' END, m.made, m.made
  FROM generate_series(1, $2::integer) AS n
 CROSS JOIN (SELECT array_agg(id ORDER BY slug) AS ids FROM services WHERE slug LIKE 'grown-%') s
 CROSS JOIN (SELECT array_agg(id) AS ids FROM users WHERE role = 'CONSULTANT') c
 CROSS JOIN (SELECT array_agg(id) AS ids FROM users WHERE role = 'CUSTOMER') b
 CROSS JOIN LATERAL (SELECT $1::timestamptz - n * interval '52 minutes' AS made) m
"""
_EVENTS = """
INSERT INTO order_events (order_id, kind, consultant_id, to_status, created_at)
SELECT o.id, k.kind, CASE k.kind WHEN 'ASSIGNMENT' THEN o.consultant_id END, 'CONFIRMED', o.assigned_at
  FROM orders o CROSS JOIN (VALUES ('STATUS'), ('ASSIGNMENT'), ('STAGE')) AS k (kind)
"""
# Every fifth order was tried twice before it was paid.
_PAYMENTS = """
INSERT INTO payments (id, purchase_kind, purchase_id, user_id, reference, provider, amount, currency, status, method,
                      is_live, captured_amount, refunded_amount, disposition, paid_at, closed_at, created_at,
                      updated_at)
SELECT gen_random_uuid(), 'ORDER', o.id, o.user_id, o.order_number, 'stripe', 100, 'USD',
       CASE t.try WHEN 1 THEN 'SUCCEEDED' ELSE 'FAILED' END, 'CARD', false, CASE t.try WHEN 1 THEN 100 ELSE 0 END,
       CASE WHEN t.try = 1 AND right(o.order_number, 1) = '7' THEN 30 ELSE 0 END,
       CASE t.try WHEN 1 THEN 'APPLIED' END, CASE t.try WHEN 1 THEN o.created_at END, o.created_at, o.created_at,
       o.created_at
  FROM orders o JOIN (VALUES (1), (2)) AS t (try) ON t.try = 1 OR right(o.order_number, 1) IN ('0', '5')
"""


_ALL_VISIBLE = """
SELECT bool_and(relallvisible >= 0.98 * relpages) FROM pg_class
 WHERE relname IN ('orders', 'order_events', 'payments') AND relkind = 'r'
"""


async def grow(client: StorefrontClient, *, orders: int = ORDERS) -> None:
    """Fill the storefront's database, and let PostgreSQL look at it as its own housekeeping would."""
    now = client.runtime.clock.now()
    async with client.database.read() as connection:
        await connection.execute(_PEOPLE, now)
        await connection.execute(_SERVICES, now)
        await connection.execute(_ORDERS, now, orders, timeout=120)
        await connection.execute(_EVENTS, timeout=120)
        await connection.execute(_PAYMENTS, timeout=120)
        # Until nearly every page is known to be visible to all (another transaction on this server may hold that up):
        # the planner doubts the indexes before.
        async with asyncio.timeout(60):
            while True:
                await connection.execute("VACUUM ANALYZE users, orders, order_events, payments, services", timeout=120)
                if await connection.fetchval(_ALL_VISIBLE):
                    break
