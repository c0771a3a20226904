"""What the books' own checks found, for admins."""

from fastapi import Depends

from sojourn.desk.invariants import service
from sojourn.desk.invariants.models import InvariantOut
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/invariants", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_invariants")
async def list_invariants(ctx: Ctx, admin: CurrentAdmin) -> list[InvariantOut]:
    """Every invariant of the books, with what broke it at the last check."""
    async with ctx.read() as connection:
        return await service.list_invariants(connection)
