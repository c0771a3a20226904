-- The net below the API, for whoever reads the database itself: Supabase's REST interface with a customer's own token, or
-- a report with a role of its own (docs/supabase.md). The owner of the tables, as whom the API comes, is not asked.
-- Every part that needs a right which this user lacks is left out with a notice; the API needs none of them.
DO $do$
BEGIN
    -- Supabase has this schema, function and role; elsewhere they are made, the function with Supabase's own meaning.
    IF to_regnamespace('auth') IS NULL THEN
        CREATE SCHEMA auth;
        COMMENT ON SCHEMA auth IS 'made by sojourn';
    END IF;
    IF to_regprocedure('auth.uid()') IS NULL THEN
        CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $uid$
            SELECT coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
            )::uuid
        $uid$;
        COMMENT ON FUNCTION auth.uid() IS 'made by sojourn';
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'row-level security is left out: % may not make auth.uid() in this database', current_user;
END $do$;

DO $do$
BEGIN
    IF to_regrole('authenticated') IS NULL THEN
        CREATE ROLE authenticated NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'the role authenticated is left out: % may not make roles', current_user;
    WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database of this server has just made it
END $do$;

DO $do$
DECLARE
    stranger text;
    owned regclass;
BEGIN
    IF to_regprocedure('auth.uid()') IS NULL THEN
        RETURN; -- said above
    END IF;
    -- The document's policies (DerLg, 3.3); the sub-select is asked once a statement and leaves the index usable.
    CREATE POLICY users_own_bookings ON bookings FOR SELECT USING (user_id = (SELECT auth.uid()));
    CREATE POLICY users_own_loyalty ON loyalty_transactions FOR SELECT USING (user_id = (SELECT auth.uid()));
    ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
    ALTER TABLE loyalty_transactions ENABLE ROW LEVEL SECURITY;
    -- Supabase grants these two every right on every new table. They get what the policies speak of, and no more.
    FOREACH stranger IN ARRAY ARRAY['anon', 'authenticated'] LOOP
        CONTINUE WHEN to_regrole(stranger) IS NULL;
        FOR owned IN
            SELECT oid FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
               AND relowner = current_user::regrole
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %I', owned, stranger);
        END LOOP;
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM %I', stranger);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM %I', stranger);
    END LOOP;
    IF to_regrole('authenticated') IS NOT NULL THEN
        IF obj_description('auth'::regnamespace, 'pg_namespace') = 'made by sojourn' THEN
            GRANT USAGE ON SCHEMA auth TO authenticated;
        END IF;
        GRANT SELECT ON bookings, loyalty_transactions TO authenticated;
    END IF;
END $do$;
