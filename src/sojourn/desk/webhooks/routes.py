"""What providers have told us, for admins."""

from typing import Annotated

from fastapi import Depends, Query

from sojourn.desk.analytics.periods import moments
from sojourn.desk.webhooks import queries, service
from sojourn.desk.webhooks.errors import WebhookAlreadyHandled, WebhookNotFound
from sojourn.desk.webhooks.models import EventId, Provider, WebhookFilters, WebhookOut
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page
from sojourn.platform.storefront import LimitClass
from sojourn.providers.vendors import TheVendors
from sojourn.sales.payments.routes import ThePayables

router = Router(prefix="/admin/webhooks", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


@router.get("", operation_id="list_webhooks")
async def list_webhooks(ctx: Ctx, _: CurrentAdmin, filters: Annotated[WebhookFilters, Query()]) -> Page[WebhookOut]:
    """Events that providers sent, newest first, and what became of them; their payloads are not shown."""
    since, until = moments(filters.from_date, filters.to_date, ctx.storefront.time_zone)
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
