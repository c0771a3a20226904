CREATE TABLE users (
    id uuid PRIMARY KEY,
    supabase_uid text UNIQUE,
    email text NOT NULL CHECK (length(email) <= 255),
    email_verified_at timestamptz,
    password_hash text,
    password_changed_at timestamptz,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    phone text CHECK (length(phone) <= 20),
    country text CHECK (length(country) <= 100),
    avatar_url text,
    role text NOT NULL DEFAULT 'CUSTOMER' CHECK (role IN ('CUSTOMER', 'CONSULTANT', 'GUIDE', 'ADMIN')),
    preferred_language text NOT NULL DEFAULT 'en' CHECK (preferred_language IN ('en', 'km', 'zh')),
    preferences jsonb NOT NULL DEFAULT '{}',
    loyalty_points integer NOT NULL DEFAULT 0,
    is_student boolean NOT NULL DEFAULT false,
    student_verified_at timestamptz,
    student_expires_at timestamptz,
    emergency_contact_name text CHECK (length(emergency_contact_name) <= 100),
    emergency_contact_phone text CHECK (length(emergency_contact_phone) <= 20),
    referral_code text NOT NULL UNIQUE,
    referred_by uuid REFERENCES users (id),
    total_completed_bookings integer NOT NULL DEFAULT 0,
    refresh_token_version integer NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    last_signed_in_at timestamptz,
    deletion_requested_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_role ON users (role) WHERE role <> 'CUSTOMER';
CREATE INDEX users_created_at ON users (created_at DESC);
CREATE INDEX users_deletion ON users (deletion_requested_at) WHERE deletion_requested_at IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE addresses (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label text,
    recipient text NOT NULL,
    line_one text NOT NULL,
    line_two text,
    city text NOT NULL,
    province text,
    postal_code text,
    country text NOT NULL,
    phone text,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX addresses_user ON addresses (user_id, created_at);
CREATE UNIQUE INDEX addresses_one_default ON addresses (user_id) WHERE is_default;

-- Single-use links: only the hash of the secret is kept.
CREATE TABLE account_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD', 'STAFF_INVITATION')),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX account_links_user ON account_links (user_id, purpose) WHERE used_at IS NULL;

CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    version integer NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    revoked_at timestamptz,
    ip text,
    user_agent text
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id) WHERE revoked_at IS NULL;

-- Failed sign-ins per account name, known or not: 5 in 15 minutes lock it.
CREATE TABLE failed_sign_ins (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    ip text,
    failed_at timestamptz NOT NULL
);
CREATE INDEX failed_sign_ins_account ON failed_sign_ins (account, failed_at DESC);
