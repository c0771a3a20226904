DROP FUNCTION hold_stock;

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

DROP FUNCTION claim_stock;
