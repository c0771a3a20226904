-- What travellers say of what they have booked. Only PUBLISHED ones are read and counted; `report_count` is how many
-- readers object. A subject's avg_rating and review_count follow in the same transaction (docs/reviews.md).
CREATE TABLE reviews (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id uuid NOT NULL REFERENCES bookings (id),
    user_id uuid NOT NULL REFERENCES users (id),
    subject_kind text NOT NULL CHECK (subject_kind IN ('TRIP', 'HOTEL', 'VEHICLE', 'GUIDE')),
    subject_id uuid NOT NULL,
    rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title text CHECK (length(title) <= 200),
    text text CHECK (length(text) <= 2000),
    language text NOT NULL CHECK (language IN ('en', 'km', 'zh')),
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'PUBLISHED', 'HIDDEN')),
    hidden_reason text,
    moderated_by uuid REFERENCES users (id),
    moderated_at timestamptz,
    reply text CHECK (length(reply) <= 2000),
    replied_by uuid REFERENCES users (id),
    replied_at timestamptz,
    report_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'HIDDEN') = (hidden_reason IS NOT NULL)),
    CONSTRAINT reviews_once UNIQUE (booking_id, subject_kind)
);
CREATE INDEX reviews_newest ON reviews (subject_kind, subject_id, created_at DESC, id) WHERE status = 'PUBLISHED';
CREATE INDEX reviews_rating ON reviews (subject_kind, subject_id, rating, created_at DESC, id)
    WHERE status = 'PUBLISHED';
CREATE INDEX reviews_user ON reviews (user_id, created_at DESC, id);
CREATE INDEX reviews_all ON reviews (created_at DESC, id);
CREATE INDEX reviews_status ON reviews (status, created_at DESC, id);
CREATE INDEX reviews_reported ON reviews (created_at DESC, id) WHERE report_count > 0;

CREATE TABLE review_reports (
    review_id uuid NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    reason text NOT NULL CHECK (length(reason) <= 500),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (review_id, user_id)
);

-- The document's policy (DerLg, 3.3), and that what is reviewed was booked. Such a review waits for the desk; rooms are
-- reviewed as their hotel, which is not to be seen from here: those come through the API. What this database does not
-- have is left out, as in 0017.
DO $do$
BEGIN
    IF to_regprocedure('auth.uid()') IS NULL THEN
        RETURN;
    END IF;
    CREATE POLICY verified_reviews_only ON reviews FOR INSERT WITH CHECK (
        user_id = (SELECT auth.uid())
        AND EXISTS (SELECT FROM bookings b
                     WHERE b.id = reviews.booking_id AND b.user_id = (SELECT auth.uid()) AND b.status = 'COMPLETED'
                       AND reviews.subject_id = CASE reviews.subject_kind
                           WHEN 'TRIP' THEN b.trip_id WHEN 'VEHICLE' THEN b.vehicle_id WHEN 'GUIDE' THEN b.guide_id END)
    );
    ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
    IF to_regrole('authenticated') IS NOT NULL THEN
        GRANT INSERT (booking_id, user_id, subject_kind, subject_id, rating, title, text, language) ON reviews
            TO authenticated;
    END IF;
END $do$;
