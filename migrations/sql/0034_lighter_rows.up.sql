-- The same law in fewer steps: each statement of a function is planned, started and ended by itself, and these stand on
-- the road of every hold and every payment (docs/decisions/0028-lighter-rows.md).

-- Takes claims, all or nothing. The lock law: resources once, in id order, then count, then insert. Each statement of
-- a VOLATILE function sees what was committed before it began, so the count is made after the lock was won.
--
-- Claims of a hold that has lapsed are taken over: released here, so that whoever extends or pays for that hold with an
-- older look at the clock finds them gone. Where somebody is keeping them at this very moment their rows are locked:
-- those are left alone, and count. A purchase that claims anew (a changed date, a revived hold) gives back what it had.
CREATE OR REPLACE FUNCTION take_claims(
    p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    short record;
BEGIN
    PERFORM 1 FROM resources WHERE id = ANY (p_resources) ORDER BY id FOR NO KEY UPDATE;
    WITH asked AS MATERIALIZED (
        SELECT u.resource_id, u.day, u.minute, u.quantity
          FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity)
    ), lapsed AS (
        UPDATE claims SET released_at = p_now WHERE id IN (
            SELECT c.id FROM asked u JOIN claims c ON c.resource_id = u.resource_id AND c.day = u.day AND c.minute = u.minute
             WHERE c.released_at IS NULL AND c.expires_at <= p_now AND c.purchase_id <> p_purchase_id
               FOR UPDATE OF c SKIP LOCKED)
        RETURNING id
    ), lacking AS MATERIALIZED (
        SELECT wanted.resource_id, wanted.day, wanted.minute, wanted.quantity,
               greatest(coalesce(d.capacity, r.capacity, 0) - coalesce(used.quantity, 0), 0) AS free
          FROM (SELECT resource_id, day, minute, sum(quantity)::integer AS quantity FROM asked GROUP BY 1, 2, 3) AS wanted
          LEFT JOIN resources r ON r.id = wanted.resource_id AND r.is_active
          LEFT JOIN resource_days d ON d.resource_id = wanted.resource_id AND d.day = wanted.day
          LEFT JOIN LATERAL (
                SELECT sum(c.quantity)::integer AS quantity FROM claims c
                 WHERE c.resource_id = wanted.resource_id AND c.day = wanted.day AND c.minute = wanted.minute
                   AND c.released_at IS NULL AND c.purchase_id <> p_purchase_id
                   AND c.id NOT IN (SELECT id FROM lapsed)
               ) AS used ON true
         WHERE wanted.quantity > CASE WHEN r.id IS NULL THEN 0 ELSE coalesce(d.capacity, r.capacity) END
                                 - coalesce(used.quantity, 0)
         LIMIT 1
    ), given_back AS (
        UPDATE claims SET released_at = p_now WHERE purchase_id = p_purchase_id AND released_at IS NULL
    ), taken AS (
        INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, created_at)
        SELECT resource_id, day, minute, quantity, p_purchase_kind, p_purchase_id, p_expires_at, p_now FROM asked
         WHERE NOT EXISTS (SELECT FROM lacking)
    )
    SELECT * INTO short FROM lacking;
    IF FOUND THEN
        RAISE EXCEPTION 'not enough left' USING ERRCODE = 'SJ001', DETAIL = json_build_object(
            'resource_id', short.resource_id, 'day', short.day, 'requested', short.quantity, 'available', short.free)::text;
    END IF;
    RETURN cardinality(p_resources);
END;
$$;

-- What a row may be. PostgreSQL reads each CHECK anew from its text for every statement that writes the table, and of a
-- list of words that is long; a function is read once a session.
CREATE FUNCTION valid_booking(
    booking_ref text, booking_type text, status text, people_count integer, rooms integer, total_usd numeric
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN length(booking_ref) <= 12
       AND booking_type IN ('PACKAGE', 'HOTEL_ONLY', 'TRANSPORT_ONLY', 'GUIDE_ONLY')
       AND status IN ('PENDING', 'RESERVED', 'CONFIRMED', 'CANCELLED', 'REFUNDED', 'COMPLETED', 'EXPIRED')
       AND people_count > 0 AND rooms >= 1 AND total_usd >= 0;
END;
$$;
CREATE FUNCTION valid_payment(
    purchase_kind text, status text, method text, disposition text, amount numeric, captured numeric, refunded numeric
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')
       AND status IN ('PENDING', 'PROCESSING', 'SUCCEEDED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')
       AND method IN ('CARD', 'BAKONG_QR', 'PAYPAL')
       AND disposition IN ('APPLIED', 'LATE', 'DUPLICATE', 'CANCELLED_PURCHASE', 'MISMATCH')
       AND amount > 0 AND refunded <= captured;
END;
$$;
CREATE FUNCTION valid_claim(purchase_kind text, minute integer, quantity integer)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER', 'CONSULTATION')
       AND minute BETWEEN 0 AND 1439 AND quantity > 0;
END;
$$;
CREATE FUNCTION valid_price_line(purchase_kind text, kind text)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')
       AND kind IN ('BASE', 'OPTION', 'GOVERNMENT_FEE', 'STUDENT', 'PROMOTION', 'POINTS');
END;
$$;
CREATE FUNCTION valid_points_lot(status text, points integer, remaining integer)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN status IN ('PENDING', 'AVAILABLE', 'VOIDED') AND points > 0 AND remaining BETWEEN 0 AND points;
END;
$$;
CREATE FUNCTION valid_points_entry(kind text, status text, points integer)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN kind IN ('EARNED', 'MATURED', 'SPENT', 'RETURNED', 'TAKEN_BACK', 'EXPIRED', 'SET_OFF', 'REFERRAL', 'RESTORED')
       AND status IN ('PENDING', 'AVAILABLE') AND points <> 0;
END;
$$;
CREATE FUNCTION valid_audit_entry(actor_kind text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN actor_kind IN ('USER', 'SERVICE', 'PROVIDER', 'SYSTEM');
END;
$$;

-- New rows are held to them at once; the rows that are there, in steps of their own, and then the old rules go
-- (migrations/versions/0034_lighter_rows.py).
ALTER TABLE bookings ADD CONSTRAINT bookings_valid CHECK (
    valid_booking(booking_ref, booking_type, status, people_count, rooms, total_usd)) NOT VALID;
ALTER TABLE payments ADD CONSTRAINT payments_valid CHECK (
    valid_payment(purchase_kind, status, method, disposition, amount, captured_amount, refunded_amount)) NOT VALID;
ALTER TABLE claims ADD CONSTRAINT claims_valid CHECK (valid_claim(purchase_kind, minute, quantity)) NOT VALID;
ALTER TABLE price_lines ADD CONSTRAINT price_lines_valid CHECK (valid_price_line(purchase_kind, kind)) NOT VALID;
ALTER TABLE loyalty_lots ADD CONSTRAINT loyalty_lots_valid CHECK (
    valid_points_lot(status, points, remaining)) NOT VALID;
ALTER TABLE loyalty_transactions ADD CONSTRAINT loyalty_transactions_valid CHECK (
    valid_points_entry(kind, status, points)) NOT VALID;
ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_valid CHECK (valid_audit_entry(actor_kind)) NOT VALID;
