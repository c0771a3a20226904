"""Student verification at the agency's desk. Admins only: the pictures are of people's faces."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.care.documents.models import SignedLink
from sojourn.care.student_discount import decisions, queries
from sojourn.care.student_discount.errors import StudentCardUsed, VerificationClosed, VerificationNotFound
from sojourn.care.student_discount.models import Picture, StudentDecisionIn, VerificationAtDesk, VerificationFilters
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors

router = Router(
    prefix="/admin/student-verifications", tags=["admin"], dependencies=[Depends(limited(LimitClass.DEFAULT))]
)


@router.get("", operation_id="list_student_verifications")
async def list_student_verifications(
    ctx: Ctx, _: CurrentAdmin, filters: Annotated[VerificationFilters, Query()]
) -> Page[VerificationAtDesk] | RawJson:
    """All verifications, the one that waits longest first; `status=PENDING_REVIEW` for those to decide."""
    async with ctx.read() as connection:
        return await queries.list_at_desk(connection, filters=filters)


@router.get("/{verification_id}", operation_id="get_student_verification", responses=refuses(VerificationNotFound))
async def get_student_verification(ctx: Ctx, _: CurrentAdmin, verification_id: UUID) -> VerificationAtDesk | RawJson:
    """One verification."""
    async with ctx.read() as connection:
        return await queries.get_at_desk(connection, verification_id=verification_id)


@router.get(
    "/{verification_id}/pictures/{kind}",
    operation_id="look_at_student_picture",
    responses=refuses(VerificationNotFound, VerificationClosed),
)
async def look_at_student_picture(ctx: Ctx, admin: CurrentAdmin, verification_id: UUID, kind: Picture) -> SignedLink:
    """A link to one of the pictures, good for five minutes. After the decision there is none any more."""
    async with ctx.read() as connection:
        verification = await queries.find_verification(connection, verification_id=verification_id)
    if verification is None:
        raise VerificationNotFound
    address = f"{ctx.runtime.public_url}{ctx.storefront.prefix}/student-discount/"
    return decisions.sign_link(
        verification, kind, actor_id=admin.user_id, address=address, secret=ctx.runtime.access_secret, now=ctx.now()
    )


@router.post(
    "/{verification_id}/decision",
    operation_id="decide_student_verification",
    responses=refuses(VerificationNotFound, VerificationClosed, StudentCardUsed),
)
async def decide_student_verification(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, verification_id: UUID, body: StudentDecisionIn
) -> VerificationAtDesk | RawJson:
    """Approve, or reject with a reason that the student is told by mail. The pictures are deleted either way."""
    async with ctx.unit_of_work() as tx:
        folders = await decisions.decide(
            tx, verification_id=verification_id, admin=admin, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        decided = await queries.get_at_desk(tx, verification_id=verification_id)
    await decisions.remove_pictures(vendors.storage, folders)
    return decided
