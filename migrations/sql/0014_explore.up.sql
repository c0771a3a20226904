-- Places worth seeing, festivals and their days.

-- Every letter of a text and every two that stand together: what an index needs to find any part of a text. Khmer and
-- Chinese put no spaces between words, and many Chinese words are two letters long: trigrams would not find those.
CREATE FUNCTION letter_pairs(p_text text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT array_agg(DISTINCT piece) FROM (
        SELECT unnest(ARRAY[letter, letter || lead(letter) OVER (ORDER BY place)]) AS piece
          FROM unnest(string_to_array(p_text, NULL)) WITH ORDINALITY AS l (letter, place)
    ) AS p WHERE piece IS NOT NULL
$$;
-- The same of a text that is looked for; of two letters or more, the pairs alone.
CREATE FUNCTION sought_pairs(p_text text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(piece) FROM unnest(letter_pairs(p_text)) AS piece WHERE length(piece) = least(length(p_text), 2)
$$;
-- Kilometres between two points of the globe, by the haversine formula (R. W. Sinnott, Virtues of the Haversine, Sky and
-- Telescope 68, 1984) on the mean radius of the earth (IUGG: 6371.0088 km); within 0.6 % of the true way.
CREATE FUNCTION great_circle_km(
    p_latitude double precision, p_longitude double precision, q_latitude double precision, q_longitude double precision
) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 2 * 6371.0088 * asin(least(1, sqrt(
        sin(radians(q_latitude - p_latitude) / 2) ^ 2
        + cos(radians(p_latitude)) * cos(radians(q_latitude)) * sin(radians(q_longitude - p_longitude) / 2) ^ 2)))
$$;

CREATE TABLE places (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) <= 200),
    name_kh text,
    name_zh text,
    description text NOT NULL DEFAULT '',
    description_kh text,
    description_zh text,
    category text NOT NULL CHECK (
        category IN ('TEMPLE', 'BEACH', 'ISLAND', 'NATURE', 'MUSEUM', 'MARKET', 'FOOD', 'VIEWPOINT', 'WATERFALL',
                     'VILLAGE', 'CITY', 'WILDLIFE')),
    province text NOT NULL,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    opening_hours text,
    -- 0 is free, NULL not known.
    entry_fee_usd numeric(12,2) CHECK (entry_fee_usd >= 0),
    best_months integer[] NOT NULL DEFAULT '{}',
    visit_minutes integer CHECK (visit_minutes > 0),
    tips text[] NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    -- As in services.
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    names text GENERATED ALWAYS AS (
        lower(name || ' ' || coalesce(name_kh, '') || ' ' || coalesce(name_zh, ''))
    ) STORED,
    search text GENERATED ALWAYS AS (
        lower(name || ' ' || coalesce(name_kh, '') || ' ' || coalesce(name_zh, '') || ' ' || description || ' '
              || coalesce(description_kh, '') || ' ' || coalesce(description_zh, '') || ' ' || province)
    ) STORED
);
CREATE INDEX places_name ON places (name, id);
CREATE INDEX places_category ON places (category, name, id) WHERE is_active;
CREATE INDEX places_province ON places (replace(lower(province), ' ', '-'), name, id) WHERE is_active;
CREATE INDEX places_fee ON places (entry_fee_usd, id) WHERE is_active;
CREATE INDEX places_search ON places USING gin (letter_pairs(search));
CREATE INDEX places_spot ON places USING gist (point(longitude, latitude));

CREATE TABLE festivals (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) <= 200),
    name_kh text,
    name_zh text,
    description text NOT NULL DEFAULT '',
    description_kh text,
    description_zh text,
    what_to_know text NOT NULL DEFAULT '',
    what_to_know_kh text,
    what_to_know_zh text,
    -- NULL: all over the country.
    province text,
    kind text NOT NULL CHECK (kind IN ('NATIONAL', 'RELIGIOUS', 'CULTURAL', 'CHINESE')),
    is_public_holiday boolean NOT NULL,
    -- How its days are found in years that nobody has written down; NULL where only written days count.
    reckoning jsonb,
    dates jsonb NOT NULL DEFAULT '[]',
    images text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    -- As in services.
    source_hash text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX festivals_name ON festivals (name, id);

-- What follows from reckoning and dates: one row a year.
CREATE TABLE festival_days (
    festival_id uuid NOT NULL REFERENCES festivals (id) ON DELETE CASCADE,
    year integer NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL CHECK (ends_on BETWEEN starts_on AND starts_on + 59),
    -- Written down or announced; otherwise computed.
    is_confirmed boolean NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (festival_id, year)
);
CREATE INDEX festival_days_start ON festival_days (starts_on, festival_id);
