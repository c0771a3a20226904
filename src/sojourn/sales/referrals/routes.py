"""Referrals over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.people.auth.access import CurrentAdmin, CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass
from sojourn.sales.referrals import queries, service
from sojourn.sales.referrals.errors import ReferralNotFlagged, ReferralNotFound
from sojourn.sales.referrals.models import (
    Friend,
    ReferralDecisionIn,
    ReferralFilters,
    ReferralOut,
    ReferralSummary,
)

ordinary = [Depends(limited(LimitClass.DEFAULT))]
router = Router(prefix="/referrals", tags=["referrals"], dependencies=ordinary)
desk_router = Router(prefix="/admin/referrals", tags=["admin"], dependencies=ordinary)


@router.get("", operation_id="get_referrals")
async def get_referrals(ctx: Ctx, user: CurrentUser) -> ReferralSummary:
    """Your code, the link to share, and how many friends came by it."""
    async with ctx.read() as connection:
        return await service.summary(connection, user_id=user.user_id, storefront=ctx.storefront, now=ctx.now())


@router.get("/friends", operation_id="list_referred_friends")
async def list_referred_friends(
    ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]
) -> Page[Friend] | RawJson:
    """How far each friend is, newest first, without saying who it is."""
    async with ctx.read() as connection:
        return await queries.list_friends(connection, user_id=user.user_id, page=page)


@desk_router.get("", operation_id="list_referrals_at_desk")
async def list_referrals_at_desk(
    ctx: Ctx, _: CurrentAdmin, filters: Annotated[ReferralFilters, Query()]
) -> Page[ReferralOut] | RawJson:
    """All referrals, the one that waits longest first; `status=FLAGGED` for those that a person must look at."""
    async with ctx.read() as connection:
        return await queries.list_referrals(connection, filters=filters)


@desk_router.post(
    "/{referral_id}/decision",
    operation_id="decide_referral",
    responses=refuses(ReferralNotFound, ReferralNotFlagged),
)
async def decide_referral(
    ctx: Ctx, admin: CurrentAdmin, referral_id: UUID, body: ReferralDecisionIn
) -> ReferralOut | RawJson:
    """Clear a flagged referral, which then goes its way, or reject it."""
    async with ctx.unit_of_work() as tx:
        await service.decide(
            tx, referral_id=referral_id, admin=admin, body=body, storefront=ctx.storefront, now=ctx.now(),
            origin=ctx.origin,
        )  # fmt: skip
        return await queries.get_referral(tx, referral_id=referral_id)
