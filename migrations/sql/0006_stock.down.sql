ALTER TABLE bookings
    DROP CONSTRAINT bookings_guide, DROP CONSTRAINT bookings_vehicle, DROP CONSTRAINT bookings_hotel_room,
    DROP COLUMN rooms;
DELETE FROM claims WHERE resource_id IN (SELECT id FROM resources WHERE kind IN ('ROOM', 'VEHICLE', 'GUIDE'));
DELETE FROM resources WHERE kind IN ('ROOM', 'VEHICLE', 'GUIDE');
DROP FUNCTION least_left(uuid, date, date, timestamptz);
DROP TABLE guides, vehicles, hotel_rooms, hotels;
