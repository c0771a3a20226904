-- When a consultant is there: a week on the wall clock of `time_zone`, and the dates that differ from it.
CREATE TABLE consultant_hours (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    resource_id uuid NOT NULL UNIQUE REFERENCES resources (id),
    time_zone text NOT NULL,
    weekly jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE consultant_overrides (
    user_id uuid NOT NULL REFERENCES consultant_hours (user_id) ON DELETE CASCADE,
    day date NOT NULL,
    hours jsonb NOT NULL,
    reason text,
    PRIMARY KEY (user_id, day)
);

-- The slot is stock: an open consultation holds claims on its consultant's resource, a quarter of an hour each.
CREATE TABLE consultations (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    consultant_id uuid NOT NULL REFERENCES users (id),
    user_id uuid NOT NULL REFERENCES users (id),
    resource_id uuid NOT NULL REFERENCES resources (id),
    scheduled_at timestamptz NOT NULL,
    duration smallint NOT NULL CHECK (duration > 0),
    time_zone text NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'SCHEDULED', 'COMPLETED', 'CANCELLED', 'NO_SHOW')),
    meeting_link text,
    meeting_provider text,
    meeting_id text,
    note text,
    notes text,
    moves smallint NOT NULL DEFAULT 0,
    sequence integer NOT NULL DEFAULT 0,
    is_session_used boolean NOT NULL DEFAULT true,
    cancellation_reason text,
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX consultations_order ON consultations (order_id);
CREATE INDEX consultations_user ON consultations (user_id, scheduled_at);
CREATE INDEX consultations_consultant ON consultations (consultant_id, scheduled_at);
CREATE INDEX consultations_open ON consultations (scheduled_at) WHERE status IN ('PENDING', 'SCHEDULED');

-- A calendar's secret address; only its hash is kept.
CREATE TABLE calendar_feeds (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

-- An invitation goes with its mail: {"method", "text"} (RFC 5546).
ALTER TABLE notifications ADD COLUMN calendar jsonb;
