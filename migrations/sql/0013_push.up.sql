-- Where somebody can be reached by push. A token names one app on one device and belongs to whoever registered it last;
-- `session_id` is the sign-in it was registered under: when that ends, so does the device.
CREATE TABLE devices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid,
    token text NOT NULL UNIQUE CHECK (length(token) BETWEEN 1 AND 1024),
    platform text NOT NULL CHECK (platform IN ('ios', 'android', 'web')),
    language text CHECK (language IN ('en', 'km', 'zh')),
    app_version text CHECK (length(app_version) <= 40),
    registered_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX devices_user ON devices (user_id, last_seen_at DESC, id);
CREATE INDEX devices_session ON devices (session_id);

-- A push is a notification like a mail; its recipient is the device's id. Every older row is a mail: nothing to validate.
ALTER TABLE notifications
    ADD COLUMN channel text NOT NULL DEFAULT 'MAIL',
    ADD CONSTRAINT notifications_channel CHECK (channel IN ('MAIL', 'PUSH')) NOT VALID;

-- The way back for an account that is being deleted. The older rows keep a narrower law: nothing to validate.
ALTER TABLE account_links
    -- It is replaced by a wider one in the same statement.
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT account_links_purpose_check,
    ADD CONSTRAINT account_links_purpose_check
        CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD', 'STAFF_INVITATION', 'UNDO_DELETION')) NOT VALID;
