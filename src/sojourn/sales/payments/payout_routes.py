"""The desk's side of refunds that a person pays out, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.sales.payments import paying_out, payout_queries, payouts
from sojourn.sales.payments.errors import RefundAlreadyPaidOut, RefundNotFound
from sojourn.sales.payments.models import PayoutOut, PayoutsIn, SettleIn
from sojourn.sales.payments.routes import ThePayables, reading

router = Router(prefix="/admin/refunds", tags=["payments"])


@router.get("", operation_id="list_payouts", dependencies=reading, responses=AS_FILE)
async def list_payouts(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[PayoutsIn, Query()]
) -> Page[PayoutOut] | Response:
    """Refunds that a person pays out, newest first: those of KHQR payments, which Bakong cannot send. Also as CSV."""
    if wants_csv(request, filters.format):
        what = Export(
            name="refunds", columns=payout_queries.FILE_COLUMNS, statement=payout_queries.LISTS[filters.sort],
            arguments=(filters.is_open, None, 0), actor_id=admin.user_id,
        )  # fmt: skip
        return await export(ctx, what)
    async with ctx.read() as connection:
        items, total = await payouts.list_payouts(connection, filters)
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
