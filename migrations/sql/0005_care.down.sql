DROP TABLE invariant_findings, notifications;
DROP INDEX claims_live_day, refunds_requested_at;
