"""One's own data, over HTTP."""

from typing import Any

from fastapi import Depends
from starlette.responses import Response, StreamingResponse

from sojourn.care.documents.errors import FileLinkExpired, FileLinkInvalid
from sojourn.desk.privacy import exports
from sojourn.desk.privacy.errors import ExportLinkInvalid, ExportNotFound, ExportUnderway
from sojourn.desk.privacy.models import ExportOut, ExportToken
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(prefix="/users", tags=["users"], dependencies=[Depends(limited(LimitClass.DEFAULT))])
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The archive", "content": {"application/zip": {"schema": {"type": "string"}}}},
    **refuses(ExportLinkInvalid, FileLinkInvalid, FileLinkExpired),
}


@router.post("/me/export", operation_id="request_own_export", status_code=202, responses=refuses(ExportUnderway))
async def request_own_export(ctx: Ctx, user: CurrentUser) -> ExportOut:
    """Have everything that is kept about you put together: JSON, your documents and your invoices, as a ZIP.

    A mail brings the link. The archive is kept for seven days, or until the next one; one is made at a time.
    """
    async with ctx.unit_of_work() as tx:
        export = await exports.request(
            tx, user_id=user.user_id, storefront=ctx.storefront.key, now=ctx.now(), origin=ctx.origin
        )
    return exports.present(export, runtime=ctx.runtime, now=ctx.now())


@router.get("/me/export", operation_id="get_own_export", responses=refuses(ExportNotFound))
async def get_own_export(ctx: Ctx, user: CurrentUser) -> ExportOut:
    """How far your newest export is, and a link of five minutes while it can be fetched."""
    async with ctx.read() as connection:
        return await exports.get_newest(connection, user_id=user.user_id, runtime=ctx.runtime, now=ctx.now())


@router.get("/exports/{token}", operation_id="open_own_export", responses=_ZIP)
async def open_own_export(ctx: Ctx, vendors: TheVendors, token: ExportToken) -> Response:
    """The archive behind a signed link, from the mail or from `GET /users/me/export`. Each opening is put on record."""
    async with ctx.unit_of_work() as tx:
        export = await exports.open_link(
            tx, token=token, secret=ctx.runtime.access_secret, now=ctx.now(), origin=ctx.origin
        )
    headers = {
        "Content-Disposition": f'attachment; filename="{ctx.storefront.key}-{export.requested_at:%Y-%m-%d}.zip"',
        "Content-Length": str(export.file_size),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(exports.read(vendors.storage, export), media_type="application/zip", headers=headers)
