ALTER TABLE users DROP COLUMN spoken_languages;
