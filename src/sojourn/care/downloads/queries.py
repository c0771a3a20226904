"""Every statement on downloads and on the files they deliver."""

from datetime import datetime
from uuid import UUID

from sojourn.care.documents.models import CheckedFile
from sojourn.care.downloads.errors import DownloadNotFound
from sojourn.care.downloads.models import BoughtService, Guide, GuideHelp, GuideLine, Offered, ServiceFile
from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.catalog.services.models import ServiceType
from sojourn.people.auth.access import Actor
from sojourn.platform.db.database import Connection, Row
from sojourn.platform.i18n import Language, pick
from sojourn.platform.kit.money import ZERO
from sojourn.sales.orders.errors import OrderNotFound
from sojourn.sales.orders.models import OrderStatus
from sojourn.sales.orders.queries import get_money, names_of

MOST_HELP = 6

_BOUGHT = """
SELECT o.id, o.order_number, o.user_id, o.service_id, o.status, o.language, o.service_type,
       o.customer_info ->> 'email' AS customer_email
  FROM orders o
 WHERE (o.id = $1 OR o.order_number = $2) AND ($3::text = 'ADMIN' OR o.user_id = $4::uuid)
"""
# A service without files delivers the guide that is composed from its entry, under the service's own id.
_OFFERED = """
WITH offered AS (
    SELECT f.id, f.version, f.file_name, f.file_size, f.mime_type, f.folder, f.created_at
      FROM service_files f WHERE f.service_id = $1
     UNION ALL
    SELECT s.id, s.version, s.slug || '.pdf', NULL, 'application/pdf', NULL, s.created_at
      FROM services s
     WHERE s.id = $1 AND NOT EXISTS (SELECT FROM service_files f WHERE f.service_id = $1)
)
SELECT o.id, o.version, o.file_name, o.file_size, o.mime_type, o.folder, past.used, past.last_opened_at
  FROM offered o
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE d.is_counted) AS used, max(d.opened_at) AS last_opened_at
         FROM downloads d WHERE d.order_id = $2 AND d.file_id = o.id
       ) past
 WHERE $3::uuid IS NULL OR o.id = $3
 ORDER BY o.created_at, o.id
"""
_IS_OPENED = "SELECT EXISTS (SELECT FROM downloads WHERE id = $1)"
_COUNT_USED = "SELECT count(*) FROM downloads WHERE order_id = $1 AND file_id = $2 AND is_counted"
_INSERT_DOWNLOAD = """
INSERT INTO downloads (id, order_id, file_id, file_version, opened_at) VALUES ($1, $2, $3, $4, $5)
"""
_FORGIVE = "UPDATE downloads SET is_counted = false WHERE order_id = $1 AND file_id = $2 AND is_counted"
_LOCK_SERVICE = "SELECT type FROM services WHERE id = $1 FOR NO KEY UPDATE"
_FILE_COLUMNS = "id, service_id, version, file_name, file_size, mime_type, scan_status, created_at, updated_at"
_FILES_OF_SERVICE = f"SELECT {_FILE_COLUMNS} FROM service_files WHERE service_id = $1 ORDER BY created_at, id"
_SERVICE_TYPE = "SELECT type FROM services WHERE id = $1"
# Takes the file back from its doom in the same statement; without a doomed file there is none to keep.
_INSERT_FILE = """
WITH spared AS (
    DELETE FROM doomed_files WHERE folder = $3 RETURNING folder
)
INSERT INTO service_files (id, service_id, file_name, file_size, mime_type, folder, scan_status, created_at, updated_at)
SELECT $1, $2, $4, $5, $6, folder, $7, $8, $8 FROM spared
RETURNING id
"""
_REPLACE_FILE = """
WITH spared AS (
    DELETE FROM doomed_files WHERE folder = $3 RETURNING folder
), old AS (
    SELECT f.id, f.folder FROM service_files f CROSS JOIN spared
     WHERE f.id = $1 AND f.service_id = $2 FOR UPDATE OF f
), doomed AS (
    INSERT INTO doomed_files (folder, remove_after) SELECT folder, $9 FROM old
)
UPDATE service_files f
   SET version = f.version + 1, file_name = $4, file_size = $5, mime_type = $6, folder = $3, scan_status = $7,
       updated_at = $8
  FROM old WHERE f.id = old.id
RETURNING f.id
"""
_DELETE_FILE = """
WITH gone AS (DELETE FROM service_files WHERE id = $1 AND service_id = $2 RETURNING folder)
INSERT INTO doomed_files (folder, remove_after) SELECT folder, $3 FROM gone RETURNING folder
"""
_GUIDE = """
SELECT s.title, s.title_km, s.title_zh, s.description, s.description_km, s.description_zh, s.long_description,
       s.long_description_km, s.long_description_zh, s.region, s.features, s.checklist, s.government_fee,
       s.specs ->> 'edition' AS edition, s.updated_at
  FROM services s WHERE s.id = $1
"""
_HELP = """
SELECT title, title_km, title_zh, price FROM services
 WHERE is_active AND type = 'MICRO' ORDER BY sort_order, id LIMIT $1
"""


