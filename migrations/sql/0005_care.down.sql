DROP TABLE invariant_findings, notifications;
