-- What somebody is told that we know of them: one archive at a time, in pieces below `folder`, gone with `expires_at`.
CREATE TABLE account_exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'REQUESTED' CHECK (status IN ('REQUESTED', 'READY', 'FAILED')),
    folder text NOT NULL UNIQUE,
    pieces integer CHECK (pieces > 0),
    file_size bigint CHECK (file_size > 0),
    requested_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz,
    CHECK ((status = 'READY') = (
        pieces IS NOT NULL AND file_size IS NOT NULL AND ready_at IS NOT NULL AND expires_at IS NOT NULL))
);
CREATE UNIQUE INDEX account_exports_one_open ON account_exports (user_id) WHERE status = 'REQUESTED';
CREATE INDEX account_exports_user ON account_exports (user_id, requested_at DESC);