async def get_bought(connection: Connection, *, id_or_number: str, actor: Actor) -> BoughtService:
    """The order of a digital service, if its owner or an admin asks.

    Raises OrderNotFound, DownloadNotFound (what was bought is no digital service).
    """
    row = await connection.fetchrow(_BOUGHT, *names_of(id_or_number), actor.role, actor.user_id)
    if row is None:
        raise OrderNotFound
    fields = dict(row)
    if fields.pop("service_type") != ServiceType.DIGITAL:
        raise DownloadNotFound
    money = await get_money(connection, order_id=row["id"])
    typed = {"status": OrderStatus(row["status"]), "language": Language(row["language"])}
    is_refunded = ZERO < money.captured <= money.refunded_or_pending
    return BoughtService(**fields | typed, is_refunded=is_refunded)


async def list_offered(connection: Connection, *, bought: BoughtService) -> list[Offered]:
    """What the order delivers, and how often it has."""
    rows = await connection.fetch(_OFFERED, bought.service_id, bought.id, None)
    return [Offered(**dict(row)) for row in rows]


async def get_offered(connection: Connection, *, bought: BoughtService, file_id: UUID) -> Offered:
    """Raises DownloadNotFound."""
    row = await connection.fetchrow(_OFFERED, bought.service_id, bought.id, file_id)
    if row is None:
        raise DownloadNotFound
    return Offered(**dict(row))


async def is_opened(tx: Connection, *, download_id: UUID) -> bool:
    opened: bool = await tx.fetchval(_IS_OPENED, download_id)
    return opened


async def count_used(tx: Connection, *, order_id: UUID, file_id: UUID) -> int:
    """How many downloads of the file count; nothing changes it while the order's row is locked."""
    used: int = await tx.fetchval(_COUNT_USED, order_id, file_id)
    return used


async def insert_download(
    tx: Connection, *, download_id: UUID, order_id: UUID, offered: Offered, now: datetime
) -> None:
    await tx.execute(_INSERT_DOWNLOAD, download_id, order_id, offered.id, offered.version, now)


async def forgive(tx: Connection, *, order_id: UUID, file_id: UUID) -> int:
    """What was downloaded counts no more; how many there were."""
    forgiven: str = await tx.execute(_FORGIVE, order_id, file_id)
    return int(forgiven.rpartition(" ")[2])


async def find_type(connection: Connection, *, service_id: UUID) -> ServiceType | None:
    kind: str | None = await connection.fetchval(_SERVICE_TYPE, service_id)
    return ServiceType(kind) if kind else None


async def lock_service(tx: Connection, *, service_id: UUID) -> ServiceType:
    """The service's type, its row locked: its files change one after another. Raises ServiceNotFound."""
    kind: str | None = await tx.fetchval(_LOCK_SERVICE, service_id)
    if kind is None:
        raise ServiceNotFound
    return ServiceType(kind)


async def list_files(connection: Connection, *, service_id: UUID) -> list[ServiceFile]:
    """What buyers get, oldest first."""
    return [ServiceFile(**dict(row)) for row in await connection.fetch(_FILES_OF_SERVICE, service_id)]


async def insert_file(
    tx: Connection, *, file_id: UUID, service_id: UUID, folder: str, file: CheckedFile, now: datetime
) -> bool:
    """Keep a file that stands in the store; False when it was swept away meanwhile."""
    kept = await tx.fetchval(
        _INSERT_FILE, file_id, service_id, folder, file.file_name, len(file.content), file.mime_type, file.scan_status,
        now,
    )  # fmt: skip
    return kept is not None


async def replace_file(
    tx: Connection, *, file_id: UUID, service_id: UUID, folder: str, file: CheckedFile, now: datetime,
    remove_old_after: datetime,
) -> bool:  # fmt: skip
    """The next edition of a file; the one before goes after a while. False when one of the two is not there."""
    kept = await tx.fetchval(
        _REPLACE_FILE, file_id, service_id, folder, file.file_name, len(file.content), file.mime_type,
        file.scan_status, now, remove_old_after,
    )  # fmt: skip
    return kept is not None


async def delete_file(tx: Connection, *, file_id: UUID, service_id: UUID, remove_after: datetime) -> bool:
    """False when there is no such file."""
    return await tx.fetchval(_DELETE_FILE, file_id, service_id, remove_after) is not None


async def get_guide(connection: Connection, *, service_id: UUID, language: Language) -> Guide:
    """What the composed guide of a service says. What nobody has translated is English. Raises DownloadNotFound."""
    row = await connection.fetchrow(_GUIDE, service_id)
    if row is None:
        raise DownloadNotFound
    rows = await connection.fetch(_HELP, MOST_HELP)
    return Guide(
        title=_told(row, "title", language),
        edition=row["edition"],
        region=row["region"],
        summary=_told(row, "description", language),
        text=_told(row, "long_description", language),
        covers=tuple(row["features"]),
        checklist=tuple(
            GuideLine(title=pick(item["title"], language), hint=item["hint"], is_required=item["is_required"])
            for item in row["checklist"]
        ),
        government_fee=row["government_fee"] if row["government_fee"] > ZERO else None,
        help=tuple(GuideHelp(title=_told(work, "title", language), price=work["price"]) for work in rows),
        updated_at=row["updated_at"],
    )


def _told(row: Row, name: str, language: Language) -> str:
    own: str | None = row[f"{name}_{language.value}"] if language is not Language.EN else None
    return own or row[name] or ""
