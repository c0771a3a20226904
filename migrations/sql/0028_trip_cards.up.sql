-- A trip as the API answers it (`TripOut`), written when the trip is: lists send these texts as they lie here
-- (docs/decisions/0024-written-cards.md). Nothing but the trigger writes them, so a card says what its trip says, whoever
-- changes the trip.
CREATE FUNCTION trip_card(t trips, in_language text) RETURNS text LANGUAGE sql STABLE AS $card$
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

-- Some 2 KB a card: up to a whole page it lies in its row, uncompressed.
CREATE TABLE trip_cards (
    trip_id uuid NOT NULL REFERENCES trips (id) ON DELETE CASCADE,
    language text NOT NULL,
    card text NOT NULL,
    PRIMARY KEY (trip_id, language)
) WITH (toast_tuple_target = 8160);

CREATE FUNCTION write_trip_cards() RETURNS trigger LANGUAGE plpgsql AS $write$
BEGIN
    INSERT INTO trip_cards (trip_id, language, card)
    SELECT NEW.id, spoken.language, trip_card(NEW, spoken.language)
      FROM unnest(ARRAY['en', 'km', 'zh']) AS spoken (language)
    ON CONFLICT (trip_id, language) DO UPDATE SET card = excluded.card;
    RETURN NULL;
END $write$;

-- Nobody changes a trip between the trigger's coming and the cards of the trips that are there: it locks them out.
CREATE TRIGGER trips_write_cards AFTER INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION write_trip_cards();
INSERT INTO trip_cards (trip_id, language, card)
SELECT t.id, spoken.language, trip_card(t, spoken.language)
  FROM trips t, unnest(ARRAY['en', 'km', 'zh']) AS spoken (language);
