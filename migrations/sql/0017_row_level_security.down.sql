-- Roles belong to the server, and others may use them: they stay, as does what was taken from them.
DO $do$
BEGIN
    ALTER TABLE bookings DISABLE ROW LEVEL SECURITY;
    ALTER TABLE loyalty_transactions DISABLE ROW LEVEL SECURITY;
    DROP POLICY IF EXISTS users_own_bookings ON bookings;
    DROP POLICY IF EXISTS users_own_loyalty ON loyalty_transactions;
    IF to_regrole('authenticated') IS NOT NULL THEN
        REVOKE ALL ON bookings, loyalty_transactions FROM authenticated;
    END IF;
    IF obj_description(to_regprocedure('auth.uid()'), 'pg_proc') = 'made by sojourn' THEN
        DROP FUNCTION auth.uid();
    END IF;
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') = 'made by sojourn' THEN
        DROP SCHEMA auth;
    END IF;
END $do$;
