DROP FUNCTION next_in_series(text, integer);
DROP TABLE counters, idempotency_keys, audit_entries, inbox;
DROP FUNCTION iso(timestamptz);
DROP TABLE pgqueuer, pgqueuer_log, pgqueuer_schedules, pgqueuer_statistics;
DROP FUNCTION fn_pgqueuer_changed();
DROP TYPE pgqueuer_status;
