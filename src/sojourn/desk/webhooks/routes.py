"""What providers have told us, for admins."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sojourn.desk.analytics.periods import moments
from sojourn.desk.webhooks import queries, service
from sojourn.desk.webhooks.errors import WebhookAlreadyHandled, WebhookNotFound
from sojourn.desk.webhooks.models import EventId, Provider, WebhookFilters, WebhookOut
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.payments.routes import ThePayables

router = Router(prefix="/admin/webhooks", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_webhooks", responses=AS_FILE)
async def list_webhooks(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[WebhookFilters, Query()]
) -> Page[WebhookOut] | Response:
    """Events that providers sent, newest first, and what became of them; their payloads are not shown. Also as CSV."""
    since, until = moments(filters.from_date, filters.to_date, ctx.storefront.time_zone)
    if wants_csv(request, filters.format):
        what = Export(
            name="webhooks",
            columns=tuple(WebhookOut.model_fields),
            statement=queries.LISTS[filters.state, filters.sort],
            arguments=(since, until, filters.provider, None, 0),
            actor_id=admin.user_id,
        )
        return await export(ctx, what)
    async with ctx.read() as connection:
        items, total = await queries.list_webhooks(connection, filters=filters, since=since, until=until)
    return Page[WebhookOut](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.post(
    "/{provider}/{event_id}/retry",
    operation_id="retry_webhook",
    responses=refuses(WebhookNotFound, WebhookAlreadyHandled),
)
async def retry_webhook(
    ctx: Ctx, admin: CurrentAdmin, vendors: TheVendors, payables: ThePayables, provider: Provider, event_id: EventId
) -> WebhookOut:
    """Handle an event at once that is not handled yet. `state` says how it went: `handled`, or `failed` again."""
    await service.retry(
        ctx, payments=vendors.payments, payables=payables, provider=provider, event_id=event_id, admin=admin
    )
    async with ctx.read() as connection:
        return await queries.get_webhook(connection, provider=provider, event_id=event_id)
