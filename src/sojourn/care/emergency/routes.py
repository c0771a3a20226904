"""Calls for help over HTTP. Nothing here is limited: nobody in need is ever told to try again later."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from sojourn.care.emergency import contacts, queries, service
from sojourn.care.emergency.errors import AlertClosed, AlertNotFound, ProvinceUnknown
from sojourn.care.emergency.models import AlertIn, AlertOut, AlertPatch, AlertWithContacts, ContactsAsked, ContactsOut
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn

router = Router(prefix="/emergency", tags=["emergency"])


@router.post("/alerts", operation_id="raise_alert", status_code=201)
@never_replayed  # a repeat is the same alert anyway, and where somebody is must not lie in a second table
async def raise_alert(ctx: Ctx, user: CurrentUser, body: AlertIn) -> AlertWithContacts:
    """Call for help: kept at once, answered with whom to ring, and sent to the agency within seconds. Further calls
    within half a minute become part of the first."""
    async with ctx.unit_of_work() as tx:
        alert = await service.raise_alert(
            tx, user_id=user.user_id, body=body, storefront=ctx.storefront, now=ctx.now(), origin=ctx.origin
        )
        return await service.with_contacts(
            tx, alert, storefront=ctx.storefront, language=ctx.language_for(user.language)
        )


@router.get("/alerts", operation_id="list_alerts")
async def list_alerts(ctx: Ctx, user: CurrentUser, filters: Annotated[PageIn, Query()]) -> Page[AlertOut]:
    """One's own calls for help, newest first."""
    async with ctx.read() as connection:
        items, total = await queries.list_own(
            connection, user_id=user.user_id, limit=filters.per_page, offset=filters.offset
        )
    return Page(items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/alerts/{alert_id}", operation_id="get_alert", responses=refuses(AlertNotFound))
async def get_alert(ctx: Ctx, user: CurrentUser, alert_id: UUID) -> AlertWithContacts:
    """One of one's own calls for help, with whom to ring."""
    async with ctx.read() as connection:
        alert = await queries.get_own(connection, alert_id, user_id=user.user_id)
        return await service.with_contacts(
            connection, alert, storefront=ctx.storefront, language=ctx.language_for(user.language)
        )


@router.patch("/alerts/{alert_id}", operation_id="follow_alert", responses=refuses(AlertNotFound, AlertClosed))
@never_replayed
async def follow_alert(ctx: Ctx, user: CurrentUser, alert_id: UUID, body: AlertPatch) -> AlertWithContacts:
    """Say where one is now, or more words. What is left out stays, and so does the last position when the new one is
    not usable."""
    async with ctx.unit_of_work() as tx:
        alert = await service.follow(
            tx, alert_id=alert_id, user_id=user.user_id, patch=body, storefront=ctx.storefront, now=ctx.now()
        )
        return await service.with_contacts(
            tx, alert, storefront=ctx.storefront, language=ctx.language_for(user.language)
        )


@router.post("/alerts/{alert_id}/cancel", operation_id="cancel_alert", responses=refuses(AlertNotFound, AlertClosed))
@never_replayed
async def cancel_alert(ctx: Ctx, user: CurrentUser, alert_id: UUID) -> AlertOut:
    """Say that one is safe. The agency is told."""
    async with ctx.unit_of_work() as tx:
        alert = await service.call_off(tx, alert_id=alert_id, user_id=user.user_id, now=ctx.now(), origin=ctx.origin)
    return AlertOut(**alert.fields())


@router.get("/contacts", operation_id="list_emergency_contacts", responses=refuses(ProvinceUnknown))
async def list_emergency_contacts(ctx: Ctx, request: Request, asked: Annotated[ContactsAsked, Query()]) -> ContactsOut:
    """Whom to ring in a province, or near a position; without either, anywhere in the country."""
    # Positions are many: they would push everything else out of the cache.
    request.scope["is_public_answer"] = asked.lat is None and asked.country is None
    directory = contacts.read_directory(ctx.storefront.catalogue)
    return contacts.answer(directory, asked=asked, language=asked.language or ctx.language)
