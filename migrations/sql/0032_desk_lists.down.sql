-- The cases stay: what they say is right.
DROP INDEX IF EXISTS documents_decided;
DROP INDEX IF EXISTS documents_newest;
DROP INDEX IF EXISTS notifications_newest;
DROP INDEX IF EXISTS consultations_newest;
