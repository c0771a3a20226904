"""How long documents are kept, and what is left and why (rules, section 8)."""

# ruff: noqa: S608 - only this module's own conditions are put into statements

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sojourn.care.documents.rules import CASE_LIFE, UNATTACHED_LIFE
from sojourn.platform.audit.trail import ActorKind
from sojourn.platform.db.database import Connection
from sojourn.platform.kit.ids import new_id
from sojourn.providers.storage.port import FileStore
from sojourn.providers.work import Work

BATCH: Final = 200

# $1: unattached ones from before this moment go; $2: those of orders that closed before this moment go.
_REASON = """CASE WHEN u.deleted_at IS NOT NULL THEN 'ACCOUNT_ERASED'
            WHEN d.order_id IS NULL AND d.created_at <= $1 THEN 'UNATTACHED'
            WHEN d.order_id IS NULL THEN 'YOUNG'
            WHEN o.status NOT IN ('COMPLETED', 'CANCELLED') THEN 'ORDER_OPEN'
            WHEN coalesce(o.completed_at, o.cancelled_at) <= $2 THEN 'CASE_CLOSED'
            ELSE 'CASE_RECENT' END"""
_FROM = "FROM documents d JOIN users u ON u.id = d.user_id LEFT JOIN orders o ON o.id = d.order_id"
_GOES = "('ACCOUNT_ERASED', 'UNATTACHED', 'CASE_CLOSED')"
_REPORT = f"""
SELECT reason, reason IN {_GOES} AS goes, count(*) AS documents, sum(file_size)::bigint AS bytes,
       min(created_at) AS oldest_at
  FROM (SELECT {_REASON} AS reason, d.file_size, d.created_at {_FROM}) judged
 GROUP BY reason ORDER BY goes DESC, reason
"""
# The document, its files' doom and the trail in one statement.
_DELETE_DUE = f"""
WITH due AS (
    SELECT d.id, {_REASON} AS reason, o.order_number {_FROM}
     WHERE {_REASON} IN {_GOES}
     ORDER BY d.id LIMIT $3 FOR UPDATE OF d SKIP LOCKED
), gone AS (
    DELETE FROM documents d USING due WHERE d.id = due.id RETURNING d.id, d.folder, due.reason, due.order_number
), doomed AS (
    INSERT INTO doomed_files (folder, remove_after) SELECT folder, $4 FROM gone
)
SELECT id, reason, order_number FROM gone
"""
_TRAIL = """
INSERT INTO audit_entries (id, at, actor_kind, action, subject_kind, subject_id, reference, detail)
SELECT t.id, $1, $2, 'document.expired', 'DOCUMENT', t.subject_id, t.reference, jsonb_build_object('reason', t.reason)
  FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS t (id, subject_id, reference, reason)
"""
_DUE_FILES = "SELECT folder FROM doomed_files WHERE remove_after <= $1 ORDER BY remove_after, folder LIMIT $2"
_FORGET_FILE = "DELETE FROM doomed_files WHERE folder = $1 AND remove_after <= $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionLine:
    """Documents that go, or stay, for one reason. `bytes` are those of the originals."""

    reason: str
    goes: bool
    documents: int
    bytes: int
    oldest_at: datetime


async def report(connection: Connection, *, now: datetime) -> list[RetentionLine]:
    """What would be deleted now, what stays, and why."""
    rows = await connection.fetch(_REPORT, now - UNATTACHED_LIFE, now - CASE_LIFE)
    return [RetentionLine(**dict(row)) for row in rows]


async def delete_due(work: Work) -> int:
    """Delete the documents whose time is over; how many there were. Their files go with `remove_files`."""
    now, count = work.runtime.clock.now(), 0
    while True:
        async with work.runtime.db.unit_of_work() as tx:
            gone = await tx.fetch(_DELETE_DUE, now - UNATTACHED_LIFE, now - CASE_LIFE, BATCH, now)
            await tx.execute(
                _TRAIL, now, ActorKind.SYSTEM, [new_id() for _ in gone], [row["id"] for row in gone],
                [row["order_number"] for row in gone], [row["reason"] for row in gone],
            )  # fmt: skip
        count += len(gone)
        if len(gone) < BATCH:
            return count


async def remove_files(work: Work) -> int:
    """Remove the files that belong to no document, in deleted documents' and in broken uploads' folders."""
    now, count = work.runtime.clock.now(), 0
    files: FileStore = work.vendors.storage
    while True:
        async with work.runtime.db.read() as connection:
            folders = [row["folder"] for row in await connection.fetch(_DUE_FILES, now, BATCH)]
        for folder in folders:
            await files.remove(folder)
            async with work.runtime.db.read() as connection:
                await connection.execute(_FORGET_FILE, folder, now)
        count += len(folders)
        if len(folders) < BATCH:
            return count
