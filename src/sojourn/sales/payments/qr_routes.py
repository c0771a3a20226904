"""Paying by KHQR over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from sojourn.people.auth.access import Actor, CurrentUser, MaybeUser
from sojourn.platform.errors import NotAuthenticated
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

PictureKey = Annotated[str | None, Query(max_length=64, description="From the picture's URL, in place of a token.")]


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
async def get_png(ctx: Ctx, user: MaybeUser, payment_id: UUID, key: PictureKey = None) -> Response:
    """The KHQR code of a payment, as a PNG: for its owner, or with the key that `qr_code_url` carries."""
    return _picture(qr_pictures.draw_png(await _payload(ctx, payment_id, user, key)), "image/png")


@router.get(
    "/{payment_id}/qr.svg",
    operation_id="get_payment_qr_svg",
    dependencies=reading,
    responses=refuses(PaymentNotFound),
)
async def get_svg(ctx: Ctx, user: MaybeUser, payment_id: UUID, key: PictureKey = None) -> Response:
    """The KHQR code of a payment, as an SVG: for its owner, or with the key that `qr_svg_url` carries."""
    return _picture(qr_pictures.draw_svg(await _payload(ctx, payment_id, user, key)), "image/svg+xml")


async def _payload(ctx: Context, payment_id: UUID, user: Actor | None, key: str | None) -> str:
    is_opened = key is not None and qr_pictures.is_key_of(key, payment_id, secret=ctx.runtime.access_secret)
    if user is None and not is_opened:
        raise NotAuthenticated
    user_id = None if is_opened or user is None else user.user_id
    async with ctx.read() as connection:
        return await qr_queries.get_payload(connection, payment_id=payment_id, user_id=user_id)


def _picture(drawn: bytes, media_type: str) -> Response:
    return Response(drawn, media_type=media_type, headers={"Cache-Control": "private, no-store"})
