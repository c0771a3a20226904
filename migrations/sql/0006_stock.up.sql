-- Hotels with their rooms, vehicles and guides: what is sold by the night or the day (docs/inventory.md).
CREATE TABLE hotels (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) <= 200),
    name_kh text,
    name_zh text,
    description text NOT NULL DEFAULT '',
    description_kh text,
    description_zh text,
    province text NOT NULL,
    destination text NOT NULL CHECK (length(destination) <= 100),
    address text NOT NULL,
    latitude double precision,
    longitude double precision,
    stars integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
    amenities text[] NOT NULL DEFAULT '{}',
    check_in_time text NOT NULL,
    check_out_time text NOT NULL,
    cancellation_policy jsonb NOT NULL,
    languages text[] NOT NULL DEFAULT '{en}',
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    avg_rating numeric(3,2),
    review_count integer NOT NULL DEFAULT 0,
    -- As in services.
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(name || ' ' || coalesce(name_kh, '') || ' ' || coalesce(name_zh, '') || ' ' || description || ' '
              || coalesce(description_kh, '') || ' ' || coalesce(description_zh, '') || ' ' || destination || ' '
              || province)
    ) STORED
);
CREATE INDEX hotels_stars ON hotels (stars DESC, id) WHERE is_active;
CREATE INDEX hotels_province ON hotels (replace(lower(province), ' ', '-')) WHERE is_active;

-- A kind of room: `count` alike ones of it. One that the hotel no longer lists is retired, never deleted.
CREATE TABLE hotel_rooms (
    id uuid PRIMARY KEY,
    hotel_id uuid NOT NULL REFERENCES hotels (id),
    key text NOT NULL,
    name text NOT NULL CHECK (length(name) <= 200),
    name_kh text,
    name_zh text,
    max_guests integer NOT NULL CHECK (max_guests >= 1),
    beds jsonb NOT NULL,
    size_m2 integer CHECK (size_m2 > 0),
    nightly_rate_usd numeric(12,2) NOT NULL CHECK (nightly_rate_usd > 0),
    count integer NOT NULL CHECK (count >= 1),
    amenities text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    UNIQUE (hotel_id, key)
);

CREATE TABLE vehicles (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) <= 200),
    name_kh text,
    name_zh text,
    category text NOT NULL CHECK (
        category IN ('TUK_TUK', 'CAR', 'SUV', 'VAN', 'BUS', 'BOAT', 'BICYCLE', 'MOTORBIKE')),
    capacity integer NOT NULL CHECK (capacity >= 1),
    luggage integer NOT NULL CHECK (luggage >= 0),
    daily_rate_usd numeric(12,2) NOT NULL CHECK (daily_rate_usd > 0),
    per_km_rate_usd numeric(12,2) CHECK (per_km_rate_usd > 0),
    transfers jsonb NOT NULL DEFAULT '[]',
    province text NOT NULL,
    features text[] NOT NULL DEFAULT '{}',
    with_driver boolean NOT NULL,
    languages text[] NOT NULL DEFAULT '{}',
    fleet_count integer NOT NULL CHECK (fleet_count >= 1),
    cancellation_policy jsonb NOT NULL,
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    avg_rating numeric(3,2),
    review_count integer NOT NULL DEFAULT 0,
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(name || ' ' || coalesce(name_kh, '') || ' ' || coalesce(name_zh, '') || ' ' || province)
    ) STORED
);
CREATE INDEX vehicles_category ON vehicles (category, daily_rate_usd, id) WHERE is_active;
CREATE INDEX vehicles_price ON vehicles (daily_rate_usd, id) WHERE is_active;

CREATE TABLE guides (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) <= 200),
    bio text NOT NULL DEFAULT '',
    bio_kh text,
    bio_zh text,
    languages text[] NOT NULL,
    provinces text[] NOT NULL,
    specialties text[] NOT NULL DEFAULT '{}',
    daily_rate_usd numeric(12,2) NOT NULL CHECK (daily_rate_usd > 0),
    max_group integer NOT NULL CHECK (max_group >= 1),
    license_type text NOT NULL CHECK (license_type IN ('NATIONAL', 'PROVINCIAL')),
    years_experience integer NOT NULL CHECK (years_experience >= 0),
    cancellation_policy jsonb NOT NULL,
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    avg_rating numeric(3,2),
    review_count integer NOT NULL DEFAULT 0,
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(name || ' ' || bio || ' ' || coalesce(bio_kh, '') || ' ' || coalesce(bio_zh, ''))
    ) STORED
);
CREATE INDEX guides_price ON guides (daily_rate_usd, id) WHERE is_active;

-- What is left of a resource on the scarcest of its days, both included; lapsed holds count as free, a retired
-- resource has nothing.
CREATE FUNCTION least_left(p_resource uuid, p_first date, p_last date, p_now timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT coalesce(min(greatest(coalesce(d.capacity, r.capacity) - coalesce(used.quantity, 0), 0)), 0)::integer
      FROM resources r
     CROSS JOIN generate_series(p_first, p_last, interval '1 day') AS g (day)
      LEFT JOIN resource_days d ON d.resource_id = r.id AND d.day = g.day::date
      LEFT JOIN LATERAL (
            SELECT sum(c.quantity) AS quantity FROM claims c
             WHERE c.resource_id = r.id AND c.day = g.day::date AND c.released_at IS NULL
               AND (c.expires_at IS NULL OR c.expires_at > p_now)
           ) AS used ON true
     WHERE r.id = p_resource AND r.is_active
$$;

-- Rooms of a stay; NULL where there is none. The references hold for every new row at once; older rows have none.
ALTER TABLE bookings
    ADD COLUMN rooms integer CHECK (rooms >= 1),
    ADD CONSTRAINT bookings_hotel_room FOREIGN KEY (hotel_room_id) REFERENCES hotel_rooms (id) NOT VALID,
    ADD CONSTRAINT bookings_vehicle FOREIGN KEY (vehicle_id) REFERENCES vehicles (id) NOT VALID,
    ADD CONSTRAINT bookings_guide FOREIGN KEY (guide_id) REFERENCES guides (id) NOT VALID;
