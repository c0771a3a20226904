"""Digital downloads at the agency's desk: the files of services, and buyers who have used theirs up."""

from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from sojourn.care.documents.checking import check
from sojourn.care.documents.errors import (
    DocumentInfected,
    DocumentTooLarge,
    DocumentTypeRefused,
    DocumentUnreadable,
)
from sojourn.care.downloads import files, service
from sojourn.care.downloads.errors import DownloadNotFound, ServiceNotDigital, TooManyServiceFiles
from sojourn.care.downloads.models import OrderDownloads, ServiceFileIn, ServiceFiles
from sojourn.catalog.services.errors import ServiceNotFound
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.http.uploads import UploadBroken, received, takes_upload
from sojourn.platform.pictures import PictureTooLarge
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders.errors import OrderNotFound

router = Router(prefix="/admin", tags=["downloads"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

UPLOAD_REFUSALS = (
    DocumentTooLarge, DocumentTypeRefused, DocumentUnreadable, PictureTooLarge, DocumentInfected, UploadBroken,
    Unavailable, ServiceNotFound, ServiceNotDigital,
)  # fmt: skip


@router.get(
    "/services/{service_id}/files",
    operation_id="list_service_files",
    responses=refuses(ServiceNotFound, ServiceNotDigital),
)
async def list_service_files(ctx: Ctx, admin: CurrentAdmin, service_id: UUID) -> ServiceFiles:
    """What buyers of a digital service get. Without files they get the guide composed from its entry."""
    return await _files(ctx, service_id)


@router.post(
    "/services/{service_id}/files",
    operation_id="add_service_file",
    status_code=201,
    openapi_extra=takes_upload(ServiceFileIn),
    responses=refuses(*UPLOAD_REFUSALS, TooManyServiceFiles),
)
@never_replayed  # ten megabytes are not held in memory
async def add_service_file(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, request: Request, service_id: UUID
) -> ServiceFiles:
    """Add a PDF, JPG or PNG of at most 10 MB, as `multipart/form-data`."""
    async with received(request, ServiceFileIn, too_large=DocumentTooLarge) as (_, upload):
        file = await check(upload, scanner=vendors.scanner)
    await files.add(ctx, vendors.storage, service_id=service_id, file=file, admin=admin)
    return await _files(ctx, service_id)


@router.put(
    "/services/{service_id}/files/{file_id}",
    operation_id="replace_service_file",
    openapi_extra=takes_upload(ServiceFileIn),
    responses=refuses(*UPLOAD_REFUSALS, DownloadNotFound),
)
@never_replayed
async def replace_service_file(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, request: Request, service_id: UUID, file_id: UUID
) -> ServiceFiles:
    """Bring out the next edition of a file: every buyer, earlier ones too, gets this one from now on."""
    async with received(request, ServiceFileIn, too_large=DocumentTooLarge) as (_, upload):
        file = await check(upload, scanner=vendors.scanner)
    await files.replace(ctx, vendors.storage, service_id=service_id, file_id=file_id, file=file, admin=admin)
    return await _files(ctx, service_id)


@router.delete(
    "/services/{service_id}/files/{file_id}", operation_id="delete_service_file", responses=refuses(DownloadNotFound)
)
async def delete_service_file(ctx: Ctx, admin: CurrentAdmin, service_id: UUID, file_id: UUID) -> None:
    """Take a file away."""
    async with ctx.unit_of_work() as tx:
        await files.delete(tx, service_id=service_id, file_id=file_id, admin=admin, now=ctx.now(), origin=ctx.origin)


@router.post(
    "/orders/{order_id}/downloads/{file_id}/reset",
    operation_id="reset_downloads",
    responses=refuses(OrderNotFound, DownloadNotFound),
)
async def reset_downloads(ctx: Ctx, admin: CurrentAdmin, order_id: str, file_id: UUID) -> OrderDownloads:
    """Let a buyer fetch a file as often as on the first day."""
    async with ctx.unit_of_work() as tx:
        await service.forgive(tx, id_or_number=order_id, file_id=file_id, admin=admin, now=ctx.now(), origin=ctx.origin)
        return await service.list_downloads(
            tx, id_or_number=order_id, actor=admin, limit=ctx.storefront.rules.downloads_per_file
        )


async def _files(ctx: Context, service_id: UUID) -> ServiceFiles:
    async with ctx.read() as connection:
        return await files.list_files(connection, service_id=service_id)
