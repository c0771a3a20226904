-- As 0029 made it.
CREATE OR REPLACE FUNCTION take_claims(
    p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    short record;
    taken integer;
BEGIN
    PERFORM 1 FROM resources WHERE id = ANY (p_resources) ORDER BY id FOR NO KEY UPDATE;
    UPDATE claims SET released_at = p_now WHERE id IN (
        SELECT c.id
          FROM unnest(p_resources, p_days, p_minutes) AS u (resource_id, day, minute)
          JOIN claims c ON c.resource_id = u.resource_id AND c.day = u.day AND c.minute = u.minute
         WHERE c.released_at IS NULL AND c.expires_at <= p_now AND c.purchase_id <> p_purchase_id
           FOR UPDATE OF c SKIP LOCKED);
    SELECT wanted.resource_id, wanted.day, wanted.minute, wanted.quantity,
           greatest(coalesce(d.capacity, r.capacity, 0) - coalesce(used.quantity, 0), 0) AS free
      INTO short
      FROM (SELECT u.resource_id, u.day, u.minute, sum(u.quantity)::integer AS quantity
              FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity)
             GROUP BY 1, 2, 3) AS wanted
      LEFT JOIN resources r ON r.id = wanted.resource_id AND r.is_active
      LEFT JOIN resource_days d ON d.resource_id = wanted.resource_id AND d.day = wanted.day
      LEFT JOIN LATERAL (
            SELECT sum(c.quantity)::integer AS quantity FROM claims c
             WHERE c.resource_id = wanted.resource_id AND c.day = wanted.day AND c.minute = wanted.minute
               AND c.released_at IS NULL AND c.purchase_id <> p_purchase_id
           ) AS used ON true
     WHERE wanted.quantity > CASE WHEN r.id IS NULL THEN 0 ELSE coalesce(d.capacity, r.capacity) END
                             - coalesce(used.quantity, 0)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'not enough left' USING ERRCODE = 'SJ001', DETAIL = json_build_object(
            'resource_id', short.resource_id, 'day', short.day, 'requested', short.quantity, 'available', short.free)::text;
    END IF;
    -- A purchase that claims anew (a changed date, a revived hold) gives back what it had.
    UPDATE claims SET released_at = p_now WHERE purchase_id = p_purchase_id AND released_at IS NULL;
    INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, created_at)
    SELECT u.resource_id, u.day, u.minute, u.quantity, p_purchase_kind, p_purchase_id, p_expires_at, p_now
      FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity);
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END;
$$;
ALTER TABLE bookings
    ADD CONSTRAINT bookings_booking_ref_check CHECK (length(booking_ref) <= 12),
    ADD CONSTRAINT bookings_booking_type_check CHECK (booking_type IN ('PACKAGE', 'HOTEL_ONLY', 'TRANSPORT_ONLY', 'GUIDE_ONLY')),
    ADD CONSTRAINT bookings_people_count_check CHECK (people_count > 0),
    ADD CONSTRAINT bookings_rooms_check CHECK (rooms >= 1),
    ADD CONSTRAINT bookings_status_check CHECK (status IN ('PENDING', 'RESERVED', 'CONFIRMED', 'CANCELLED', 'REFUNDED', 'COMPLETED', 'EXPIRED')),
    ADD CONSTRAINT bookings_total_usd_check CHECK (total_usd >= 0),
    DROP CONSTRAINT bookings_valid;
ALTER TABLE payments
    ADD CONSTRAINT payments_amount_check CHECK (amount > 0),
    ADD CONSTRAINT payments_check CHECK (refunded_amount <= captured_amount),
    ADD CONSTRAINT payments_disposition_check CHECK (disposition IN ('APPLIED', 'LATE', 'DUPLICATE', 'CANCELLED_PURCHASE', 'MISMATCH')),
    ADD CONSTRAINT payments_method_check CHECK (method IN ('CARD', 'BAKONG_QR', 'PAYPAL')),
    ADD CONSTRAINT payments_purchase_kind_check CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')),
    ADD CONSTRAINT payments_status_check CHECK (status IN ('PENDING', 'PROCESSING', 'SUCCEEDED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
    DROP CONSTRAINT payments_valid;
ALTER TABLE claims
    ADD CONSTRAINT claims_minute_check CHECK (minute BETWEEN 0 AND 1439),
    ADD CONSTRAINT claims_purchase_kind_check CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER', 'CONSULTATION')),
    ADD CONSTRAINT claims_quantity_check CHECK (quantity > 0),
    DROP CONSTRAINT claims_valid;
ALTER TABLE price_lines
    ADD CONSTRAINT price_lines_kind_check CHECK (kind IN ('BASE', 'OPTION', 'GOVERNMENT_FEE', 'STUDENT', 'PROMOTION', 'POINTS')),
    ADD CONSTRAINT price_lines_purchase_kind_check CHECK (purchase_kind IN ('BOOKING', 'BOOKING_CHANGE', 'ORDER')),
    DROP CONSTRAINT price_lines_valid;
ALTER TABLE loyalty_lots
    ADD CONSTRAINT loyalty_lots_check CHECK (remaining BETWEEN 0 AND points),
    ADD CONSTRAINT loyalty_lots_points_check CHECK (points > 0),
    ADD CONSTRAINT loyalty_lots_status_check CHECK (status IN ('PENDING', 'AVAILABLE', 'VOIDED')),
    DROP CONSTRAINT loyalty_lots_valid;
ALTER TABLE loyalty_transactions
    ADD CONSTRAINT loyalty_transactions_kind_check CHECK (
        kind IN ('EARNED', 'MATURED', 'SPENT', 'RETURNED', 'TAKEN_BACK', 'EXPIRED', 'SET_OFF', 'REFERRAL', 'RESTORED')),
    ADD CONSTRAINT loyalty_transactions_points_check CHECK (points <> 0),
    ADD CONSTRAINT loyalty_transactions_status_check CHECK (status IN ('PENDING', 'AVAILABLE')),
    DROP CONSTRAINT loyalty_transactions_valid;
ALTER TABLE audit_entries
    ADD CONSTRAINT audit_entries_actor_kind_check CHECK (actor_kind IN ('USER', 'SERVICE', 'PROVIDER', 'SYSTEM')),
    DROP CONSTRAINT audit_entries_valid;
DROP FUNCTION valid_booking(text, text, text, integer, integer, numeric);
DROP FUNCTION valid_payment(text, text, text, text, numeric, numeric, numeric);
DROP FUNCTION valid_claim(text, integer, integer);
DROP FUNCTION valid_price_line(text, text);
DROP FUNCTION valid_points_lot(text, integer, integer);
DROP FUNCTION valid_points_entry(text, text, integer);
DROP FUNCTION valid_audit_entry(text);
