-- As 0028 had it; the cards lose what it did not know.
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
               t.hotel_id, t.transport_type, t.meeting_point, t.latitude, t.longitude, t.images, t.is_active,
               t.is_featured, t.avg_rating, t.review_count, t.version,
               iso(t.created_at) AS created_at, iso(t.updated_at) AS updated_at
    ) AS x
$card$;
UPDATE trip_cards c SET card = trip_card(t, c.language) FROM trips t WHERE t.id = c.trip_id;
DROP FUNCTION included_left(uuid, date, timestamptz);
ALTER TABLE trips DROP COLUMN hotel_room_id, DROP COLUMN vehicle_id, DROP COLUMN guide_id;
