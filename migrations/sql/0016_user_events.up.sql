-- What has happened to a customer's purchases, in the order in which it was committed, for whoever listens: a stream
-- resumes from the last id it has seen. Ids of one customer are drawn under a lock that lasts until the commit
-- (docs/events.md), so none is ever committed behind a higher one. Kept for seven days; the truth is elsewhere, hence
-- no foreign key: it would lock the customer's row on the webhook's road.
CREATE TABLE user_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX user_events_user ON user_events (user_id, id);
-- For forgetting alone: rows lie in the order of their time.
CREATE INDEX user_events_created_at ON user_events USING brin (created_at);
