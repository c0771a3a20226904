-- Who vouches for an account besides its password: their name for the person never changes, the address may.
CREATE TABLE linked_identities (
    provider text NOT NULL CHECK (length(provider) <= 20),
    subject text NOT NULL CHECK (length(subject) <= 255),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email text NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject),
    UNIQUE (user_id, provider)
);

-- Journeys to a provider that have not come back yet. Only hashes of what the browser holds are kept, as for links; the
-- row goes with its first use.
CREATE TABLE sign_in_attempts (
    state_hash bytea PRIMARY KEY,
    holder_hash bytea NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    redirect_uri text NOT NULL,
    return_to text,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_expiry ON sign_in_attempts (expires_at);

-- TOTP (RFC 6238). The secret is sealed (AES-256-GCM, bound to the account); `last_step` is the last code's number of
-- half minutes: no code counts twice.
CREATE TABLE second_factors (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

-- A first factor that was right and waits for the second. `version` is the account's when it was made: a password that
-- changes meanwhile ends it.
CREATE TABLE sign_in_challenges (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version integer NOT NULL,
    is_restoring boolean NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_challenges_user ON sign_in_challenges (user_id);
CREATE INDEX sign_in_challenges_expiry ON sign_in_challenges (expires_at);
