"""Reading passports over HTTP."""

from uuid import UUID

from fastapi import Depends

from sojourn.care.documents.errors import DocumentNotFound
from sojourn.care.passports import service
from sojourn.care.passports.errors import NotAPassport, PassportLinesNeeded, PassportUnreadable
from sojourn.care.passports.models import PassportIn, PassportReading
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.errors import Unavailable
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(prefix="/documents", tags=["documents"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.post(
    "/{document_id}/passport",
    operation_id="read_passport",
    responses=refuses(DocumentNotFound, NotAPassport, PassportLinesNeeded, PassportUnreadable, Unavailable),
)
@never_replayed  # what is read of a passport lies in no table
async def read_passport(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, document_id: UUID, body: PassportIn
) -> PassportReading:
    """Read the machine-readable lines of a passport that was handed in: what they say, which check digits fail, what to
    look at, and what the order's form can be filled with. It decides nothing and keeps nothing; staff still verify."""
    if body.mrz is None:
        return await service.read_picture(
            ctx, document_id=document_id, actor=user, files=vendors.storage, reader=vendors.ocr
        )
    async with ctx.unit_of_work() as tx:
        return await service.read_typed(
            tx, document_id=document_id, actor=user, text=body.mrz, today=ctx.today(), now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
