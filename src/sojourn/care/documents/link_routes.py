"""Handing documents in by a link, without signing in: the link opens one order's checklist and nothing else."""

from fastapi import Depends
from starlette.requests import Request

from sojourn.care.documents import queries, service, upload_links
from sojourn.care.documents.checking import check
from sojourn.care.documents.errors import DocumentTooLarge, UploadLinkInvalid
from sojourn.care.documents.models import LinkUploadIn, UploadPage, UploadReceipt, UploadToken
from sojourn.care.documents.routes import UPLOAD_REFUSALS
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.http.uploads import received, takes_upload
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/uploads", tags=["documents"], dependencies=[Depends(limited(LimitClass.DEFAULT, by_address=True))]
)


@router.get("/{token}", operation_id="get_upload_page", responses=refuses(UploadLinkInvalid))
async def get_upload_page(ctx: Ctx, token: UploadToken) -> UploadPage:
    """What is to be handed in."""
    async with ctx.read() as connection:
        return await upload_links.get_page(connection, token=token, storefront=ctx.storefront, now=ctx.now())


@router.post(
    "/{token}",
    operation_id="upload_by_link",
    status_code=201,
    openapi_extra=takes_upload(LinkUploadIn),
    responses=refuses(*UPLOAD_REFUSALS, UploadLinkInvalid),
)
@never_replayed  # the same file again is the same document
async def upload_by_link(ctx: Ctx, vendors: TheVendors, request: Request, token: UploadToken) -> UploadReceipt:
    """Hand in a PDF, JPG or PNG of at most 10 MB, as `multipart/form-data`."""
    async with ctx.read() as connection:
        target = await upload_links.get_target(connection, token=token, now=ctx.now())
    async with received(request, LinkUploadIn, too_large=DocumentTooLarge) as (fields, upload):
        place = service.place_in(target, fields)
        file = await check(upload, scanner=vendors.scanner)
    document_id = await service.store(ctx, vendors.storage, place=place, file=file, actor_id=None, by_link=True)
    async with ctx.read() as connection:
        document = await queries.find_document(connection, document_id=document_id)
    if document is None:  # deleted within this moment
        raise UploadLinkInvalid
    return UploadReceipt(
        id=document.id,
        file_name=document.file_name,
        file_size=document.file_size,
        mime_type=document.mime_type,
        category=document.category,
        checklist_key=document.checklist_key,
        status=document.status,
    )
