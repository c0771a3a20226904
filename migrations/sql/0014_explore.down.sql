DROP TABLE festival_days, festivals, places;
DROP FUNCTION great_circle_km(double precision, double precision, double precision, double precision);
DROP FUNCTION sought_pairs(text);
DROP FUNCTION letter_pairs(text);
