-- Several holds may share a transaction now (docs/decisions/0029-shared-transactions.md), so one that is refused must be
-- an answer and not an error, which would undo its neighbours. `take_hold` stays for processes of the release before.
--
-- The one place where stock is given away (docs/inventory.md): NULL when it was taken, else what is lacking, and then
-- nothing is done. What a lapsed hold claimed is released before counting, under the lock: whoever still thinks it held
-- by an older look at the clock finds it gone. Where somebody is keeping it at this very moment its rows are locked:
-- those are left alone, and count. A purchase that claims anew (a changed date, a revived hold) gives back what it had.
CREATE FUNCTION claim_stock(
    p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    short record;
BEGIN
    PERFORM 1 FROM resources WHERE id = ANY (p_resources) ORDER BY id FOR NO KEY UPDATE;
    WITH asked AS MATERIALIZED (
        SELECT u.resource_id, u.day, u.minute, u.quantity
          FROM unnest(p_resources, p_days, p_minutes, p_quantities) AS u (resource_id, day, minute, quantity)
    ), lapsed AS MATERIALIZED (
        SELECT c.id FROM asked u JOIN claims c ON c.resource_id = u.resource_id AND c.day = u.day AND c.minute = u.minute
         WHERE c.released_at IS NULL AND c.expires_at <= p_now AND c.purchase_id <> p_purchase_id
           FOR UPDATE OF c SKIP LOCKED
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
    ), released AS (
        UPDATE claims SET released_at = p_now WHERE id IN (SELECT id FROM lapsed) AND NOT EXISTS (SELECT FROM lacking)
    ), given_back AS (
        UPDATE claims SET released_at = p_now
         WHERE purchase_id = p_purchase_id AND released_at IS NULL AND NOT EXISTS (SELECT FROM lacking)
    ), taken AS (
        INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, created_at)
        SELECT resource_id, day, minute, quantity, p_purchase_kind, p_purchase_id, p_expires_at, p_now FROM asked
         WHERE NOT EXISTS (SELECT FROM lacking)
    )
    SELECT * INTO short FROM lacking;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'resource_id', short.resource_id, 'day', short.day, 'requested', short.quantity, 'available', short.free);
END;
$$;

-- The same for whoever is in a transaction of its own: what is lacking undoes it.
CREATE OR REPLACE FUNCTION take_claims(
    p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    lacking jsonb := claim_stock(
        p_purchase_kind, p_purchase_id, p_expires_at, p_now, p_resources, p_days, p_minutes, p_quantities);
BEGIN
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'not enough left' USING ERRCODE = 'SJ001', DETAIL = lacking::text;
    END IF;
    RETURN cardinality(p_resources);
END;
$$;

-- A hold takes its stock unless its customer has too many open already. The customer's row is locked before the stock.
CREATE FUNCTION hold_stock(
    p_user_id uuid, p_max_holds integer, p_purchase_id uuid, p_expires_at timestamptz, p_now timestamptz,
    p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM users WHERE id = p_user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bookings
         WHERE user_id = p_user_id AND status = 'RESERVED' AND reserved_until > p_now) >= p_max_holds THEN
        RETURN jsonb_build_object('limit', p_max_holds);
    END IF;
    RETURN claim_stock(
        'BOOKING', p_purchase_id, p_expires_at, p_now, p_resources, p_days, p_minutes, p_quantities);
END;
$$;
