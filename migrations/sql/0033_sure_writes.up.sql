-- Writes that go by what was read before: one that finds it changed raises SJ003, and nothing of its statement is done
-- (src/sojourn/platform/db/together.py).
CREATE FUNCTION must_be(p_found bigint, p_expected bigint, p_part text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_found <> p_expected THEN
        RAISE EXCEPTION '%: % rows instead of %', p_part, p_found, p_expected USING ERRCODE = 'SJ003';
    END IF;
    RETURN true;
END;
$$;

-- The queue's trigger has nothing to say of an INSERT (0001): it need not be called for each of them.
CREATE OR REPLACE TRIGGER tg_pgqueuer_changed
AFTER UPDATE OR DELETE OR TRUNCATE ON pgqueuer
EXECUTE FUNCTION fn_pgqueuer_changed();
