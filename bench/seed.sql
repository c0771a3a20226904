-- The rows of the peer's seed in our tables: 2,000 users, 600 trips, 60,000 held bookings, a payment for each, with the
-- peer's ids, prices, dates and texts. What only we have is filled in so that every code path finds what it asks for:
-- a departure per trip with room for all, a claim per held booking. The holds end in a day, not at once: the peer does
-- not look at the deadline, we would take the webhook for a late payment.
INSERT INTO users (id, email, email_verified_at, name, loyalty_points, referral_code, created_at, updated_at)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'user' || i || '@example.com', now(), 'User ' || i,
       0, 'BENCH' || lpad(i::text, 5, '0'), now(), now()
  FROM generate_series(1, 2000) AS i;

INSERT INTO trips (
    id, slug, title, title_kh, title_zh, destination, province, duration_days, price_per_person_usd, environment,
    mood_tags, includes, excludes, itinerary, highlights, min_people, max_people, cancellation_policy, transport_type,
    is_featured, avg_rating, created_at, updated_at)
SELECT ('11111111-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'trip-' || i,
       'Discover ' || d || ' in ' || (2 + i % 3) || ' days, tour no. ' || i, 'ដំណើរកម្សាន្ត ' || i, '探索柬埔寨之旅 ' || i,
       d, d, 2 + i % 3, (49 + (i * 7) % 400) + 0.5 * (i % 2),
       (ARRAY['MOUNTAIN', 'BEACH', 'CITY', 'FOREST', 'ISLAND', 'TEMPLE'])[1 + i % 6],
       ARRAY['relaxing', 'family', 'culture'],
       '["Air-conditioned van with driver","English speaking licensed guide","Hotel with breakfast","Entrance tickets","Bottled water and cold towels"]',
       '["International flights","Visa fees","Travel insurance","Personal expenses and tips"]',
       (SELECT jsonb_agg(jsonb_build_object(
                   'day', k, 'title', 'Day ' || k || ': exploring ' || d, 'meals', jsonb_build_array('breakfast', 'lunch'),
                   'activities', jsonb_build_array(
                       'Morning pickup at your hotel', 'Visit of the old town and market', 'Sunset at the viewpoint')))
          FROM generate_series(1, 2 + i % 3) AS k),
       ARRAY['Sunrise over the ancient temples', 'Local food tasting with a family', 'Small groups only'],
       1, 12 + i % 30,
       '{"name":"MODERATE","tiers":[{"min_hours_before":168,"refund_percent":100,"fixed_fee":"0.00"},{"min_hours_before":72,"refund_percent":50,"fixed_fee":"0.00"}]}',
       'VAN', i <= 20, round((3 + (i * 37 % 200) / 100.0)::numeric, 2),
       '2026-01-01'::timestamptz + i * interval '1 hour', '2026-01-01'::timestamptz + i * interval '1 hour'
  FROM (SELECT i, (ARRAY['Siem Reap', 'Phnom Penh', 'Kampot', 'Koh Rong', 'Mondulkiri', 'Battambang'])[1 + i % 6] AS d
          FROM generate_series(1, 600) AS i) AS s;

INSERT INTO resources (id, kind, owner_id, name, capacity, created_at)
SELECT gen_random_uuid(), 'DEPARTURE', id, title, 1000000, created_at FROM trips;

INSERT INTO bookings (
    id, booking_ref, user_id, booking_type, status, trip_id, title, snapshot, travel_date, end_date, time_zone,
    people_count, pickup_location, currency, subtotal_usd, total_usd, cancellation_policy, reserved_until, created_at,
    updated_at)
SELECT ('22222222-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'S' || lpad(i::text, 9, '0'),
       ('00000000-0000-4000-8000-' || lpad(to_hex(1 + i % 2000), 12, '0'))::uuid, 'PACKAGE', 'RESERVED', t.id, t.title,
       jsonb_build_object(
           'slug', t.slug, 'price_per_person_usd', t.price_per_person_usd::text, 'non_refundable_fee_usd', '0.00',
           'duration_days', t.duration_days, 'meeting_point', NULL, 'options', '[]'::jsonb),
       current_date + 30 + i % 60, current_date + 32 + i % 60, 'Asia/Phnom_Penh', 1 + i % 4, 'Hotel lobby', 'USD',
       100 + i % 300, 100 + i % 300, t.cancellation_policy, now() + interval '1 day',
       '2026-01-01'::timestamptz + i * interval '1 minute', '2026-01-01'::timestamptz + i * interval '1 minute'
  FROM generate_series(1, 60000) AS i
  JOIN trips t ON t.id = ('11111111-0000-4000-8000-' || lpad(to_hex(1 + i % 600), 12, '0'))::uuid;

INSERT INTO claims (resource_id, day, quantity, purchase_kind, purchase_id, expires_at, created_at)
SELECT r.id, b.travel_date, b.people_count, 'BOOKING', b.id, b.reserved_until, b.created_at
  FROM bookings b JOIN resources r ON r.kind = 'DEPARTURE' AND r.owner_id = b.trip_id;

INSERT INTO price_lines (purchase_kind, purchase_id, position, kind, description, quantity, unit_price, amount)
SELECT 'BOOKING', id, 1, 'BASE', title, 1, subtotal_usd, subtotal_usd FROM bookings;

INSERT INTO payments (
    id, purchase_kind, purchase_id, user_id, reference, provider, provider_intent_id, amount, currency, status, method,
    is_live, created_at, updated_at)
SELECT gen_random_uuid(), 'BOOKING', id, user_id, booking_ref, 'stripe', 'pi_' || row_number() OVER (ORDER BY id),
       total_usd, 'USD', 'PENDING', 'CARD', false, created_at, created_at
  FROM bookings;
