"""The page behind a payment link. No login: the link says what it pays for, and that is all it opens."""

from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sojourn.channels.pay_links.errors import PayLinkExpired, PayLinkInvalid
from sojourn.channels.pay_links.links import PayLink, read_token
from sojourn.channels.pay_links.page import CardPage, ended_page, purchase_page
from sojourn.people.auth.access import find_standing
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.payments import intents
from sojourn.sales.payments.errors import ProviderDown, ProviderRefusal
from sojourn.sales.payments.models import IntentIn
from sojourn.sales.payments.payable import Payables, Purchase, PurchaseState
from sojourn.sales.purchases import PurchaseKind

router = Router(prefix="/pay", tags=["payments"])

_LOOKING = [Depends(limited(LimitClass.DEFAULT, by_address=True))]
_PAYING = [Depends(limited(LimitClass.PAYMENTS, by_address=True))]
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}},
    **refuses(PayLinkInvalid),
}
_ON: dict[int | str, dict[str, Any]] = {
    303: {"description": "On to where the card is taken."},
    **refuses(PayLinkInvalid, ProviderDown, ProviderRefusal),
}


class _Till(NamedTuple):
    payables: Payables
    card_page: CardPage


async def _get_till(request: Request) -> _Till:
    return _Till(request.app.state.payables, request.app.state.card_page)


TheTill = Annotated[_Till, Depends(_get_till)]


@router.get("/{token}", operation_id="show_payment_link", dependencies=_LOOKING, responses=_PAGE)
async def show_payment_link(ctx: Ctx, till: TheTill, token: str) -> HTMLResponse:
    """The page of a payment link: what is bought, what it costs, until when. For browsers."""
    try:
        _, purchase = await _read(ctx, till, token)
    except PayLinkExpired as over:
        return _page(ctx, till, ended_page(ctx.storefront, ctx.language), status=over.status)
    return _page(ctx, till, purchase_page(ctx.storefront, purchase))


@router.post("/{token}", operation_id="pay_by_link", status_code=303, dependencies=_PAYING, responses=_ON)
@never_replayed
async def pay_by_link(ctx: Ctx, vendors: TheVendors, till: TheTill, token: str) -> Response:
    """On to where a card is taken. For browsers: the button of the page."""
    try:
        link, purchase = await _read(ctx, till, token)
    except PayLinkExpired as over:
        return _page(ctx, till, ended_page(ctx.storefront, ctx.language), status=over.status)
    async with ctx.read() as connection:
        owner = await find_standing(connection, purchase.user_id)
    if purchase.state is not PurchaseState.OPEN or owner is None:
        return _page(ctx, till, purchase_page(ctx.storefront, purchase), status=409)
    is_change = link.kind is PurchaseKind.BOOKING_CHANGE
    named = IntentIn(change_id=purchase.id) if is_change else IntentIn(booking_id=purchase.id)
    intent = await intents.create_intent(
        ctx, provider=vendors.payments, payables=till.payables, actor=owner, body=named
    )
    address = till.card_page.address(ctx.storefront, reference=purchase.reference, intent=intent)
    return RedirectResponse(address, status_code=303, headers=_headers(ctx, till))


async def _read(ctx: Context, till: _Till, token: str) -> tuple[PayLink, Purchase]:
    link = read_token(token, secret=ctx.runtime.access_secret, now=ctx.now())
    async with ctx.read() as connection:
        purchase = await till.payables.of(link.kind).find(connection, purchase_id=link.purchase_id, now=ctx.now())
    if purchase is None:
        raise PayLinkInvalid
    return link, purchase


def _page(ctx: Context, till: _Till, text: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(text, status_code=status, headers=_headers(ctx, till))


def _headers(ctx: Context, till: _Till) -> dict[str, str]:
    return {"Content-Security-Policy": till.card_page.policy(ctx.storefront), "Cache-Control": "no-store"}
