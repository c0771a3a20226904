"""Digital downloads over HTTP: the buyer's side."""

from typing import Any
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from sojourn.care.documents.errors import FileLinkExpired, FileLinkInvalid
from sojourn.care.documents.models import FileToken
from sojourn.care.downloads import service, serving
from sojourn.care.downloads.errors import (
    DownloadLimitReached,
    DownloadNotFound,
    DownloadsNotAvailable,
    RangeNotSatisfiable,
)
from sojourn.care.downloads.models import DownloadLink, OrderDownloads
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.orders.errors import OrderNotFound

router = Router(tags=["downloads"], dependencies=[Depends(limited(LimitClass.DEFAULT))])
# A link is its own key: who opens it need not be signed in.
files_router = Router(tags=["downloads"], dependencies=[Depends(limited(LimitClass.DEFAULT, by_address=True))])

_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"application/octet-stream": {}}},
    206: {"description": "The part that `Range` asks for", "content": {"application/octet-stream": {}}},
}


@router.get(
    "/orders/{order_id}/downloads",
    operation_id="list_order_downloads",
    responses=refuses(OrderNotFound, DownloadNotFound),
)
async def list_order_downloads(ctx: Ctx, user: CurrentUser, order_id: str) -> OrderDownloads:
    """What a digital order delivers, and how often each file may still be fetched. An admin sees anybody's."""
    async with ctx.read() as connection:
        return await service.list_downloads(
            connection, id_or_number=order_id, actor=user, limit=ctx.storefront.rules.downloads_per_file
        )


@router.post(
    "/orders/{order_id}/downloads/{file_id}",
    operation_id="make_download_link",
    status_code=201,
    responses=refuses(OrderNotFound, DownloadNotFound, DownloadsNotAvailable, DownloadLimitReached),
)
@never_replayed
async def make_download_link(ctx: Ctx, user: CurrentUser, order_id: str, file_id: UUID) -> DownloadLink:
    """A link to one file of an own order, good for five minutes. It counts when it is opened; the first download
    completes the order, and ends what could be refunded."""
    async with ctx.read() as connection:
        return await service.make_link(
            connection, id_or_number=order_id, file_id=file_id, actor=user,
            limit=ctx.storefront.rules.downloads_per_file,
            address=f"{ctx.runtime.public_url}{ctx.storefront.prefix}/", secret=ctx.runtime.access_secret,
            now=ctx.now(),
        )  # fmt: skip


@files_router.get(
    "/downloads/{token}",
    operation_id="open_download",
    responses={
        **refuses(
            FileLinkInvalid, FileLinkExpired, DownloadsNotAvailable, DownloadLimitReached, RangeNotSatisfiable,
            Unavailable,
        ),
        **_BYTES,
    },
)  # fmt: skip
async def open_download(ctx: Ctx, vendors: TheVendors, request: Request, token: FileToken) -> Response:
    """The bytes behind a download link, or the part that `Range` asks for. However often a link is opened within its
    five minutes, it is one download."""
    ticket = service.read_ticket(token, secret=ctx.runtime.access_secret, now=ctx.now())
    async with ctx.read() as connection:
        buyer, bought, offered = await service.find_delivery(connection, ticket=ticket)
    content = await serving.fetch(ctx, vendors.storage, bought=bought, offered=offered)
    part = serving.part_for(request, content)
    async with ctx.unit_of_work() as tx:
        await service.deliver(
            tx, ticket=ticket, buyer=buyer, offered=offered, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
    return serving.answer(content, offered=offered, part=part)
