"""Invoices and credit notes over HTTP: a list, and each as PDF."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query
from starlette.responses import Response

from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Context, Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn
from sojourn.platform.storefront import LimitClass
from sojourn.sales.invoices import queries, service
from sojourn.sales.invoices.errors import InvoiceNotFound
from sojourn.sales.invoices.models import Invoice, InvoiceOut
from sojourn.sales.invoices.rendering import InvoiceDocument, render_invoice

router = Router(tags=["invoices"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    },
    **refuses(InvoiceNotFound),
}
Held = Annotated[str | None, Header(alias="If-None-Match", description="The `ETag` of a copy you have.")]


@router.get("/orders/{order_id}/invoice", operation_id="get_order_invoice", responses=_PDF)
async def get_order_invoice(ctx: Ctx, user: CurrentUser, order_id: str, held: Held = None) -> Response:
    """The invoice of a paid order (its id or number), as PDF."""
    async with ctx.read() as connection:
        payment_id = await queries.find_payment_of_order(connection, order=order_id, actor=user)
    return await _invoice_of(ctx, payment_id, held)


@router.get("/bookings/{booking_id}/invoice", operation_id="get_booking_invoice", responses=_PDF)
async def get_booking_invoice(ctx: Ctx, user: CurrentUser, booking_id: str, held: Held = None) -> Response:
    """The invoice of a paid booking (its id or reference), as PDF. A change that cost more has its own invoice."""
    async with ctx.read() as connection:
        payment_id = await queries.find_payment_of_booking(connection, booking=booking_id, actor=user)
    return await _invoice_of(ctx, payment_id, held)


@router.get("/payments/{payment_id}/invoice", operation_id="get_payment_invoice", responses=_PDF)
async def get_payment_invoice(ctx: Ctx, user: CurrentUser, payment_id: UUID, held: Held = None) -> Response:
    """The invoice of a payment, as PDF."""
    async with ctx.read() as connection:
        found = await queries.find_payment(connection, payment_id=payment_id, actor=user)
    return await _invoice_of(ctx, found, held)


@router.get("/invoices", operation_id="list_invoices")
async def list_invoices(ctx: Ctx, user: CurrentUser, page: Annotated[PageIn, Query()]) -> Page[InvoiceOut] | RawJson:
    """Your invoices and credit notes, newest first."""
    async with ctx.read() as connection:
        return await queries.list_of_user(connection, user_id=user.user_id, page=page)


@router.get("/invoices/{invoice_id}", operation_id="get_invoice", responses=_PDF)
async def get_invoice(ctx: Ctx, user: CurrentUser, invoice_id: UUID, held: Held = None) -> Response:
    """One invoice or credit note, as PDF."""
    async with ctx.read() as connection:
        invoice = await queries.find_visible(connection, invoice_id=invoice_id, actor=user)
    if invoice is None:
        raise InvoiceNotFound
    return await _as_pdf(invoice, held)


async def _invoice_of(ctx: Context, payment_id: UUID | None, held: str | None) -> Response:
    """The payment's invoice, issued now if it was not yet."""
    if payment_id is None:
        raise InvoiceNotFound
    async with ctx.unit_of_work() as tx:
        invoice = await service.ensure_invoice(tx, storefront=ctx.storefront, payment_id=payment_id, now=ctx.now())
    return await _as_pdf(invoice, held)


async def _as_pdf(invoice: Invoice, held: str | None) -> Response:
    """A document never changes, so its number says whether a copy is still good."""
    etag = f'"{invoice.number}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if held is not None and etag in held:
        return Response(status_code=304, headers=headers)
    document = InvoiceDocument.model_validate(invoice.document)
    content = await asyncio.to_thread(render_invoice, document)
    headers["Content-Disposition"] = f'attachment; filename="{invoice.number}.pdf"'
    return Response(content, media_type="application/pdf", headers=headers)
