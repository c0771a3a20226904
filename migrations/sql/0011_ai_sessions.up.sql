-- What an AI agent remembers of a conversation: the agent's own JSON, bound to the customer it acts for, and gone after
-- seven days (rules, section 8).
CREATE TABLE ai_sessions (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    state jsonb NOT NULL CHECK (jsonb_typeof(state) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ai_sessions_user ON ai_sessions (user_id, updated_at DESC);
CREATE INDEX ai_sessions_due ON ai_sessions (expires_at);
