"""The desk's side of refunds that a person pays out, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.sales.payments import paying_out, payouts
from sojourn.sales.payments.errors import RefundAlreadyPaidOut, RefundNotFound
from sojourn.sales.payments.models import PayoutOut, PayoutsIn, SettleIn
from sojourn.sales.payments.routes import ThePayables, reading

router = Router(prefix="/admin/refunds", tags=["payments"])


@router.get("", operation_id="list_payouts", dependencies=reading)
async def list_payouts(ctx: Ctx, _admin: CurrentAdmin, filters: Annotated[PayoutsIn, Query()]) -> Page[PayoutOut]:
    """Refunds that a person pays out, newest first: those of KHQR payments, which Bakong cannot send."""
    async with ctx.read() as connection:
        items, total = await payouts.list_payouts(
            connection, is_open=filters.is_open, limit=filters.per_page, offset=(filters.page - 1) * filters.per_page
        )
    return Page[PayoutOut](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.post(
    "/{refund_id}/settle", operation_id="settle_payout", responses=refuses(RefundNotFound, RefundAlreadyPaidOut)
)
async def settle_payout(
    ctx: Ctx, admin: CurrentAdmin, payables: ThePayables, refund_id: UUID, body: SettleIn
) -> PayoutOut:
    """Say that a refund was paid out, and under which reference of the bank. The customer is told by mail."""
    await paying_out.settle_payout(ctx, payables=payables, admin=admin, refund_id=refund_id, body=body)
    async with ctx.read() as connection:
        return await payouts.get_payout(connection, refund_id=refund_id)
