-- What is delivered of digital services. A service without files of its own is delivered as the guide that is composed
-- from its entry in the catalogue (docs/downloads.md). The bytes lie in the file store, below `folder`.
CREATE TABLE service_files (
    id uuid PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services (id),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    file_name text NOT NULL,
    file_size integer NOT NULL CHECK (file_size > 0),
    mime_type text NOT NULL,
    folder text NOT NULL UNIQUE,
    scan_status text NOT NULL CHECK (scan_status IN ('CLEAN', 'UNSCANNED')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX service_files_service ON service_files (service_id, created_at, id);

-- One row for each link that was opened, under the link's own id: opening it again, to go on where the line broke, is the
-- same download. `file_id` is a file's, or, for a composed guide, its service's. What an admin forgives no longer counts.
CREATE TABLE downloads (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    file_id uuid NOT NULL,
    file_version integer NOT NULL,
    is_counted boolean NOT NULL DEFAULT true,
    opened_at timestamptz NOT NULL
);
CREATE INDEX downloads_order ON downloads (order_id, file_id);
