"""Paying over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query
from starlette.requests import Request

from sojourn.people.auth.access import CurrentAdmin, CurrentUser
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import IDEMPOTENCY_HEADER
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.payments import confirmation, events, intents, previewing, queries, refunds
from sojourn.sales.payments.errors import (
    AlreadyPaid,
    AmountDiffers,
    BadWebhook,
    HoldExpired,
    IntentMismatch,
    NothingToRefund,
    PaymentNotFound,
    PaymentNotSucceeded,
    ProviderDown,
    ProviderRefusal,
    PurchaseCancelled,
    PurchaseNotFound,
    RefundTooLarge,
    UnreadableWebhook,
)
from sojourn.sales.payments.models import (
    ConfirmIn,
    IntentIn,
    IntentOut,
    PaymentOut,
    RefundIn,
    RefundPreview,
    WebhookAnswer,
)
from sojourn.sales.payments.payable import Payables
from sojourn.sales.payments.presenting import present

router = Router(prefix="/payments", tags=["payments"])

paying = [Depends(limited(LimitClass.PAYMENTS))]
reading = [Depends(limited(LimitClass.DEFAULT))]


async def _get_payables(request: Request) -> Payables:
    payables: Payables = request.app.state.payables
    return payables


ThePayables = Annotated[Payables, Depends(_get_payables)]


@router.post(
    "/create-intent",
    operation_id="create_payment_intent",
    status_code=201,
    dependencies=paying,
    responses=refuses(
        PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, AmountDiffers, ProviderDown, ProviderRefusal
    ),
)
async def create_intent(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, payables: ThePayables, body: IntentIn
) -> IntentOut:
    """Open the payment of an order or booking, by card or PayPal. The amount is ours; calling twice answers the same
    intent."""
    return await intents.create_intent(ctx, provider=vendors.payments, payables=payables, actor=user, body=body)


@router.post(
    "/confirm",
    operation_id="confirm_payment",
    dependencies=paying,
    responses=refuses(PurchaseNotFound, IntentMismatch, PaymentNotSucceeded, ProviderDown, ProviderRefusal),
)
async def confirm(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, payables: ThePayables, body: ConfirmIn
) -> PaymentOut:
    """Tell us that the card went through. We re-read the intent from the provider and settle it."""
    payment_id = await confirmation.confirm(ctx, provider=vendors.payments, payables=payables, actor=user, body=body)
    return await _shown(ctx, payment_id, to=user.user_id)


@router.post("/webhook", operation_id="receive_payment_webhook", responses=refuses(BadWebhook, UnreadableWebhook))
async def receive_webhook(
    ctx: Ctx,
    request: Request,
    vendors: TheVendors,
    payables: ThePayables,
    stripe_signature: Annotated[str, Header(max_length=4096)] = "",
) -> WebhookAnswer:
    """For the payment provider: signed, stored, settled in the same request, and harmless to repeat."""
    payload = await request.body()
    status = await events.receive(
        ctx, provider=vendors.payments, payables=payables, payload=payload, signature=stripe_signature
    )
    return WebhookAnswer(status=status)


@router.get("", operation_id="list_my_payments", dependencies=reading)
async def list_my_payments(ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]) -> Page[PaymentOut]:
    """Own payments, newest first."""
    async with ctx.read() as connection:
        rows, total = await queries.list_of_user(
            connection, user_id=user.user_id, limit=page.per_page, offset=page.offset
        )
    return Page[PaymentOut](
        items=[present(ctx, row) for row in rows], page=page.page, per_page=page.per_page, total=total
    )


@router.get("/{payment_id}", operation_id="get_payment", dependencies=reading, responses=refuses(PaymentNotFound))
async def get_payment(ctx: Ctx, user: CurrentUser, payment_id: UUID) -> PaymentOut:
    """One payment with its refunds: its owner's, or any for an admin."""
    return await _shown(ctx, payment_id, to=None if user.is_admin else user.user_id)


@router.get(
    "/{payment_id}/refund-preview",
    operation_id="preview_refund",
    dependencies=reading,
    responses=refuses(PaymentNotFound),
)
async def preview_refund(ctx: Ctx, admin: CurrentAdmin, payables: ThePayables, payment_id: UUID) -> RefundPreview:
    """How much the desk may refund of a payment, beside what the policy would give back."""
    async with ctx.read() as connection:
        return await previewing.preview(
            connection, payables=payables, payment_id=payment_id, storefront=ctx.storefront, now=ctx.now()
        )


@router.post(
    "/{payment_id}/refund",
    operation_id="refund_payment",
    status_code=202,
    dependencies=reading,
    responses=refuses(PaymentNotFound, NothingToRefund, RefundTooLarge),
)
async def refund_payment(
    ctx: Ctx, request: Request, admin: CurrentAdmin, payables: ThePayables, payment_id: UUID, body: RefundIn
) -> PaymentOut:
    """Refund a payment in part or whole. The provider is asked at once by a job; look at `refunds[].status`."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    await refunds.request_by_staff(ctx, payables=payables, admin=admin, payment_id=payment_id, body=body, key=key)
    return await _shown(ctx, payment_id, to=None)


async def _shown(ctx: Context, payment_id: UUID, *, to: UUID | None) -> PaymentOut:
    """The payment, if `to` (None: staff) may see it."""
    async with ctx.read() as connection:
        row = await queries.find_detail(connection, payment_id=payment_id, user_id=to)
    if row is None:
        raise PaymentNotFound
    return present(ctx, row)
