"""The files of digital services: an admin adds them, brings out new editions, and takes them away."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.care.documents import queries as documents
from sojourn.care.documents.models import CheckedFile
from sojourn.care.documents.service import ORIGINAL, UPLOAD_TIME
from sojourn.care.downloads import queries
from sojourn.care.downloads.errors import DownloadNotFound, ServiceNotDigital, TooManyServiceFiles
from sojourn.care.downloads.models import ServiceFiles
from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.catalog.services.models import ServiceType
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.kit.ids import new_id
from sojourn.providers.storage.port import FileStore, StorageUnavailable

MAX_FILES: Final = 20
# Whoever has just begun to fetch the edition before gets all of it.
OLD_EDITION_LIFE: Final = timedelta(hours=1)

Keep = Callable[[Connection, str], Awaitable[UUID]]


async def list_files(connection: Connection, *, service_id: UUID) -> ServiceFiles:
    """What buyers of a service get. Raises ServiceNotFound, ServiceNotDigital."""
    _check_digital(await queries.find_type(connection, service_id=service_id))
    files = await queries.list_files(connection, service_id=service_id)
    return ServiceFiles(service_id=service_id, is_composed=not files, items=files)


async def add(ctx: Context, store: FileStore, *, service_id: UUID, file: CheckedFile, admin: Actor) -> None:
    """One more file. Raises ServiceNotFound, ServiceNotDigital, TooManyServiceFiles, Unavailable."""

    async def keep(tx: Connection, folder: str) -> UUID:
        _check_digital(await queries.lock_service(tx, service_id=service_id))
        if len(await queries.list_files(tx, service_id=service_id)) >= MAX_FILES:
            raise TooManyServiceFiles(details={"most": MAX_FILES})
        file_id = new_id()
        if not await queries.insert_file(
            tx, file_id=file_id, service_id=service_id, folder=folder, file=file, now=ctx.now()
        ):
            raise Unavailable
        return file_id

    await _store(ctx, store, service_id=service_id, file=file, admin=admin, action="service_file.added", keep=keep)


async def replace(
    ctx: Context, store: FileStore, *, service_id: UUID, file_id: UUID, file: CheckedFile, admin: Actor
) -> None:
    """The next edition of a file; from now on every buyer gets this one.

    Raises ServiceNotFound, ServiceNotDigital, DownloadNotFound, Unavailable.
    """

    async def keep(tx: Connection, folder: str) -> UUID:
        _check_digital(await queries.lock_service(tx, service_id=service_id))
        now = ctx.now()
        if not await queries.replace_file(
            tx, file_id=file_id, service_id=service_id, folder=folder, file=file, now=now,
            remove_old_after=now + OLD_EDITION_LIFE,
        ):  # fmt: skip
            raise DownloadNotFound
        return file_id

    await _store(ctx, store, service_id=service_id, file=file, admin=admin, action="service_file.replaced", keep=keep)


async def delete(
    tx: Connection, *, service_id: UUID, file_id: UUID, admin: Actor, now: datetime, origin: Origin
) -> None:
    """Take a file away; without any, buyers get the composed guide again. Raises DownloadNotFound."""
    remove_after = now + OLD_EDITION_LIFE
    if not await queries.delete_file(tx, file_id=file_id, service_id=service_id, remove_after=remove_after):
        raise DownloadNotFound
    await _record(tx, "service_file.deleted", service_id, file_id, admin=admin, now=now, origin=origin)


async def _store(
    ctx: Context, store: FileStore, *, service_id: UUID, file: CheckedFile, admin: Actor, action: str, keep: Keep
) -> None:
    """As documents are stored: the folder is doomed before it is written, and whoever keeps it takes it back."""
    folder = f"{ctx.storefront.key}/services/{new_id()}"
    async with ctx.unit_of_work() as tx:
        await documents.doom(tx, folder=folder, remove_after=ctx.now() + UPLOAD_TIME)
    try:
        await store.put(f"{folder}/{ORIGINAL}", file.content)
    except StorageUnavailable as fault:
        raise Unavailable from fault
    async with ctx.unit_of_work() as tx:
        file_id = await keep(tx, folder)
        await _record(tx, action, service_id, file_id, admin=admin, now=ctx.now(), origin=ctx.origin)


async def _record(
    tx: Connection, action: str, service_id: UUID, file_id: UUID, *, admin: Actor, now: datetime, origin: Origin
) -> None:
    act = Act(
        action=action, subject_kind="SERVICE", subject_id=service_id, actor_id=admin.user_id,
        detail={"file_id": file_id},
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)


def _check_digital(kind: ServiceType | None) -> None:
    if kind is None:
        raise ServiceNotFound
    if kind is not ServiceType.DIGITAL:
        raise ServiceNotDigital
