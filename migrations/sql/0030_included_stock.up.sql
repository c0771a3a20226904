-- What a trip takes from stock within its price, for each party that books it (docs/inventory.md): a room for the
-- nights, a vehicle and a guide for the days. NULL where it takes none; `hotel_id` is the room's hotel. The references
-- hold for every new row at once; older rows have none.
ALTER TABLE trips
    ADD COLUMN hotel_room_id uuid,
    ADD COLUMN vehicle_id uuid,
    ADD COLUMN guide_id uuid,
    ADD CONSTRAINT trips_hotel_room FOREIGN KEY (hotel_room_id) REFERENCES hotel_rooms (id) NOT VALID,
    ADD CONSTRAINT trips_vehicle FOREIGN KEY (vehicle_id) REFERENCES vehicles (id) NOT VALID,
    ADD CONSTRAINT trips_guide FOREIGN KEY (guide_id) REFERENCES guides (id) NOT VALID;

-- For how many people there is enough of what a trip includes, should it begin on a day; NULL where it includes nothing.
CREATE FUNCTION included_left(p_trip uuid, p_day date, p_now timestamptz) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT least(
        (SELECT h.max_guests * least_left(r.id, p_day, p_day + t.duration_days - 2, p_now)
           FROM hotel_rooms h JOIN resources r ON r.kind = 'ROOM' AND r.owner_id = h.id WHERE h.id = t.hotel_room_id),
        (SELECT v.capacity * least(least_left(r.id, p_day, p_day + t.duration_days - 1, p_now), 1)
           FROM vehicles v JOIN resources r ON r.kind = 'VEHICLE' AND r.owner_id = v.id WHERE v.id = t.vehicle_id),
        (SELECT g.max_group * least_left(r.id, p_day, p_day + t.duration_days - 1, p_now)
           FROM guides g JOIN resources r ON r.kind = 'GUIDE' AND r.owner_id = g.id WHERE g.id = t.guide_id))
      FROM trips t WHERE t.id = p_trip
$$;

-- As in 0028, with what the trip includes.
CREATE OR REPLACE FUNCTION trip_card(t trips, in_language text) RETURNS text LANGUAGE sql STABLE AS $card$
    SELECT row_to_json(x)::text FROM (
        SELECT t.id, t.slug, t.title, t.title_kh, t.title_zh,
               coalesce(nullif(CASE in_language WHEN 'km' THEN t.title_kh WHEN 'zh' THEN t.title_zh END, ''), t.title)
                   AS display_title,
               t.summary, t.summary_kh, t.summary_zh,
               coalesce(nullif(CASE in_language WHEN 'km' THEN t.summary_kh WHEN 'zh' THEN t.summary_zh END, ''),
                        t.summary) AS display_summary,
               t.destination, t.province, t.duration_days, t.price_per_person_usd::text,
               t.non_refundable_fee_usd::text, t.environment, t.mood_tags, t.languages, t.includes, t.excludes,
               t.itinerary, t.highlights, t.options, t.min_people, t.max_people,
               coalesce(t.capacity_per_departure, t.max_people) AS capacity_per_departure, t.cancellation_policy,
               t.hotel_id, t.hotel_room_id, t.vehicle_id, t.guide_id, t.transport_type, t.meeting_point, t.latitude,
               t.longitude, t.images, t.is_active, t.is_featured, t.avg_rating, t.review_count, t.version,
               iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
    ) AS x
$card$;
UPDATE trip_cards c SET card = trip_card(t, c.language) FROM trips t WHERE t.id = c.trip_id;
