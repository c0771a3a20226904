"""The catalogue's images over HTTP: for everybody to see, for admins to add and take away."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sojourn.catalog.images import queries, service
from sojourn.catalog.images.errors import ImageInUse, ImageNotFound, ImageTooLarge, ImageTypeRefused, ImageUnreadable
from sojourn.catalog.images.models import MIME_TYPE, ImageFilters, ImageIn, ImageOut, ImagePatch, Size
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.http.uploads import UploadBroken, received, takes_upload
from sojourn.platform.kit.lazily import lazily
from sojourn.platform.kit.wire import Page
from sojourn.platform.pictures import PictureTooLarge
from sojourn.platform.storefront import LimitClass
from sojourn.providers.storage.port import FileMissing, FileStore, StorageUnavailable
from sojourn.providers.vendors import TheVendors

if TYPE_CHECKING:
    from sojourn.catalog.images import drawing as pictures
else:
    pictures = lazily("sojourn.catalog.images.drawing")

router = Router(prefix="/images", tags=["images"], dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))])
desk_router = Router(prefix="/admin/images", tags=["images"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {MIME_TYPE: {}}},
    304: {"description": "The one that `If-None-Match` names is still right"},
}
_UPLOAD_REFUSALS = (ImageTooLarge, ImageTypeRefused, ImageUnreadable, PictureTooLarge, UploadBroken, Unavailable)


@router.get("/{image_id}", operation_id="get_image", responses={**refuses(ImageNotFound, Unavailable), **_BYTES})
async def get_image(ctx: Ctx, vendors: TheVendors, request: Request, image_id: UUID) -> Response:
    """An image of the catalogue, at most 1600 pixels wide. Under one address it never changes: keep it."""
    return await _shown(ctx, vendors.storage, request, image_id, Size.FULL)


@router.get(
    "/{image_id}/thumbnail",
    operation_id="get_image_thumbnail",
    responses={**refuses(ImageNotFound, Unavailable), **_BYTES},
)
async def get_image_thumbnail(ctx: Ctx, vendors: TheVendors, request: Request, image_id: UUID) -> Response:
    """The same, at most 480 pixels wide."""
    return await _shown(ctx, vendors.storage, request, image_id, Size.THUMBNAIL)


@desk_router.post(
    "",
    operation_id="upload_image",
    status_code=201,
    openapi_extra=takes_upload(ImageIn),
    responses=refuses(*_UPLOAD_REFUSALS),
)
@never_replayed  # ten megabytes are not held in memory
async def upload_image(ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, request: Request) -> ImageOut:
    """Add a JPG, PNG or WebP of at most 10 MB and 50 million pixels, as `multipart/form-data`.

    It is drawn anew without its metadata. Put its `url` into the `images` of what is on offer: what no entry names is
    deleted after 24 hours.
    """
    async with received(request, ImageIn, too_large=ImageTooLarge) as (fields, upload):
        drawing = await pictures.draw(upload)
    image = await service.store(ctx, vendors.storage, drawing=drawing, alt=fields.alt, admin=admin)
    return service.present(image, address=_address(ctx))


@desk_router.get("", operation_id="list_images")
async def list_images(ctx: Ctx, admin: CurrentAdmin, filters: Annotated[ImageFilters, Query()]) -> Page[ImageOut]:
    """Every image, newest first."""
    async with ctx.read() as connection:
        images, total = await queries.list_images(connection, filters=filters)
    items = [service.present(image, address=_address(ctx)) for image in images]
    return Page[ImageOut](items=items, page=filters.page, per_page=filters.per_page, total=total)


@desk_router.patch("/{image_id}", operation_id="change_image", responses=refuses(ImageNotFound))
async def change_image(ctx: Ctx, admin: CurrentAdmin, image_id: UUID, body: ImagePatch) -> ImageOut:
    """Say something else of an image for those who cannot see it."""
    async with ctx.unit_of_work() as tx:
        image = await service.change(tx, image_id=image_id, alt=body.alt, admin=admin, now=ctx.now(), origin=ctx.origin)
    return service.present(image, address=_address(ctx))


@desk_router.delete("/{image_id}", operation_id="delete_image", responses=refuses(ImageNotFound, ImageInUse))
async def delete_image(ctx: Ctx, admin: CurrentAdmin, image_id: UUID) -> None:
    """Delete an image that no entry of the catalogue names, retired ones included."""
    async with ctx.unit_of_work() as tx:
        await service.delete(tx, image_id=image_id, admin=admin, now=ctx.now(), origin=ctx.origin)


def _address(ctx: Context) -> str:
    return f"{ctx.runtime.public_url}{ctx.storefront.prefix}/images/"


async def _shown(ctx: Context, files: FileStore, request: Request, image_id: UUID, size: Size) -> Response:
    """The bytes never change, so that the image's id and size are their tag."""
    async with ctx.read() as connection:
        folder = await queries.get_folder(connection, image_id=image_id)
    tag = f'"{image_id}-{size}"'
    # The pages that show them may be anybody's: a partner's, a chat's, a search engine's.
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        stored = await files.open(f"{folder}/{size}")
    except FileMissing as fault:
        raise ImageNotFound from fault
    except StorageUnavailable as fault:
        raise Unavailable from fault
    return StreamingResponse(
        stored.chunks, media_type=MIME_TYPE, headers={**headers, "Content-Length": str(stored.size)}
    )
