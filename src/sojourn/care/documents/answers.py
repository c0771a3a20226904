"""What is shown of documents and checklists. PostgreSQL builds the JSON in the shape of the wire models."""

# ruff: noqa: S608 - only this module's own lists of columns and conditions are put into statements

from uuid import UUID

from sojourn.care.documents.errors import DocumentNotFound
from sojourn.care.documents.models import ChecklistEntry, DocumentFilters, DocumentSort
from sojourn.people.auth.access import Actor
from sojourn.people.roles import Role
from sojourn.platform.db.database import Connection
from sojourn.platform.http.dialect import RawJson
from sojourn.sales.orders.errors import OrderNotFound
from sojourn.sales.orders.queries import names_of

# $1 is the address of the storefront's documents.
_FIELDS = """d.id, d.user_id, d.order_id, o.order_number, d.checklist_key, d.file_name,
       $1::text || d.id || '/download' AS file_url,
       CASE WHEN d.has_thumbnail THEN $1 || d.id || '/download?variant=thumbnail' END AS thumbnail_url,
       d.file_size, d.mime_type, d.category, d.status, d.scan_status, d.verified_by,
       iso(d.verified_at) AS verified_at, d.rejection_reason, iso(d.created_at) AS created_at,
       iso(d.updated_at) AS updated_at"""
_FROM = "FROM documents d LEFT JOIN orders o ON o.id = d.order_id"
_ONE = f"""
SELECT row_to_json(shown)::text FROM (
    SELECT {_FIELDS} {_FROM}
     WHERE d.id = $2 AND ($3::text = 'ADMIN' OR d.user_id = $4::uuid OR ($3 = 'CONSULTANT' AND o.consultant_id = $4))
) shown
"""
# $2: only of this owner; $3: only of this consultant's orders.
_MATCHES = """($2::uuid IS NULL OR d.user_id = $2) AND ($3::uuid IS NULL OR o.consultant_id = $3)
       AND ($4::text IS NULL OR d.status = $4) AND ($5::text IS NULL OR d.category = $5)
       AND ($6::uuid IS NULL OR d.order_id = $6)"""


def _list(order: str) -> str:
    return f"""
SELECT (SELECT count(*) {_FROM} WHERE {_MATCHES}) AS total, coalesce(json_agg(row_to_json(shown)), '[]')::text AS body
  FROM (SELECT {_FIELDS} {_FROM} WHERE {_MATCHES} ORDER BY {order} LIMIT $7 OFFSET $8) shown
"""


_ORDERS = {DocumentSort.NEWEST: "d.created_at DESC, d.id DESC", DocumentSort.OLDEST: "d.created_at, d.id"}
_LISTS = {sort: _list(order) for sort, order in _ORDERS.items()}
FILE_COLUMNS = (
    "id", "user_id", "customer_name", "customer_email", "order_id", "order_number", "checklist_key", "file_name",
    "file_url", "file_size", "mime_type", "category", "status", "scan_status", "verified_by", "verified_at",
    "rejection_reason", "created_at",
)  # fmt: skip
# `FILE_COLUMNS` of the documents that a list shows, for the same arguments.
FILES = {
    sort: f"""
SELECT {_FIELDS}, u.name AS customer_name, u.email AS customer_email {_FROM} JOIN users u ON u.id = d.user_id
 WHERE {_MATCHES} ORDER BY {order} LIMIT $7 OFFSET $8
"""
    for sort, order in _ORDERS.items()
}
_ITEMS = """
       coalesce((SELECT json_agg(json_build_object(
                     'key', c.key, 'category', c.category, 'title', c.title, 'hint', c.hint,
                     'is_required', c.is_required, 'status', c.status, 'documents', c.documents) ORDER BY c.position)
                   FROM order_checklists c WHERE c.order_id = o.id), '[]') AS items"""
_MISSING = """(SELECT count(*) FROM order_checklists c
         WHERE c.order_id = o.id AND c.is_required AND c.status IN ('PENDING', 'REJECTED'))"""
