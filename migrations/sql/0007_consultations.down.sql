ALTER TABLE notifications DROP COLUMN calendar;
DROP TABLE calendar_feeds, consultations, consultant_overrides, consultant_hours;
