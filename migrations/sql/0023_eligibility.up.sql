-- Who may travel where, to what end, and with which visa. A row is known by its three codes.
CREATE TABLE eligibility_rules (
    id uuid PRIMARY KEY,
    nationality text NOT NULL CHECK (nationality ~ '^[A-Z]{2}$'),
    destination text NOT NULL CHECK (destination ~ '^[A-Z]{2}$' AND destination <> nationality),
    purpose text NOT NULL CHECK (purpose IN ('TOURISM', 'BUSINESS', 'STUDY', 'WORK')),
    slug text GENERATED ALWAYS AS (lower(nationality || '-' || destination || '-' || purpose)) STORED UNIQUE,
    outcome text NOT NULL CHECK (
        outcome IN ('VISA_FREE', 'VISA_ON_ARRIVAL', 'E_VISA', 'VISA_REQUIRED', 'ASK_A_CONSULTANT')),
    max_stay_days integer CHECK (max_stay_days BETWEEN 1 AND 3650),
    documents text[] NOT NULL DEFAULT '{}',
    caution text,
    caution_km text,
    caution_zh text,
    source_name text NOT NULL,
    source_url text NOT NULL,
    checked_on date NOT NULL,
    services text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    source_hash text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists by destination, and what has not been checked for longest.
CREATE INDEX eligibility_rules_destination ON eligibility_rules (destination, nationality, purpose);
CREATE INDEX eligibility_rules_checked_on ON eligibility_rules (checked_on, id);
