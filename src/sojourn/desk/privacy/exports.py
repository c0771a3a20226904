"""Telling somebody all we know of them: asked for, made by the worker, mailed, fetched, forgotten after a week."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.care.documents.links import FileLink, make_link, read_token, write_token
from sojourn.care.notifications.mails import DataExport
from sojourn.care.notifications.models import Letter
from sojourn.care.notifications.service import keep
from sojourn.care.notifications.sources import find_recipient
from sojourn.desk.privacy import queries
from sojourn.desk.privacy.archive import read_archive, write_archive
from sojourn.desk.privacy.errors import ExportLinkInvalid, ExportNotFound, ExportUnderway
from sojourn.desk.privacy.models import AccountExport, ExportOut, ExportStatus
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.http.context import SYSTEM_ORIGIN, Origin, Runtime
from sojourn.platform.jobs.queue import NewJob, enqueue
from sojourn.platform.kit.ids import new_id
from sojourn.providers.storage.port import FileStore
from sojourn.providers.work import Work

BUILD_EXPORT: Final = "privacy.build_export"  # export_id
LIFE: Final = timedelta(days=7)
# Longer than its job is tried.
ABANDONED_AFTER: Final = timedelta(hours=24)
PURPOSE: Final = b"account-export:"


async def request(tx: Connection, *, user_id: UUID, storefront: str, now: datetime, origin: Origin) -> AccountExport:
    """Have an archive made. Raises ExportUnderway."""
    await queries.fail_abandoned(tx, user_id, now=now, after=ABANDONED_AFTER)
    export_id = new_id()
    folder = f"{storefront}/exports/{export_id}"
    export = await queries.insert_export(tx, export_id=export_id, user_id=user_id, folder=folder, now=now)
    if export is None:
        raise ExportUnderway
    # Ahead of its first byte: whatever becomes of the worker, nothing stays behind.
    await queries.doom(tx, folder, remove_after=now + ABANDONED_AFTER + LIFE)
    await enqueue(tx, NewJob(kind=BUILD_EXPORT, payload={"export_id": export_id}))
    await _record(tx, "requested", export, now=now, origin=origin)
    return export


async def build(work: Work, export_id: UUID) -> None:
    """Make the archive and mail its link; nothing when that was done. Raises StorageUnavailable."""
    runtime, clock = work.runtime, work.runtime.clock
    async with runtime.db.read() as connection:
        export = await queries.find_requested(connection, export_id)
    if export is None:
        return
    pieces, size = await write_archive(runtime, work.vendors.storage, user_id=export.user_id, folder=export.folder)
    now = clock.now()
    expires_at = (now + LIFE).replace(microsecond=0)
    async with runtime.db.unit_of_work() as tx:
        ready = await queries.mark_ready(tx, export_id, pieces=pieces, file_size=size, now=now, expires_at=expires_at)
        to = await find_recipient(tx, export.user_id)
        if ready is None or to is None:
            return
        await queries.expire_older(tx, ready, now=now)
        await queries.doom(tx, ready.folder, remove_after=expires_at)
        url = _url(runtime, ready, expires_at=expires_at)
        mail = DataExport(link=url, expires_at=expires_at)
        await keep(tx, Letter(context=mail, to=to, subject_id=ready.user_id, occasion=str(export_id)), now=now)
        await _record(tx, "ready", ready, now=now, origin=SYSTEM_ORIGIN)


async def get_newest(connection: Connection, *, user_id: UUID, runtime: Runtime, now: datetime) -> ExportOut:
    """How far the newest one is. Raises ExportNotFound."""
    export = await queries.find_newest(connection, user_id)
    if export is None:
        raise ExportNotFound
    return present(export, runtime=runtime, now=now)


def present(export: AccountExport, *, runtime: Runtime, now: datetime) -> ExportOut:
    """The export for its owner, with a fresh link while there is something to fetch."""
    status, url = export.status, None
    if export.expires_at is not None:
        if export.expires_at <= now:
            status = ExportStatus.EXPIRED
        else:
            fresh = make_link(owner_id=export.id, actor_id=export.user_id, part="", now=now)
            url = _url(runtime, export, expires_at=min(fresh.expires_at, export.expires_at))
    return ExportOut(
        id=export.id, status=status, file_size=export.file_size, requested_at=export.requested_at,
        ready_at=export.ready_at, expires_at=export.expires_at, url=url,
    )  # fmt: skip


async def open_link(tx: Connection, *, token: str, secret: str, now: datetime, origin: Origin) -> AccountExport:
    """What a signed link opens; on record. Raises FileLinkInvalid, FileLinkExpired, ExportLinkInvalid."""
    link = read_token(token, secret=secret, now=now, purpose=PURPOSE)
    export = await queries.find_ready(tx, link.owner_id, user_id=link.actor_id, now=now)
    if export is None:
        raise ExportLinkInvalid
    await _record(tx, "opened", export, now=now, origin=origin)
    return export


def read(files: FileStore, export: AccountExport) -> AsyncIterator[bytes]:
    """The archive of an export that is ready."""
    return read_archive(files, folder=export.folder, pieces=export.pieces or 0)


def _url(runtime: Runtime, export: AccountExport, *, expires_at: datetime) -> str:
    link = FileLink(owner_id=export.id, actor_id=export.user_id, part="", expires_at=expires_at)
    token = write_token(link, secret=runtime.access_secret, purpose=PURPOSE)
    return f"{runtime.public_url}{runtime.storefront.prefix}/users/exports/{token}"


async def _record(tx: Connection, what: str, export: AccountExport, *, now: datetime, origin: Origin) -> None:
    """Whoever opens a link need not be signed in: that it was opened is the system's word."""
    is_owner = what == "requested"
    act = Act(
        action=f"account.export_{what}", subject_kind="user", subject_id=export.user_id,
        actor_kind=ActorKind.USER if is_owner else ActorKind.SYSTEM, actor_id=export.user_id if is_owner else None,
        detail={"export_id": str(export.id)},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
