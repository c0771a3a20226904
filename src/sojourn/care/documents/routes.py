"""Documents over HTTP: their customers' side."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.care.documents import answers, links, queries, service
from sojourn.care.documents.checking import check
from sojourn.care.documents.errors import (
    DocumentAttached,
    DocumentInfected,
    DocumentInUse,
    DocumentNotFound,
    DocumentRepeated,
    DocumentTooLarge,
    DocumentTypeRefused,
    DocumentUnreadable,
    FileLinkExpired,
    FileLinkInvalid,
    OrderClosed,
    TooManyDocuments,
)
from sojourn.care.documents.models import (
    AttachIn,
    DocumentFilters,
    DocumentOut,
    DocumentsStatus,
    DownloadIn,
    FileToken,
    OrderChecklist,
    SignedLink,
    UploadIn,
)
from sojourn.care.documents.serving import serve
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import NotFound, Unavailable
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.http.uploads import UploadBroken, received, takes_upload
from sojourn.platform.kit.wire import Page
from sojourn.platform.pictures import PictureTooLarge
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders.errors import OrderNotFound

ordinary = [Depends(limited(LimitClass.DEFAULT))]
router = Router(prefix="/documents", tags=["documents"], dependencies=ordinary)
checklist_router = Router(prefix="/orders", tags=["documents"], dependencies=ordinary)
users_router = Router(prefix="/users", tags=["documents"], dependencies=ordinary)
dashboard_router = Router(prefix="/dashboard", tags=["documents"], dependencies=ordinary)

UPLOAD_REFUSALS = (
    DocumentTooLarge, DocumentTypeRefused, DocumentUnreadable, PictureTooLarge, DocumentInfected, OrderClosed,
    TooManyDocuments, UploadBroken, Unavailable,
)  # fmt: skip
BYTES: dict[int | str, dict[str, Any]] = {200: {"description": "The file", "content": {"application/octet-stream": {}}}}


def address_of(ctx: Context) -> str:
    """Where the storefront's documents are, as its clients write it."""
    return f"{ctx.runtime.public_url}{ctx.storefront.prefix}/documents/"


@router.post(
    "/upload",
    operation_id="upload_document",
    status_code=201,
    openapi_extra=takes_upload(UploadIn),
    responses=refuses(*UPLOAD_REFUSALS, OrderNotFound),
)
@never_replayed  # the same file again is the same document, and ten megabytes are not held in memory
async def upload_document(ctx: Ctx, user: CurrentUser, vendors: TheVendors, request: Request) -> DocumentOut | RawJson:
    """Hand in a PDF, JPG or PNG of at most 10 MB, as `multipart/form-data`.

    Pictures are drawn anew without their metadata. The same file for the same thing is one document. Without an order
    it is kept for 24 hours, to be attached to one.
    """
    async with received(request, UploadIn, too_large=DocumentTooLarge) as (fields, upload):
        async with ctx.read() as connection:
            place = await service.place_of(connection, actor=user, fields=fields)
        file = await check(upload, scanner=vendors.scanner)
    document_id = await service.store(
        ctx, vendors.storage, place=place, file=file, actor_id=user.user_id, by_link=False
    )
    async with ctx.read() as connection:
        return await answers.get_document(connection, document_id=document_id, actor=user, address=address_of(ctx))


@router.get("", operation_id="list_documents")
async def list_documents(
    ctx: Ctx, user: CurrentUser, filters: Annotated[DocumentFilters, Query()]
) -> Page[DocumentOut] | RawJson:
    """Own documents, newest first. With `order_id` staff see those of an order they look after."""
    async with ctx.read() as connection:
        return await answers.list_visible(connection, actor=user, filters=filters, address=address_of(ctx))


