DROP INDEX IF EXISTS bookings_of_guide;
ALTER TABLE guides DROP COLUMN user_id;
