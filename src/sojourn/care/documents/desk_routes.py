"""Documents at the agency's desk. Admins see all of them, a consultant those of assigned orders."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.care.documents import answers, service, upload_links
from sojourn.care.documents.errors import DocumentNotFound, DocumentRepeated, OrderClosed
from sojourn.care.documents.models import DeskDocumentFilters, DocumentOut, UploadLink, VerifyIn
from sojourn.care.documents.routes import address_of
from sojourn.people.auth.access import Actor, CurrentDesk
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.sales.orders.errors import OrderNotFound

router = Router(tags=["documents"], dependencies=[Depends(limited(LimitClass.DEFAULT))])
refusals = refuses(DocumentNotFound, DocumentRepeated)


@router.get("/admin/documents", operation_id="list_documents_at_desk", responses=AS_FILE)
async def list_documents_at_desk(
    ctx: Ctx, desk: CurrentDesk, request: Request, filters: Annotated[DeskDocumentFilters, Query()]
) -> Page[DocumentOut] | RawJson | Response:
    """Documents to look through, the one that waits longest first; also as CSV."""
    only_of, address = None if desk.is_admin else desk.user_id, address_of(ctx)
    if wants_csv(request, filters.format):
        chosen = answers.arguments(filters, owner_id=filters.user_id, consultant_id=only_of, address=address)
        what = Export(
            name="documents", columns=answers.FILE_COLUMNS, statement=answers.FILES[filters.sort],
            arguments=(*chosen, None, 0), actor_id=desk.user_id,
        )  # fmt: skip
        return await export(ctx, what)
    async with ctx.read() as connection:
        return await answers.list_documents(
            connection, owner_id=filters.user_id, consultant_id=only_of, filters=filters, address=address,
            sort=filters.sort,
        )  # fmt: skip


@router.patch("/documents/{document_id}/verify", operation_id="verify_document", responses=refusals)
async def verify_document(ctx: Ctx, desk: CurrentDesk, document_id: UUID, body: VerifyIn) -> DocumentOut | RawJson:
    """Verify a document, or reject it with a reason that the customer is told by mail."""
    return await _verify(ctx, desk, document_id, body)


@router.patch("/admin/documents/{document_id}/verify", operation_id="verify_document_at_desk", responses=refusals)
async def verify_document_at_desk(
    ctx: Ctx, desk: CurrentDesk, document_id: UUID, body: VerifyIn
) -> DocumentOut | RawJson:
    """The same under the desk's own path."""
    return await _verify(ctx, desk, document_id, body)


async def _verify(ctx: Context, desk: Actor, document_id: UUID, body: VerifyIn) -> RawJson:
    async with ctx.unit_of_work() as tx:
        await service.verify(
            tx, document_id=document_id, actor=desk, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await answers.get_document(tx, document_id=document_id, actor=desk, address=address_of(ctx))


@router.post(
    "/admin/orders/{order_id}/upload-link",
    operation_id="make_upload_link",
    status_code=201,
    responses=refuses(OrderNotFound, OrderClosed),
)
@never_replayed
async def make_upload_link(ctx: Ctx, desk: CurrentDesk, order_id: str) -> UploadLink:
    """A link with which a customer hands documents in without signing in. It holds 14 days and ends earlier ones."""
    async with ctx.unit_of_work() as tx:
        return await upload_links.make_link(
            tx, id_or_number=order_id, actor=desk, storefront=ctx.storefront, now=ctx.now(), origin=ctx.origin
        )
