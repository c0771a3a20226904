-- Every message that leaves: one row per (kind, subject, recipient), so that nothing goes twice.
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    occasion text NOT NULL DEFAULT '',
    user_id uuid REFERENCES users (id),
    recipient text NOT NULL,
    recipient_name text,
    language text NOT NULL,
    context jsonb NOT NULL,
    invoice_id uuid REFERENCES invoices (id),
    status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'SENT', 'FAILED')),
    provider text,
    provider_id text,
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    UNIQUE (kind, subject_id, occasion, recipient)
);
CREATE INDEX notifications_unsent ON notifications (created_at) WHERE status = 'QUEUED';
CREATE INDEX notifications_user ON notifications (user_id, created_at DESC);

-- What the books' own checks found; open until a later run no longer sees it.
CREATE TABLE invariant_findings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invariant text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    found_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX invariant_findings_open ON invariant_findings (invariant, subject) WHERE resolved_at IS NULL;
-- For the checks alone: they look at what is to come, or was asked for lately. Nothing
-- has been released yet: these tables are empty when this runs.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX claims_live_day ON claims (day) WHERE released_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX refunds_requested_at ON refunds (requested_at);
