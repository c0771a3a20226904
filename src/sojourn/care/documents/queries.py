"""Every statement on documents that a use case needs; what is shown is in `answers.py`."""

from datetime import datetime
from uuid import UUID

from sojourn.care.documents.errors import DocumentNotFound
from sojourn.care.documents.models import CheckedFile, Document, DocumentStatus, Place, Target
from sojourn.care.notifications.sources import ORDER_EMAIL, ORDER_NAME, ORDER_TITLE
from sojourn.catalog.services.models import DocumentCategory
from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.sales.orders.errors import OrderNotFound
from sojourn.sales.orders.queries import names_of

# $2 is the asker's role, $3 the asker.
_MAY_SEE_ORDER = """($2::text = 'ADMIN' OR o.user_id = $3::uuid OR ($2 = 'CONSULTANT' AND o.consultant_id = $3))"""
_AT_DESK = """($2::text = 'ADMIN' OR ($2 = 'CONSULTANT' AND o.consultant_id = $3::uuid))"""
_TARGET = """
SELECT o.id AS order_id, o.user_id, o.order_number, o.title, o.status NOT IN ('COMPLETED', 'CANCELLED') AS is_open,
       coalesce(o.service_snapshot -> 'checklist', '[]') AS checklist,
       (SELECT count(*) FROM documents d WHERE d.order_id = o.id) AS document_count
  FROM orders o"""
_TARGET_FOR = f"{_TARGET} WHERE o.id = $1 AND {_MAY_SEE_ORDER}"
_TARGET_AT_DESK = f"{_TARGET} WHERE (o.id = $1 OR o.order_number = $4) AND {_AT_DESK}"
_TARGET_OF_LINK = f"""{_TARGET} JOIN upload_links l ON l.order_id = o.id
 WHERE l.token_hash = $1 AND l.expires_at > $2 AND o.status NOT IN ('COMPLETED', 'CANCELLED')"""
_COUNT_UNATTACHED = "SELECT count(*) FROM documents WHERE user_id = $1 AND order_id IS NULL"
_DOCUMENT = """
SELECT d.id, d.user_id, d.order_id, o.order_number, d.checklist_key, d.category, d.status, d.file_name, d.file_size,
       d.mime_type, d.folder, d.has_thumbnail, d.rejection_reason
  FROM documents d LEFT JOIN orders o ON o.id = d.order_id
 WHERE d.id = $1"""
_BY_ID = _DOCUMENT
_VISIBLE = f"""{_DOCUMENT} AND ($2::text = 'ADMIN' OR d.user_id = $3::uuid
       OR ($2 = 'CONSULTANT' AND o.consultant_id = $3))"""
_LOCK_VISIBLE = f"{_VISIBLE} FOR UPDATE OF d"
_LOCK_AT_DESK = f"{_DOCUMENT} AND {_AT_DESK} FOR UPDATE OF d"
_DOOM = """
INSERT INTO doomed_files (folder, remove_after) VALUES ($1, $2)
ON CONFLICT (folder) DO UPDATE SET remove_after = excluded.remove_after
"""
# Takes the file back from its doom in the same statement; without a doomed file there is none to keep.
_INSERT = """
WITH spared AS (
    DELETE FROM doomed_files WHERE folder = $2 RETURNING folder
), kept AS (
    INSERT INTO documents (id, folder, user_id, order_id, checklist_key, category, file_name, file_size, mime_type,
                           digest, has_thumbnail, scan_status, created_at, updated_at)
    SELECT $1, folder, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13 FROM spared
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM kept
"""
_FIND_SAME = """
SELECT id FROM documents
 WHERE user_id = $1 AND order_id IS NOT DISTINCT FROM $2 AND category = $3
   AND checklist_key IS NOT DISTINCT FROM $4 AND digest = $5 AND status <> 'REJECTED'
"""
_DELETE = """
WITH gone AS (DELETE FROM documents WHERE id = $1 RETURNING folder)
INSERT INTO doomed_files (folder, remove_after) SELECT folder, $2 FROM gone
"""
_DECIDE = """
UPDATE documents SET status = $2, rejection_reason = $3, verified_by = $4, verified_at = $5, updated_at = $5
 WHERE id = $1
"""
_ATTACH = "UPDATE documents SET order_id = $2, checklist_key = $3, updated_at = $4 WHERE id = $1"
_PUT_LINK = """
INSERT INTO upload_links (order_id, token_hash, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (order_id) DO UPDATE SET token_hash = excluded.token_hash, created_by = excluded.created_by,
                                     created_at = excluded.created_at, expires_at = excluded.expires_at
"""
_LINK_EXPIRY = "SELECT expires_at FROM upload_links WHERE token_hash = $1"
_RECIPIENT = f"""
SELECT u.id AS user_id, {ORDER_EMAIL} AS email, {ORDER_NAME} AS name,
       coalesce(o.language, u.preferred_language) AS language, {ORDER_TITLE} AS title
  FROM documents d JOIN users u ON u.id = d.user_id LEFT JOIN orders o ON o.id = d.order_id
 WHERE d.id = $1
"""


