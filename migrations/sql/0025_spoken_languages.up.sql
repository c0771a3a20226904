-- What staff speak: orders go to a consultant who speaks the customer's language. Nobody has said so yet, so every row fits;
-- that is checked in a transaction by itself (see the revision).
ALTER TABLE users ADD COLUMN spoken_languages text[] NOT NULL DEFAULT '{}';
ALTER TABLE users ADD CONSTRAINT users_spoken_languages_check CHECK (
    spoken_languages <@ '{en,km,zh}'::text[]
) NOT VALID;
