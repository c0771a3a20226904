"""Every statement on the catalogue's images, and on who names them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sojourn.catalog.images.errors import ImageNotFound
from sojourn.catalog.images.models import Drawing, Image, ImageFilters
from sojourn.platform.db.database import Connection

# Every table of the catalogue that has `images`.
TABLES: Final = ("services", "trips", "hotels", "vehicles", "guides", "places", "festivals")
_URLS: Final = " UNION ALL ".join(f"SELECT unnest(images) AS url FROM {table}" for table in TABLES)
_ID_IN_URL: Final = "/images/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
# An entry names an image whatever host the URL was written with: addresses of storefronts change.
_NAMED: Final = f"""named AS MATERIALIZED (
    SELECT DISTINCT substring(lower(urls.url) FROM '{_ID_IN_URL}')::uuid AS id FROM ({_URLS}) urls
)"""
_COLUMNS: Final = "i.id, i.alt, i.width, i.height, i.folder, i.unnamed_since, i.created_at"
_DOOM = """
INSERT INTO doomed_files (folder, remove_after) VALUES ($1, $2)
ON CONFLICT (folder) DO UPDATE SET remove_after = excluded.remove_after
"""
# Takes the files back from their doom in the same statement; without doomed ones there are none to keep.
_INSERT = f"""
WITH spared AS (
    DELETE FROM doomed_files WHERE folder = $2 RETURNING folder
)
INSERT INTO catalogue_images AS i (id, folder, alt, width, height, unnamed_since, created_at)
SELECT $1, folder, $3, $4, $5, $6, $6 FROM spared
RETURNING {_COLUMNS}
"""
_FIND_FOLDER = "SELECT folder FROM catalogue_images WHERE id = $1"
_LOCK = f"""
WITH {_NAMED}
SELECT EXISTS (SELECT FROM named n WHERE n.id = i.id) AS is_named FROM catalogue_images i WHERE i.id = $1 FOR UPDATE
"""
_CHANGE = f"UPDATE catalogue_images i SET alt = $2 WHERE i.id = $1 RETURNING {_COLUMNS}"
# Addresses that are written as the API's own. Those of other houses are theirs to keep.
_FIND_MISSING = f"""
SELECT urls.url FROM unnest($1::text[]) AS urls (url)
 WHERE urls.url ~* '/v1{_ID_IN_URL}(/thumbnail)?$'
   AND NOT EXISTS (SELECT FROM catalogue_images i
                    WHERE i.id = substring(lower(urls.url) FROM '{_ID_IN_URL}')::uuid)
 LIMIT 1
"""
_DELETE = """
WITH gone AS (DELETE FROM catalogue_images WHERE id = $1 RETURNING folder)
INSERT INTO doomed_files (folder, remove_after) SELECT folder, $2 FROM gone
"""
_CHOSEN: Final = "FROM catalogue_images i WHERE ($1::boolean IS NULL OR (i.unnamed_since IS NOT NULL) = $1)"
_LIST = f"SELECT {_COLUMNS} {_CHOSEN} ORDER BY i.created_at DESC, i.id DESC LIMIT $2 OFFSET $3"
_COUNT = f"SELECT count(*) {_CHOSEN}"
_MARK = f"""
WITH {_NAMED}, seen AS (
    SELECT c.id, EXISTS (SELECT FROM named n WHERE n.id = c.id) AS is_named FROM catalogue_images c
)
UPDATE catalogue_images i SET unnamed_since = CASE WHEN NOT seen.is_named THEN $1::timestamptz END
  FROM seen WHERE seen.id = i.id AND seen.is_named = (i.unnamed_since IS NOT NULL)
"""
# Asked again who names them: an entry may have come to do so since they were marked.
_DELETE_DUE = f"""
WITH {_NAMED}, gone AS (
    DELETE FROM catalogue_images i
     WHERE i.unnamed_since <= $1 AND NOT EXISTS (SELECT FROM named n WHERE n.id = i.id)
    RETURNING i.id, i.folder
), doomed AS (
    INSERT INTO doomed_files (folder, remove_after) SELECT folder, $2 FROM gone
)
SELECT id FROM gone ORDER BY id
"""


async def doom(tx: Connection, *, folder: str, remove_after: datetime) -> None:
    """The files below `folder` go after that moment, unless an image takes them first."""
    await tx.execute(_DOOM, folder, remove_after)


async def insert_image(
    tx: Connection, *, image_id: UUID, folder: str, alt: str, drawing: Drawing, now: datetime
) -> Image | None:
    """Keep an image whose files stand in the store. None when these are gone meanwhile."""
    row = await tx.fetchrow(_INSERT, image_id, folder, alt, drawing.width, drawing.height, now)
    return Image(**dict(row)) if row else None


async def get_folder(connection: Connection, *, image_id: UUID) -> str:
    """Where the files of an image lie. Raises ImageNotFound."""
    folder: str | None = await connection.fetchval(_FIND_FOLDER, image_id)
    if folder is None:
        raise ImageNotFound
    return folder


async def lock_is_named(tx: Connection, *, image_id: UUID) -> bool:
    """Lock an image; whether an entry of the catalogue names it. Raises ImageNotFound."""
    is_named: bool | None = await tx.fetchval(_LOCK, image_id)
    if is_named is None:
        raise ImageNotFound
    return is_named


async def change(tx: Connection, *, image_id: UUID, alt: str) -> Image:
    """Say something else of an image. Raises ImageNotFound."""
    row = await tx.fetchrow(_CHANGE, image_id, alt)
    if row is None:
        raise ImageNotFound
    return Image(**dict(row))


async def find_missing(connection: Connection, *, urls: Sequence[str]) -> str | None:
    """One of `urls` that would be an image of ours, and is none."""
    missing: str | None = await connection.fetchval(_FIND_MISSING, urls)
    return missing


async def delete(tx: Connection, *, image_id: UUID, now: datetime) -> None:
    """The image is gone with the transaction, its files soon after."""
    await tx.execute(_DELETE, image_id, now)


async def list_images(connection: Connection, *, filters: ImageFilters) -> tuple[list[Image], int]:
    """One page, newest first, and how many there are in all."""
    rows = await connection.fetch(_LIST, filters.is_unnamed, filters.per_page, filters.offset)
    total: int = await connection.fetchval(_COUNT, filters.is_unnamed)
    return [Image(**dict(row)) for row in rows], total


async def mark_unnamed(tx: Connection, *, now: datetime) -> None:
    """Note of each image since when no entry names it."""
    await tx.execute(_MARK, now)


async def delete_due(tx: Connection, *, unnamed_before: datetime, now: datetime) -> list[UUID]:
    """Delete those that no entry has named since that moment; which they were."""
    return [row["id"] for row in await tx.fetch(_DELETE_DUE, unnamed_before, now)]