def _document(row: Row | None) -> Document:
    if row is None:
        raise DocumentNotFound
    typed = {"category": DocumentCategory(row["category"]), "status": DocumentStatus(row["status"])}
    return Document(**dict(row) | typed)


async def get_target(connection: Connection, *, order_id: UUID, actor: Actor) -> Target:
    """The order, if its owner, its consultant or an admin asks. Raises OrderNotFound."""
    row = await connection.fetchrow(_TARGET_FOR, order_id, actor.role, actor.user_id)
    if row is None:
        raise OrderNotFound
    return Target(**dict(row))


async def get_target_at_desk(connection: Connection, *, id_or_number: str, actor: Actor) -> Target:
    """The order, if an admin or its consultant asks. Raises OrderNotFound."""
    order_id, number = names_of(id_or_number)
    row = await connection.fetchrow(_TARGET_AT_DESK, order_id, actor.role, actor.user_id, number)
    if row is None:
        raise OrderNotFound
    return Target(**dict(row))


async def find_target_of_link(connection: Connection, *, token_hash: bytes, now: datetime) -> Target | None:
    """The open order that a link which still holds is for."""
    row = await connection.fetchrow(_TARGET_OF_LINK, token_hash, now)
    return Target(**dict(row)) if row else None


async def count_unattached(connection: Connection, *, user_id: UUID) -> int:
    """How many documents of somebody belong to no order."""
    count: int = await connection.fetchval(_COUNT_UNATTACHED, user_id)
    return count


async def find_document(connection: Connection, *, document_id: UUID) -> Document | None:
    row = await connection.fetchrow(_BY_ID, document_id)
    return _document(row) if row else None


async def get_visible(connection: Connection, *, document_id: UUID, actor: Actor) -> Document:
    """The document, if its owner, its order's consultant or an admin asks. Raises DocumentNotFound."""
    return _document(await connection.fetchrow(_VISIBLE, document_id, actor.role, actor.user_id))


async def lock_visible(tx: Connection, *, document_id: UUID, actor: Actor) -> Document:
    """As `get_visible`, locked until the transaction ends."""
    return _document(await tx.fetchrow(_LOCK_VISIBLE, document_id, actor.role, actor.user_id))


async def lock_at_desk(tx: Connection, *, document_id: UUID, actor: Actor) -> Document:
    """The document, locked, if an admin or its order's consultant asks: its owner does not verify it."""
    return _document(await tx.fetchrow(_LOCK_AT_DESK, document_id, actor.role, actor.user_id))


async def doom(tx: Connection, *, folder: str, remove_after: datetime) -> None:
    """The files below `folder` go after that moment, unless a document takes them first."""
    await tx.execute(_DOOM, folder, remove_after)


async def insert_document(
    tx: Connection, *, document_id: UUID, folder: str, place: Place, file: CheckedFile, now: datetime
) -> UUID | None:
    """Keep a document whose files stand in the store. None when the same one stands already."""
    kept: UUID | None = await tx.fetchval(
        _INSERT, document_id, folder, place.user_id, place.order_id, place.checklist_key, place.category,
        file.file_name, len(file.content), file.mime_type, file.digest, file.thumbnail is not None, file.scan_status,
        now,
    )  # fmt: skip
    return kept


async def find_same(tx: Connection, *, place: Place, digest: bytes) -> UUID | None:
    """The document that the same bytes for the same thing are."""
    same: UUID | None = await tx.fetchval(
        _FIND_SAME, place.user_id, place.order_id, place.category, place.checklist_key, digest
    )
    return same


async def delete(tx: Connection, *, document_id: UUID, now: datetime) -> None:
    """The document is gone with the transaction, its files soon after."""
    await tx.execute(_DELETE, document_id, now)


async def decide(
    tx: Connection, *, document_id: UUID, status: DocumentStatus, reason: str | None, staff_id: UUID, now: datetime
) -> None:
    await tx.execute(_DECIDE, document_id, status, reason, staff_id, now)


async def attach(tx: Connection, *, document_id: UUID, order_id: UUID, key: str | None, now: datetime) -> None:
    await tx.execute(_ATTACH, document_id, order_id, key, now)


async def put_link(
    tx: Connection, *, order_id: UUID, token_hash: bytes, staff_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """The order's one upload link; an earlier one no longer holds."""
    await tx.execute(_PUT_LINK, order_id, token_hash, staff_id, now, expires_at)


async def get_link_expiry(connection: Connection, *, token_hash: bytes) -> datetime:
    expires_at: datetime = await connection.fetchval(_LINK_EXPIRY, token_hash)
    return expires_at


async def get_recipient(tx: Connection, *, document_id: UUID) -> Row:
    """The document's owner, the language of the purchase, and the title of what was bought, if anything."""
    row = await tx.fetchrow(_RECIPIENT, document_id)
    if row is None:
        raise LookupError(f"document {document_id} is not there")
    return row
