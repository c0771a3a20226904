"""Every statement on `account_exports`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.desk.privacy.models import AccountExport, ExportStatus
from sojourn.platform.db.database import Connection, Row

_COLUMNS = "id, user_id, status, folder, pieces, file_size, requested_at, ready_at, expires_at"
# A job is given up after hours of trying: whoever asks again on another day is not kept waiting for it.
FAIL_ABANDONED = """
UPDATE account_exports SET status = 'FAILED' WHERE user_id = $1 AND status = 'REQUESTED' AND requested_at < $2
"""
INSERT_EXPORT = f"""
INSERT INTO account_exports (id, user_id, folder, requested_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) WHERE status = 'REQUESTED' DO NOTHING
RETURNING {_COLUMNS}
"""
SELECT_NEWEST = f"SELECT {_COLUMNS} FROM account_exports WHERE user_id = $1 ORDER BY requested_at DESC, id DESC LIMIT 1"
SELECT_REQUESTED = f"SELECT {_COLUMNS} FROM account_exports WHERE id = $1 AND status = 'REQUESTED'"
SELECT_READY = f"""
SELECT {_COLUMNS} FROM account_exports WHERE id = $1 AND user_id = $2 AND status = 'READY' AND expires_at > $3
"""
MARK_READY = f"""
UPDATE account_exports SET status = 'READY', pieces = $2, file_size = $3, ready_at = $4, expires_at = $5
 WHERE id = $1 AND status = 'REQUESTED'
RETURNING {_COLUMNS}
"""
# The newer archive takes the place of the older one.
EXPIRE_OLDER = """
WITH older AS (
    UPDATE account_exports SET expires_at = $3 WHERE user_id = $1 AND id <> $2 AND expires_at > $3 RETURNING folder
)
UPDATE doomed_files SET remove_after = $3 WHERE folder IN (SELECT folder FROM older)
"""
DOOM = """
INSERT INTO doomed_files (folder, remove_after) VALUES ($1, $2)
ON CONFLICT (folder) DO UPDATE SET remove_after = EXCLUDED.remove_after
"""


def _export(row: Row) -> AccountExport:
    values: dict[str, Any] = dict(row)
    return AccountExport(**values | {"status": ExportStatus(values["status"])})


async def fail_abandoned(tx: Connection, user_id: UUID, *, now: datetime, after: timedelta) -> None:
    await tx.execute(FAIL_ABANDONED, user_id, now - after)


async def insert_export(
    tx: Connection, *, export_id: UUID, user_id: UUID, folder: str, now: datetime
) -> AccountExport | None:
    """None while another one is being made."""
    row = await tx.fetchrow(INSERT_EXPORT, export_id, user_id, folder, now)
    return _export(row) if row else None


async def find_newest(connection: Connection, user_id: UUID) -> AccountExport | None:
    row = await connection.fetchrow(SELECT_NEWEST, user_id)
    return _export(row) if row else None


async def find_requested(connection: Connection, export_id: UUID) -> AccountExport | None:
    row = await connection.fetchrow(SELECT_REQUESTED, export_id)
    return _export(row) if row else None


async def find_ready(connection: Connection, export_id: UUID, *, user_id: UUID, now: datetime) -> AccountExport | None:
    """The archive, while it is there to be fetched."""
    row = await connection.fetchrow(SELECT_READY, export_id, user_id, now)
    return _export(row) if row else None


async def mark_ready(
    tx: Connection, export_id: UUID, *, pieces: int, file_size: int, now: datetime, expires_at: datetime
) -> AccountExport | None:
    """None when it was made by somebody else meanwhile, or the account is gone."""
    row = await tx.fetchrow(MARK_READY, export_id, pieces, file_size, now, expires_at)
    return _export(row) if row else None


async def expire_older(tx: Connection, export: AccountExport, *, now: datetime) -> None:
    await tx.execute(EXPIRE_OLDER, export.user_id, export.id, now)


async def doom(tx: Connection, folder: str, *, remove_after: datetime) -> None:
    """Have the files below `folder` removed then, whatever happens until then."""
    await tx.execute(DOOM, folder, remove_after)
