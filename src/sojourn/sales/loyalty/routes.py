"""Points over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass
from sojourn.sales.loyalty import queries, service
from sojourn.sales.loyalty.models import Balance, PointsEntry, Redemption, RedemptionIn

router = Router(prefix="/loyalty", tags=["loyalty"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("/balance", operation_id="get_points_balance")
async def get_points_balance(ctx: Ctx, user: CurrentUser) -> Balance:
    """Your points: available, pending, reserved, owed, and those that end within 30 days."""
    async with ctx.read() as connection:
        return await service.balance(
            connection, user_id=user.user_id, now=ctx.now(), zone=ctx.storefront.time_zone, rules=ctx.storefront.rules
        )


@router.get("/history", operation_id="list_points_history")
async def list_points_history(
    ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]
) -> Page[PointsEntry] | RawJson:
    """Every movement of your points, newest first."""
    async with ctx.read() as connection:
        return await queries.list_history(connection, user_id=user.user_id, page=page)


@router.post("/calculate-redemption", operation_id="calculate_redemption")
async def calculate_redemption(ctx: Ctx, user: CurrentUser, body: RedemptionIn) -> Redemption:
    """How many of your points a price may take, and what is left to pay. Nothing is set aside."""
    async with ctx.read() as connection:
        standing = await service.balance(
            connection, user_id=user.user_id, now=ctx.now(), zone=ctx.storefront.time_zone, rules=ctx.storefront.rules
        )
    return service.redeem(
        subtotal=body.subtotal, points=body.points, available=standing.available, rules=ctx.storefront.rules
    )
