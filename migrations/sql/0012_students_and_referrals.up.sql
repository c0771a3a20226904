-- Points of a referral are booked under a kind of their own. Every row there is fits the wider list: it is checked in a
-- transaction by itself (see the revision), which readers and writers do not wait for.
-- squawk-ignore ban-drop-constraint
ALTER TABLE loyalty_transactions DROP CONSTRAINT loyalty_transactions_kind_check;
ALTER TABLE loyalty_transactions ADD CONSTRAINT loyalty_transactions_kind_check CHECK (
    kind IN ('EARNED', 'MATURED', 'SPENT', 'RETURNED', 'TAKEN_BACK', 'EXPIRED', 'SET_OFF', 'REFERRAL', 'RESTORED')
) NOT VALID;

-- A friend counts once, with the first purchase that is large enough. `purchase_id` is a booking's or an order's.
CREATE TABLE referrals (
    id uuid PRIMARY KEY,
    referrer_id uuid NOT NULL REFERENCES users (id),
    friend_id uuid NOT NULL UNIQUE REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('PENDING', 'FLAGGED', 'APPROVED', 'VOIDED')),
    purchase_kind text NOT NULL CHECK (purchase_kind IN ('BOOKING', 'ORDER')),
    purchase_id uuid NOT NULL UNIQUE,
    amount numeric(12,2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    flags text[] NOT NULL DEFAULT '{}',
    is_cleared boolean NOT NULL DEFAULT false,
    void_reason text CHECK (void_reason IN ('PURCHASE_CANCELLED', 'REFUNDED', 'REJECTED')),
    referrer_points integer NOT NULL DEFAULT 0 CHECK (referrer_points >= 0),
    friend_points integer NOT NULL DEFAULT 0 CHECK (friend_points >= 0),
    completed_at timestamptz,
    approved_at timestamptz,
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    note text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((status = 'VOIDED') = (void_reason IS NOT NULL)),
    CHECK ((status = 'APPROVED') = (approved_at IS NOT NULL)),
    CHECK (status <> 'FLAGGED' OR cardinality(flags) > 0),
    CHECK (referrer_id <> friend_id)
);
CREATE INDEX referrals_referrer ON referrals (referrer_id, created_at DESC);
CREATE INDEX referrals_rewarded ON referrals (referrer_id, approved_at) WHERE referrer_points > 0;
CREATE INDEX referrals_status ON referrals (status, created_at, id);

-- One attempt to be verified as a student. The pictures lie in the file store until the decision; what was decided and
-- the SHA-256 of what was sent stay.
CREATE TABLE student_verifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    status text NOT NULL DEFAULT 'STARTED' CHECK (
        status IN ('STARTED', 'PENDING_REVIEW', 'APPROVED', 'REJECTED', 'EXPIRED')),
    institution text NOT NULL CHECK (length(institution) <= 200),
    card_expires_on date NOT NULL,
    card_folder text UNIQUE,
    card_type text,
    card_digest bytea,
    selfie_folder text UNIQUE,
    selfie_type text,
    selfie_digest bytea,
    similarity numeric(5,4) CHECK (similarity BETWEEN 0 AND 1),
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    rejection_reason text,
    expires_at timestamptz,
    reminded_at timestamptz,
    submitted_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (status <> 'PENDING_REVIEW' OR (
        submitted_at IS NOT NULL AND card_folder IS NOT NULL AND selfie_folder IS NOT NULL)),
    CHECK (status NOT IN ('APPROVED', 'REJECTED') OR (
        decided_at IS NOT NULL AND card_folder IS NULL AND selfie_folder IS NULL)),
    CHECK ((status = 'REJECTED') = (rejection_reason IS NOT NULL)),
    CHECK (status <> 'APPROVED' OR expires_at IS NOT NULL)
);
CREATE UNIQUE INDEX student_verifications_one_open ON student_verifications (user_id)
    WHERE status IN ('STARTED', 'PENDING_REVIEW');
CREATE INDEX student_verifications_user ON student_verifications (user_id, created_at DESC);
CREATE INDEX student_verifications_status ON student_verifications (status, created_at, id);
CREATE INDEX student_verifications_ending ON student_verifications (expires_at) WHERE status = 'APPROVED';
CREATE INDEX student_verifications_card ON student_verifications (card_digest) WHERE card_digest IS NOT NULL;

-- One card verifies one account: the first approval takes it for good.
CREATE TABLE student_cards (
    digest bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    taken_at timestamptz NOT NULL
);
