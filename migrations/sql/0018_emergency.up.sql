-- Calls for help. `level`: how many times the desk was told; 0 for one that has come past the API. `escalates_at`: when
-- the desk is told next, while nobody has acknowledged it. A position is forgotten after 30 days (docs/emergency.md).
CREATE TABLE emergency_alerts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    alert_type text NOT NULL DEFAULT 'SOS' CHECK (
        alert_type IN ('SOS', 'MEDICAL', 'THEFT', 'LOST', 'ACCIDENT', 'OTHER')),
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'ACKNOWLEDGED', 'RESOLVED', 'CANCELLED')),
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    accuracy_m double precision CHECK (accuracy_m >= 0),
    positioned_at timestamptz,
    province text,
    message text CHECK (length(message) <= 2000),
    repeats integer NOT NULL DEFAULT 0,
    level integer NOT NULL DEFAULT 0,
    escalates_at timestamptz NOT NULL DEFAULT now(),
    raised_at timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES users (id),
    resolved_at timestamptz,
    resolved_by uuid REFERENCES users (id),
    resolution_note text,
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX emergency_alerts_user ON emergency_alerts (user_id, created_at DESC, id);
CREATE INDEX emergency_alerts_newest ON emergency_alerts (created_at DESC, id);
CREATE INDEX emergency_alerts_status ON emergency_alerts (status, created_at DESC, id);
CREATE INDEX emergency_alerts_due ON emergency_alerts (escalates_at) WHERE status = 'OPEN';
CREATE INDEX emergency_alerts_position ON emergency_alerts (coalesce(positioned_at, created_at))
    WHERE latitude IS NOT NULL;

-- The document's policy (DerLg, 3.3): who reads the database itself may call for help as themselves, and say no more
-- than that; as in 0017, what this database does not have is left out.
DO $do$
BEGIN
    IF to_regprocedure('auth.uid()') IS NULL THEN
        RETURN;
    END IF;
    CREATE POLICY users_insert_emergency ON emergency_alerts
        FOR INSERT WITH CHECK (user_id = (SELECT auth.uid()));
    ALTER TABLE emergency_alerts ENABLE ROW LEVEL SECURITY;
    IF to_regrole('authenticated') IS NOT NULL THEN
        GRANT INSERT (user_id, alert_type, latitude, longitude, accuracy_m, message) ON emergency_alerts
            TO authenticated;
    END IF;
END $do$;
