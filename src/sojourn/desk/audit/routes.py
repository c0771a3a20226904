"""The trail, for admins."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.desk.audit import queries
from sojourn.desk.audit.models import AuditEntryOut, AuditFilters
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/audit", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_audit_entries", responses=AS_FILE)
async def list_audit_entries(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[AuditFilters, Query()]
) -> Page[AuditEntryOut] | Response:
    """Who did what to which thing, newest first; as CSV all of it, and that it was taken is an entry itself."""
    if wants_csv(request, filters.format):
        columns = tuple(AuditEntryOut.model_fields)
        what = Export(
            name="audit", columns=columns, statement=queries.LISTS[filters.sort],
            arguments=(*queries.arguments(filters), None, 0), actor_id=admin.user_id,
        )  # fmt: skip
        return await export(ctx, what)
    async with ctx.read() as connection:
        items, total = await queries.list_entries(connection, filters)
    return Page[AuditEntryOut](items=items, page=filters.page, per_page=filters.per_page, total=total)
