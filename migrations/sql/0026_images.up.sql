-- Pictures of what the catalogue offers, drawn by us in two sizes; the bytes lie in the file store, below `folder`. Entries
-- name them by their URLs, in `images`. Since `unnamed_since` none does: after a day the picture goes (docs/jobs.md).
CREATE TABLE catalogue_images (
    id uuid PRIMARY KEY,
    alt text NOT NULL CHECK (length(alt) <= 200),
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    folder text NOT NULL UNIQUE,
    unnamed_since timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX catalogue_images_newest ON catalogue_images (created_at DESC, id DESC);
CREATE INDEX catalogue_images_unnamed ON catalogue_images (unnamed_since) WHERE unnamed_since IS NOT NULL;
