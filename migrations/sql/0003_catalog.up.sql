CREATE TABLE services (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    type text NOT NULL CHECK (type IN ('MAIN', 'MICRO', 'DIGITAL')),
    title text NOT NULL CHECK (length(title) <= 200),
    title_km text,
    title_zh text,
    description text NOT NULL,
    description_km text,
    description_zh text,
    long_description text,
    long_description_km text,
    long_description_zh text,
    price numeric(12,2) NOT NULL CHECK (price > 0),
    service_fee numeric(12,2) NOT NULL CHECK (service_fee >= 0),
    government_fee numeric(12,2) NOT NULL CHECK (government_fee >= 0),
    old_price numeric(12,2) CHECK (old_price > 0),
    price_range text,
    images text[] NOT NULL DEFAULT '{}',
    specs jsonb NOT NULL DEFAULT '{}',
    features text[] NOT NULL DEFAULT '{}',
    region text,
    checklist jsonb NOT NULL DEFAULT '[]',
    stages jsonb NOT NULL DEFAULT '[]',
    requires_consultant boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    sort_order integer NOT NULL DEFAULT 100,
    -- Of the data file this row was loaded from; NULL once a person has changed it, or made it.
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(title || ' ' || coalesce(title_km, '') || ' ' || coalesce(title_zh, '') || ' ' || description || ' '
              || coalesce(description_km, '') || ' ' || coalesce(description_zh, '') || ' ' || coalesce(region, ''))
    ) STORED,
    CHECK (price = service_fee + government_fee)
);
CREATE INDEX services_list ON services (type, sort_order, id) WHERE is_active;

CREATE TABLE trips (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL CHECK (length(title) <= 200),
    title_kh text,
    title_zh text,
    summary text NOT NULL DEFAULT '',
    summary_kh text,
    summary_zh text,
    destination text NOT NULL CHECK (length(destination) <= 100),
    province text NOT NULL,
    duration_days integer NOT NULL CHECK (duration_days BETWEEN 1 AND 60),
    price_per_person_usd numeric(12,2) NOT NULL CHECK (price_per_person_usd > 0),
    non_refundable_fee_usd numeric(12,2) NOT NULL DEFAULT 0 CHECK (non_refundable_fee_usd >= 0),
    environment text NOT NULL CHECK (environment IN ('MOUNTAIN', 'BEACH', 'CITY', 'FOREST', 'ISLAND', 'TEMPLE')),
    mood_tags text[] NOT NULL DEFAULT '{}',
    languages text[] NOT NULL DEFAULT '{en}',
    includes jsonb NOT NULL DEFAULT '[]',
    excludes jsonb NOT NULL DEFAULT '[]',
    itinerary jsonb NOT NULL DEFAULT '[]',
    highlights text[] NOT NULL DEFAULT '{}',
    options jsonb NOT NULL DEFAULT '[]',
    min_people integer NOT NULL DEFAULT 1 CHECK (min_people >= 1),
    max_people integer NOT NULL DEFAULT 50 CHECK (max_people >= min_people),
    -- Seats a day; NULL means max_people.
    capacity_per_departure integer CHECK (capacity_per_departure >= 1),
    cancellation_policy jsonb NOT NULL,
    hotel_id uuid,
    transport_type text,
    meeting_point text,
    latitude double precision,
    longitude double precision,
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    is_featured boolean NOT NULL DEFAULT false,
    avg_rating numeric(3,2),
    review_count integer NOT NULL DEFAULT 0,
    -- As in services.
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    search text GENERATED ALWAYS AS (
        lower(title || ' ' || coalesce(title_kh, '') || ' ' || coalesce(title_zh, '') || ' ' || summary || ' '
              || coalesce(summary_kh, '') || ' ' || coalesce(summary_zh, '') || ' ' || destination || ' ' || province)
    ) STORED
);
CREATE INDEX trips_rating ON trips (environment, avg_rating DESC NULLS LAST, id) WHERE is_active;
CREATE INDEX trips_all_rating ON trips (avg_rating DESC NULLS LAST, id) WHERE is_active;
CREATE INDEX trips_price ON trips (price_per_person_usd, id) WHERE is_active;
CREATE INDEX trips_province ON trips (replace(lower(province), ' ', '-')) WHERE is_active;
CREATE INDEX trips_featured ON trips (avg_rating DESC NULLS LAST, id) WHERE is_active AND is_featured;
