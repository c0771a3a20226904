-- What customers hand in. The bytes lie in the file store, below `folder`; `digest` is the SHA-256 of what was sent.
CREATE TABLE documents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    order_id uuid REFERENCES orders (id),
    checklist_key text,
    category text NOT NULL CHECK (
        category IN ('PASSPORT', 'PHOTO', 'BANK_STATEMENT', 'TRAVEL_ITINERARY', 'OTHER')),
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'VERIFIED', 'REJECTED')),
    file_name text NOT NULL,
    file_size integer NOT NULL CHECK (file_size > 0),
    mime_type text NOT NULL,
    digest bytea NOT NULL,
    folder text NOT NULL UNIQUE,
    has_thumbnail boolean NOT NULL,
    scan_status text NOT NULL CHECK (scan_status IN ('CLEAN', 'UNSCANNED')),
    verified_by uuid REFERENCES users (id),
    verified_at timestamptz,
    rejection_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (checklist_key IS NULL OR order_id IS NOT NULL),
    CHECK ((status = 'PENDING') = (verified_at IS NULL)),
    CHECK ((status = 'REJECTED') = (rejection_reason IS NOT NULL))
);
CREATE INDEX documents_user ON documents (user_id, created_at DESC);
CREATE INDEX documents_order ON documents (order_id, checklist_key) WHERE order_id IS NOT NULL;
CREATE INDEX documents_waiting ON documents (created_at) WHERE status = 'PENDING';
CREATE INDEX documents_unattached ON documents (created_at) WHERE order_id IS NULL;
-- The same file for the same thing is one document, however often it is sent; after a rejection it may come again.
CREATE UNIQUE INDEX documents_once ON documents (user_id, order_id, category, checklist_key, digest)
    NULLS NOT DISTINCT WHERE status <> 'REJECTED';

-- Files that belong to no document: written ahead of each upload and with each removal, so that no crash leaves one
-- behind.
CREATE TABLE doomed_files (
    folder text PRIMARY KEY,
    remove_after timestamptz NOT NULL
);
CREATE INDEX doomed_files_due ON doomed_files (remove_after);

-- For customers without a login: one link an order; only its hash is kept.
CREATE TABLE upload_links (
    order_id uuid PRIMARY KEY REFERENCES orders (id),
    token_hash bytea NOT NULL UNIQUE,
    created_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- How far each item of each order's checklist is. A rejection stands until something newer is handed in for the item.
CREATE VIEW order_checklists AS
SELECT o.id AS order_id, item.position, item.value ->> 'key' AS key, item.value ->> 'category' AS category,
       item.value -> 'title' AS title, coalesce(item.value ->> 'hint', '') AS hint,
       coalesce((item.value ->> 'is_required')::boolean, true) AS is_required,
       CASE WHEN handed_in.count = 0 THEN 'PENDING'
            WHEN handed_in.rejected_at >= handed_in.newest_at THEN 'REJECTED'
            WHEN handed_in.has_pending THEN 'UPLOADED'
            WHEN handed_in.has_verified THEN 'VERIFIED'
            ELSE 'REJECTED' END AS status,
       handed_in.documents
  FROM orders o
 CROSS JOIN LATERAL jsonb_array_elements(
       coalesce(o.service_snapshot -> 'checklist', '[]')) WITH ORDINALITY AS item (value, position)
 CROSS JOIN LATERAL (
       SELECT count(*) AS count, max(d.created_at) AS newest_at,
              max(d.verified_at) FILTER (WHERE d.status = 'REJECTED') AS rejected_at,
              coalesce(bool_or(d.status = 'PENDING'), false) AS has_pending,
              coalesce(bool_or(d.status = 'VERIFIED'), false) AS has_verified,
              coalesce(jsonb_agg(jsonb_build_object(
                  'id', d.id, 'file_name', d.file_name, 'status', d.status, 'rejection_reason', d.rejection_reason,
                  'created_at', iso(d.created_at)) ORDER BY d.created_at, d.id), '[]') AS documents
         FROM documents d WHERE d.order_id = o.id AND d.checklist_key = item.value ->> 'key'
       ) handed_in;