_CHECKLIST = f"""
SELECT row_to_json(shown)::text FROM (
    SELECT o.id AS order_id, o.order_number, o.title, {_MISSING} AS missing, {_ITEMS}
      FROM orders o
     WHERE (o.id = $1 OR o.order_number = $2)
       AND ($3::text = 'ADMIN' OR o.user_id = $4::uuid OR ($3 = 'CONSULTANT' AND o.consultant_id = $4))
) shown
"""
_ITEMS_OF = f"SELECT {_ITEMS} FROM orders o WHERE o.id = $1"
_STATUS = f"""
WITH lists AS (
    SELECT o.id AS order_id, o.order_number, o.title, {_MISSING} AS missing, {_ITEMS}
      FROM orders o
     WHERE o.user_id = $1 AND o.status IN ('PENDING', 'CONFIRMED', 'IN_PROGRESS') AND o.service_type <> 'DIGITAL'
)
SELECT row_to_json(shown)::text FROM (
    SELECT counted.*, coalesce((SELECT sum(l.missing) FROM lists l), 0)::integer AS missing,
           coalesce((SELECT json_agg(row_to_json(l) ORDER BY l.order_number) FROM lists l), '[]') AS orders
      FROM (SELECT count(*) AS total, count(*) FILTER (WHERE status = 'PENDING') AS pending,
                   count(*) FILTER (WHERE status = 'VERIFIED') AS verified,
                   count(*) FILTER (WHERE status = 'REJECTED') AS rejected
              FROM documents WHERE user_id = $1) counted
) shown
"""


async def get_document(connection: Connection, *, document_id: UUID, actor: Actor, address: str) -> RawJson:
    """One document as `DocumentOut`, for its owner, its order's consultant or an admin. Raises DocumentNotFound."""
    body = await connection.fetchval(_ONE, address, document_id, actor.role, actor.user_id)
    if body is None:
        raise DocumentNotFound
    return RawJson(body.encode())


async def list_documents(
    connection: Connection, *, owner_id: UUID | None, consultant_id: UUID | None, filters: DocumentFilters,
    address: str, sort: DocumentSort = DocumentSort.NEWEST,
) -> RawJson:  # fmt: skip
    """One page of documents as `DocumentOut`, of one owner, of one consultant's orders, or of everybody."""
    chosen = arguments(filters, owner_id=owner_id, consultant_id=consultant_id, address=address)
    row = await connection.fetchrow(_LISTS[sort], *chosen, filters.per_page, filters.offset)
    return RawJson(row["body"].encode(), page=filters.page, per_page=filters.per_page, total=row["total"])


def arguments(
    filters: DocumentFilters, *, owner_id: UUID | None, consultant_id: UUID | None, address: str
) -> tuple[object, ...]:
    """What lists and `FILES` ask for, all but the page."""
    return address, owner_id, consultant_id, filters.status, filters.category, filters.order_id


async def list_visible(connection: Connection, *, actor: Actor, filters: DocumentFilters, address: str) -> RawJson:
    """Own documents; of an order that is named, staff see those of its customer."""
    is_staff = filters.order_id is not None and actor.role in (Role.ADMIN, Role.CONSULTANT)
    return await list_documents(
        connection,
        owner_id=None if is_staff else actor.user_id,
        consultant_id=actor.user_id if is_staff and not actor.is_admin else None,
        filters=filters,
        address=address,
    )


async def get_checklist(connection: Connection, *, id_or_number: str, actor: Actor) -> RawJson:
    """One order's checklist as `OrderChecklist`. Raises OrderNotFound."""
    body = await connection.fetchval(_CHECKLIST, *names_of(id_or_number), actor.role, actor.user_id)
    if body is None:
        raise OrderNotFound
    return RawJson(body.encode())


async def list_items(connection: Connection, *, order_id: UUID) -> list[ChecklistEntry]:
    """The items of one order's checklist."""
    items = await connection.fetchval(_ITEMS_OF, order_id)
    return [ChecklistEntry.model_validate(item) for item in items]


async def get_status(connection: Connection, *, user_id: UUID) -> RawJson:
    """How far somebody's documents are, as `DocumentsStatus`."""
    body: str = await connection.fetchval(_STATUS, user_id)
    return RawJson(body.encode())
