-- Takes claims, all or nothing. The lock law: resources once, in id order, then count, then insert. Each statement of
-- a VOLATILE function sees what was committed before it began, so the count is made after the lock was won.
--
-- Claims of a hold that has lapsed are taken over: released here, so that whoever extends or pays for that hold with an
-- older look at the clock finds them gone. Where somebody is keeping them at this very moment their rows are locked:
-- those are left alone, and count.
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
