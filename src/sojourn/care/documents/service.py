"""Handing in, attaching, verifying and deleting documents."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from sojourn.care.documents import links, queries
from sojourn.care.documents.errors import (
    DocumentAttached,
    DocumentInUse,
    DocumentRepeated,
    OrderClosed,
    TooManyDocuments,
)
from sojourn.care.documents.letters import rejection_letter
from sojourn.care.documents.models import (
    AttachIn,
    CheckedFile,
    Document,
    DocumentStatus,
    FileVariant,
    LinkUploadIn,
    Place,
    SignedLink,
    Target,
    UploadIn,
    VerifyIn,
)
from sojourn.care.documents.rules import JPEG, find_item
from sojourn.care.notifications.service import keep as keep_letter
from sojourn.catalog.services.models import DocumentCategory
from sojourn.people.auth.access import Actor
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput, NotAllowed, Unavailable
from sojourn.platform.http.context import Context, Origin
from sojourn.platform.kit.ids import new_id
from sojourn.platform.storefront import Storefront
from sojourn.providers.storage.port import FileStore, StorageUnavailable

MAX_PER_ORDER: Final = 100
MAX_UNATTACHED: Final = 20
# An upload takes seconds; what is not a document by then never becomes one.
UPLOAD_TIME: Final = timedelta(hours=1)
ORIGINAL: Final = "original"
THUMBNAIL: Final = "thumbnail"


async def place_of(connection: Connection, *, actor: Actor, fields: UploadIn) -> Place:
    """Whose the upload will be, and where it belongs.

    Raises OrderNotFound, OrderClosed, TooManyDocuments, InvalidInput.
    """
    if fields.order_id is not None:
        target = await queries.get_target(connection, order_id=fields.order_id, actor=actor)
        return place_in(target, fields)
    if fields.checklist_key is not None:
        raise InvalidInput.at("checklist_key", "needs the `order_id` of the order whose checklist it is on")
    if fields.category is None:
        raise InvalidInput.at("category", "is required without a `checklist_key`")
    if await queries.count_unattached(connection, user_id=actor.user_id) >= MAX_UNATTACHED:
        raise TooManyDocuments(details={"most": MAX_UNATTACHED})
    return Place(user_id=actor.user_id, order_id=None, order_number=None, checklist_key=None, category=fields.category)


def place_in(target: Target, fields: LinkUploadIn) -> Place:
    """Where in an order an upload belongs. Raises OrderClosed, TooManyDocuments, InvalidInput."""
    if not target.is_open:
        raise OrderClosed(details={"order_number": target.order_number})
    if target.document_count >= MAX_PER_ORDER:
        raise TooManyDocuments(details={"most": MAX_PER_ORDER})
    item = find_item(target.checklist, key=fields.checklist_key, category=fields.category)
    if fields.checklist_key is not None and item is None:
        raise InvalidInput.at("checklist_key", "is not on the checklist of this order")
    if item is not None and fields.category not in (None, item["category"]):
        raise InvalidInput.at("category", f"this item of the checklist is a {item['category']}")
    if item is None and fields.category is None:
        raise InvalidInput.at("category", "is required without a `checklist_key`")
    return Place(
        user_id=target.user_id,
        order_id=target.order_id,
        order_number=target.order_number,
        checklist_key=item["key"] if item else None,
        category=DocumentCategory(item["category"]) if item else fields.category or DocumentCategory.OTHER,
    )


async def store(
    ctx: Context, files: FileStore, *, place: Place, file: CheckedFile, actor_id: UUID | None, by_link: bool
) -> UUID:
    """Keep a checked file as a document. The same file for the same thing again is the document that stands already.

    Its files are doomed before they are written: whatever dies on the way leaves nothing behind. Raises Unavailable.
    """
    document_id = new_id()
    folder = f"{ctx.storefront.key}/documents/{document_id}"
    async with ctx.unit_of_work() as tx:
        await queries.doom(tx, folder=folder, remove_after=ctx.now() + UPLOAD_TIME)
    try:
        await files.put(f"{folder}/{ORIGINAL}", file.content)
        if file.thumbnail is not None:
            await files.put(f"{folder}/{THUMBNAIL}", file.thumbnail)
    except StorageUnavailable as fault:
        raise Unavailable from fault
    async with ctx.unit_of_work() as tx:
        now = ctx.now()
        kept = await queries.insert_document(
            tx, document_id=document_id, folder=folder, place=place, file=file, now=now
        )
        if kept is None:
            await queries.doom(tx, folder=folder, remove_after=now)
            same = await queries.find_same(tx, place=place, digest=file.digest)
            if same is None:
                raise Unavailable
            return same
        act = Act(
            action="document.uploaded", subject_kind="DOCUMENT", subject_id=kept, actor_id=actor_id,
            reference=place.order_number, detail={"category": place.category, "by_link": by_link},
        )  # fmt: skip
        await record(tx, act, now=now, origin=ctx.origin)
    return kept


async def attach(
    tx: Connection, *, document_id: UUID, actor: Actor, body: AttachIn, now: datetime, origin: Origin
) -> None:
    """Say which order a document is for.

    Raises DocumentNotFound, NotAllowed, DocumentAttached, OrderNotFound, OrderClosed, TooManyDocuments, InvalidInput,
    DocumentRepeated.
    """
    document = await queries.lock_visible(tx, document_id=document_id, actor=actor)
    if document.order_id is not None:
        raise DocumentAttached
    target = await queries.get_target(tx, order_id=body.order_id, actor=actor)
    if target.user_id != document.user_id:
        raise InvalidInput.at("order_id", "is another customer's order")
    place = place_in(target, UploadIn(category=document.category, checklist_key=body.checklist_key))
    try:
        await queries.attach(tx, document_id=document.id, order_id=target.order_id, key=place.checklist_key, now=now)
    except asyncpg.UniqueViolationError as fault:
        raise DocumentRepeated from fault
    await _record(tx, "document.attached", document, actor_id=actor.user_id, now=now, origin=origin)


async def verify(
    tx: Connection, *, document_id: UUID, actor: Actor, body: VerifyIn, storefront: Storefront, now: datetime,
    origin: Origin,
) -> None:  # fmt: skip
    """Say that a document is good, or what to repair; a rejection is told to the customer by mail.

    Saying the same again changes nothing. Raises DocumentNotFound, DocumentRepeated.
    """
    document = await queries.lock_at_desk(tx, document_id=document_id, actor=actor)
    if (document.status, document.rejection_reason) == (body.status, body.what_is_wrong):
        return
    try:
        await queries.decide(
            tx, document_id=document.id, status=body.status, reason=body.what_is_wrong, staff_id=actor.user_id, now=now
        )
    except asyncpg.UniqueViolationError as fault:
        raise DocumentRepeated from fault
    await _record(tx, f"document.{body.status.lower()}", document, actor_id=actor.user_id, now=now, origin=origin)
    if body.status is DocumentStatus.REJECTED and body.what_is_wrong is not None:
        to = await queries.get_recipient(tx, document_id=document.id)
        letter = rejection_letter(document, to=to, reason=body.what_is_wrong, storefront=storefront, at=now)
        await keep_letter(tx, letter, now=now)


async def delete(tx: Connection, *, document_id: UUID, actor: Actor, now: datetime, origin: Origin) -> None:
    """Delete a document and, soon after, its files. Raises DocumentNotFound, NotAllowed, DocumentInUse."""
    document = await queries.lock_visible(tx, document_id=document_id, actor=actor)
    if not (actor.is_admin or document.user_id == actor.user_id):
        raise NotAllowed
    is_in_use = document.status is DocumentStatus.VERIFIED and document.order_id is not None
    if is_in_use and not actor.is_admin:
        raise DocumentInUse
    await queries.delete(tx, document_id=document.id, now=now)
    await _record(tx, "document.deleted", document, actor_id=actor.user_id, now=now, origin=origin)


def sign_link(
    document: Document, *, actor_id: UUID, variant: FileVariant, address: str, secret: str, now: datetime
) -> SignedLink:
    """A link to the document's bytes; for a picture's small copy, where there is one."""
    if not document.has_thumbnail:
        variant = FileVariant.ORIGINAL
    link = links.make_link(owner_id=document.id, actor_id=actor_id, part=variant, now=now)
    return SignedLink(
        url=f"{address}files/{links.write_token(link, secret=secret)}",
        file_name=document.file_name,
        mime_type=document.mime_type if variant is FileVariant.ORIGINAL else JPEG,
        expires_at=link.expires_at,
    )


async def open_link(connection: Connection, *, link: links.FileLink, now: datetime, origin: Origin) -> Document | None:
    """The document behind a link, its opening put on record; None when it is gone meanwhile."""
    document = await queries.find_document(connection, document_id=link.owner_id)
    if document is None:
        return None
    await _record(
        connection, "document.opened", document, actor_id=link.actor_id, now=now, origin=origin, variant=link.part
    )
    is_small = link.part == FileVariant.THUMBNAIL
    return (
        replace(document, mime_type=JPEG, file_name=f"{document.file_name.rpartition('.')[0]}-small.jpg")
        if is_small
        else document
    )


async def _record(
    tx: Connection, action: str, document: Document, *, actor_id: UUID, now: datetime, origin: Origin, **detail: str
) -> None:
    act = Act(
        action=action, subject_kind="DOCUMENT", subject_id=document.id, actor_id=actor_id,
        reference=document.order_number, detail=detail,
    )  # fmt: skip
    await record(tx, act, now=now, origin=origin)
