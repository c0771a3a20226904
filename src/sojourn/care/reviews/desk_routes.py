"""Reviews at the agency's desk."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from sojourn.care.reviews import queries, service
from sojourn.care.reviews.errors import ReviewNotFound
from sojourn.care.reviews.models import DeskReviewFilters, ModerationIn, ReplyIn, ReviewAtDesk
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/reviews", tags=["admin"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_reviews_at_desk")
async def list_reviews_at_desk(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[DeskReviewFilters, Query()]
) -> Page[ReviewAtDesk]:
    """Every review, newest first; `status=PENDING` for those to look at, `is_reported=true` for those readers object
    to."""
    async with ctx.read() as connection:
        items, total = await queries.list_at_desk(connection, filters=filters)
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/{review_id}", operation_id="get_review_at_desk", responses=refuses(ReviewNotFound))
async def get_review_at_desk(ctx: Ctx, admin: CurrentAdmin, review_id: UUID) -> ReviewAtDesk:
    """One review, with what readers object to in it."""
    async with ctx.read() as connection:
        return await queries.get_at_desk(connection, review_id)


@router.post("/{review_id}/moderation", operation_id="moderate_review", responses=refuses(ReviewNotFound))
async def moderate_review(ctx: Ctx, admin: CurrentAdmin, review_id: UUID, body: ModerationIn) -> ReviewAtDesk:
    """Publish it, or hide it with a reason that its author reads. What is hidden is not counted."""
    async with ctx.unit_of_work() as tx:
        await service.moderate(tx, review_id=review_id, admin=admin, body=body, now=ctx.now(), origin=ctx.origin)
        moderated = await queries.get_at_desk(tx, review_id)
    ctx.runtime.cache.drop()
    return moderated


@router.put("/{review_id}/reply", operation_id="reply_to_review", responses=refuses(ReviewNotFound))
async def reply_to_review(ctx: Ctx, admin: CurrentAdmin, review_id: UUID, body: ReplyIn) -> ReviewAtDesk:
    """Answer in the agency's name, below the review."""
    async with ctx.unit_of_work() as tx:
        await service.reply(tx, review_id=review_id, admin=admin, text=body.text, now=ctx.now(), origin=ctx.origin)
        answered = await queries.get_at_desk(tx, review_id)
    ctx.runtime.cache.drop()
    return answered
