"""Paying by KHQR over HTTP."""

from uuid import UUID

from fastapi import Depends
from starlette.responses import Response

from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.payments import qr, qr_checks, qr_pictures, qr_queries
from sojourn.sales.payments.errors import (
    AlreadyPaid,
    HoldExpired,
    PaymentNotFound,
    ProviderRefusal,
    PurchaseCancelled,
    PurchaseNotFound,
    QrNotOffered,
    RateUnknown,
)
from sojourn.sales.payments.models import QrIn, QrOut, StatusOut
from sojourn.sales.payments.routes import ThePayables, paying, reading

router = Router(prefix="/payments", tags=["payments"])


@router.post(
    "/qr",
    operation_id="create_payment_qr",
    status_code=201,
    dependencies=paying,
    responses=refuses(
        PurchaseNotFound, AlreadyPaid, PurchaseCancelled, HoldExpired, QrNotOffered, RateUnknown, ProviderRefusal
    ),
)
async def create_qr(ctx: Ctx, user: CurrentUser, vendors: TheVendors, payables: ThePayables, body: QrIn) -> QrOut:
    """Pay an order or booking by KHQR from any Cambodian bank, in dollars or riel, until its hold ends. The amount is
    ours; calling twice answers the same code."""
    return await qr.create_qr(ctx, qr=vendors.qr, rates=vendors.rates, payables=payables, actor=user, body=body)


@router.get(
    "/{payment_id}/status",
    operation_id="get_payment_status",
    dependencies=[Depends(limited(LimitClass.DEFAULT))],
    responses=refuses(PaymentNotFound),
)
async def get_status(
    ctx: Ctx, user: CurrentUser, vendors: TheVendors, payables: ThePayables, payment_id: UUID
) -> StatusOut:
    """How an own payment stands. Of a KHQR code the bank is asked first, so ask every few seconds after showing one."""
    return await qr_checks.look(ctx, qr=vendors.qr, payables=payables, user_id=user.user_id, payment_id=payment_id)


@router.get(
    "/{payment_id}/qr.png",
    operation_id="get_payment_qr_png",
    dependencies=reading,
    responses=refuses(PaymentNotFound),
)
async def get_png(ctx: Ctx, user: CurrentUser, payment_id: UUID) -> Response:
    """The KHQR code of an own payment, as a PNG."""
    return _picture(qr_pictures.draw_png(await _payload(ctx, payment_id, user.user_id)), "image/png")


@router.get(
    "/{payment_id}/qr.svg",
    operation_id="get_payment_qr_svg",
    dependencies=reading,
    responses=refuses(PaymentNotFound),
)
async def get_svg(ctx: Ctx, user: CurrentUser, payment_id: UUID) -> Response:
    """The KHQR code of an own payment, as an SVG."""
    return _picture(qr_pictures.draw_svg(await _payload(ctx, payment_id, user.user_id)), "image/svg+xml")


async def _payload(ctx: Context, payment_id: UUID, user_id: UUID) -> str:
    async with ctx.read() as connection:
        return await qr_queries.get_payload(connection, payment_id=payment_id, user_id=user_id)


def _picture(drawn: bytes, media_type: str) -> Response:
    return Response(drawn, media_type=media_type, headers={"Cache-Control": "private, no-store"})
