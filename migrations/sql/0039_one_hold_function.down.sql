CREATE FUNCTION take_hold(
    p_user_id uuid, p_max_holds integer, p_purchase_kind text, p_purchase_id uuid, p_expires_at timestamptz,
    p_now timestamptz, p_resources uuid[], p_days date[], p_minutes smallint[], p_quantities integer[]
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM users WHERE id = p_user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM bookings
         WHERE user_id = p_user_id AND status = 'RESERVED' AND reserved_until > p_now) >= p_max_holds THEN
        RAISE EXCEPTION 'too many holds' USING ERRCODE = 'SJ002', DETAIL = p_max_holds::text;
    END IF;
    RETURN take_claims(p_purchase_kind, p_purchase_id, p_expires_at, p_now, p_resources, p_days, p_minutes, p_quantities);
END;
$$;
