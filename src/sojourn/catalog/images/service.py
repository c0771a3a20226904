"""Keeping, showing and deleting the catalogue's images."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sojourn.catalog.images import queries
from sojourn.catalog.images.errors import ImageInUse
from sojourn.catalog.images.models import Drawing, Image, ImageOut, Size
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, ActorKind, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.kit.ids import new_id
from sojourn.providers.storage.port import FileStore, StorageUnavailable

# An upload takes seconds; what is not an image by then never becomes one.
UPLOAD_TIME: Final = timedelta(hours=1)
UNNAMED_LIFE: Final = timedelta(hours=24)


def present(image: Image, *, address: str) -> ImageOut:
    """`address`: where the storefront's images are, with a slash at the end."""
    url = f"{address}{image.id}"
    return ImageOut(
        id=image.id, url=url, thumbnail_url=f"{url}/thumbnail", width=image.width, height=image.height, alt=image.alt,
        unnamed_since=image.unnamed_since, created_at=image.created_at,
    )  # fmt: skip


async def store(ctx: Context, files: FileStore, *, drawing: Drawing, alt: str, admin: Actor) -> Image:
    """Keep an image. Its files are doomed before they are written: whatever dies on the way leaves nothing behind.

    Raises Unavailable.
    """
    image_id = new_id()
    folder = f"{ctx.storefront.key}/images/{image_id}"
    async with ctx.unit_of_work() as tx:
        await queries.doom(tx, folder=folder, remove_after=ctx.now() + UPLOAD_TIME)
    try:
        await files.put(f"{folder}/{Size.FULL}", drawing.full)
        await files.put(f"{folder}/{Size.THUMBNAIL}", drawing.thumbnail)
    except StorageUnavailable as fault:
        raise Unavailable from fault
    async with ctx.unit_of_work() as tx:
        now = ctx.now()
        kept = await queries.insert_image(tx, image_id=image_id, folder=folder, alt=alt, drawing=drawing, now=now)
        if kept is None:
            raise Unavailable
        act = Act(action="image.uploaded", subject_kind="IMAGE", subject_id=image_id, actor_id=admin.user_id)
        await record(tx, act, now=now, origin=ctx.origin)
    return kept


async def change(tx: Connection, *, image_id: UUID, alt: str, admin: Actor, now: datetime, origin: Origin) -> Image:
    """Say something else of an image. Raises ImageNotFound."""
    changed = await queries.change(tx, image_id=image_id, alt=alt)
    act = Act(action="image.changed", subject_kind="IMAGE", subject_id=image_id, actor_id=admin.user_id)
    await record(tx, act, now=now, origin=origin)
    return changed


async def delete(tx: Connection, *, image_id: UUID, admin: Actor, now: datetime, origin: Origin) -> None:
    """Delete an image that no entry names. Raises ImageNotFound, ImageInUse."""
    if await queries.lock_is_named(tx, image_id=image_id):
        raise ImageInUse
    await queries.delete(tx, image_id=image_id, now=now)
    act = Act(action="image.deleted", subject_kind="IMAGE", subject_id=image_id, actor_id=admin.user_id)
    await record(tx, act, now=now, origin=origin)


async def delete_unnamed(tx: Connection, *, now: datetime) -> int:
    """Delete the images that no entry has named for a day, counted from when that was first seen; how many."""
    await queries.mark_unnamed(tx, now=now)
    gone = await queries.delete_due(tx, unnamed_before=now - UNNAMED_LIFE, now=now)
    for image_id in gone:
        act = Act(action="image.expired", subject_kind="IMAGE", subject_id=image_id, actor_kind=ActorKind.SYSTEM)
        await record(tx, act, now=now)
    return len(gone)
