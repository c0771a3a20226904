DROP TRIGGER trips_write_cards ON trips;
DROP FUNCTION write_trip_cards();
DROP TABLE trip_cards;
DROP FUNCTION trip_card(trips, text);
