"""The trail, for admins."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.desk.audit import queries
from sojourn.desk.audit.models import AuditEntryOut, AuditFilters
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/audit", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_audit_entries")
async def list_audit_entries(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[AuditFilters, Query()]
) -> Page[AuditEntryOut]:
    """Who did what to which thing, newest first."""
    async with ctx.read() as connection:
        items, total = await queries.list_entries(connection, filters)
    return Page[AuditEntryOut](items=items, page=filters.page, per_page=filters.per_page, total=total)