@router.get(
    "/files/{token}",
    operation_id="open_document_file",
    responses={**refuses(FileLinkInvalid, FileLinkExpired, Unavailable), **BYTES},
)
async def open_document_file(ctx: Ctx, vendors: TheVendors, token: FileToken) -> Response:
    """The bytes behind a signed link. Each opening is put on record."""
    link = links.read_token(token, secret=ctx.runtime.access_secret, now=ctx.now())
    async with ctx.unit_of_work() as tx:
        document = await service.open_link(tx, link=link, now=ctx.now(), origin=ctx.origin)
    if document is None:
        raise FileLinkInvalid
    return await serve(
        vendors.storage, key=f"{document.folder}/{link.part}", file_name=document.file_name,
        mime_type=document.mime_type,
    )  # fmt: skip


@router.get("/{document_id}", operation_id="get_document", responses=refuses(DocumentNotFound))
async def get_document(ctx: Ctx, user: CurrentUser, document_id: UUID) -> DocumentOut | RawJson:
    """One document: its owner's, one of an order that a consultant looks after, or any for an admin."""
    async with ctx.read() as connection:
        return await answers.get_document(connection, document_id=document_id, actor=user, address=address_of(ctx))


@router.get("/{document_id}/download", operation_id="download_document", responses=refuses(DocumentNotFound))
async def download_document(
    ctx: Ctx, user: CurrentUser, document_id: UUID, query: Annotated[DownloadIn, Query()]
) -> SignedLink:
    """A link to the file, good for five minutes. A PDF has no thumbnail; its link is to the file."""
    async with ctx.read() as connection:
        document = await queries.get_visible(connection, document_id=document_id, actor=user)
    return service.sign_link(
        document, actor_id=user.user_id, variant=query.variant, address=address_of(ctx),
        secret=ctx.runtime.access_secret, now=ctx.now(),
    )  # fmt: skip


@router.patch(
    "/{document_id}",
    operation_id="attach_document",
    responses=refuses(
        DocumentNotFound, OrderNotFound, DocumentAttached, DocumentRepeated, OrderClosed, TooManyDocuments
    ),
)
async def attach_document(ctx: Ctx, user: CurrentUser, document_id: UUID, body: AttachIn) -> DocumentOut | RawJson:
    """Say which order a document is for."""
    async with ctx.unit_of_work() as tx:
        await service.attach(tx, document_id=document_id, actor=user, body=body, now=ctx.now(), origin=ctx.origin)
        return await answers.get_document(tx, document_id=document_id, actor=user, address=address_of(ctx))


@router.delete("/{document_id}", operation_id="delete_document", responses=refuses(DocumentNotFound, DocumentInUse))
async def delete_document(ctx: Ctx, user: CurrentUser, document_id: UUID) -> None:
    """Delete an own document, as long as it is not verified for an order. Admins delete any."""
    async with ctx.unit_of_work() as tx:
        await service.delete(tx, document_id=document_id, actor=user, now=ctx.now(), origin=ctx.origin)


@checklist_router.get("/{order_id}/checklist", operation_id="get_order_checklist", responses=refuses(OrderNotFound))
async def get_order_checklist(ctx: Ctx, user: CurrentUser, order_id: str) -> OrderChecklist | RawJson:
    """What an order needs, as it was when ordered, and how far each item is."""
    async with ctx.read() as connection:
        return await answers.get_checklist(connection, id_or_number=order_id, actor=user)


@users_router.get("/{user_id}/documents", operation_id="list_documents_of_user")
async def list_documents_of_user(
    ctx: Ctx, user: CurrentUser, user_id: UUID, filters: Annotated[DocumentFilters, Query()]
) -> Page[DocumentOut] | RawJson:
    """A customer's documents, newest first: one's own, or anybody's for an admin."""
    if not (user.is_admin or user.user_id == user_id):
        raise NotFound
    async with ctx.read() as connection:
        return await answers.list_documents(
            connection, owner_id=user_id, consultant_id=None, filters=filters, address=address_of(ctx)
        )


@dashboard_router.get("/documents/status", operation_id="get_documents_status")
async def get_documents_status(ctx: Ctx, user: CurrentUser) -> DocumentsStatus | RawJson:
    """Own documents by status, and what own open orders still need."""
    async with ctx.read() as connection:
        return await answers.get_status(connection, user_id=user.user_id)
