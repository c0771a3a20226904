"""Every mail and push that left or should have, for admins."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from sojourn.care.notifications import queries, service
from sojourn.care.notifications.errors import NotificationNotFound, NotRepeatable
from sojourn.care.notifications.mailing import brand_of
from sojourn.care.notifications.mails import MailKind
from sojourn.care.notifications.models import Channel, NotificationOut, NotificationStatus
from sojourn.desk.notifications import previews
from sojourn.desk.notifications.previews import PreviewChoice, PreviewFormat, PreviewOut, TemplateOut
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.files import AS_FILE, Export, Exportable, export, wants_csv
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, PageIn, SortByTime
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/notifications", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

# A mail is shown as it is, but nothing in it may run or be fetched.
PAGE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
AS_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/plain")}}
}


class NotificationFilters(Exportable, PageIn):
    """`subject_id` is what a message is about: a booking, an order, a payment, a refund, an account."""

    status: NotificationStatus | None = None
    kind: MailKind | None = None
    user_id: UUID | None = None
    subject_id: UUID | None = None
    recipient: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    channel: Channel | None = None
    sort: SortByTime = SortByTime.NEWEST


@router.get("", operation_id="list_notifications", responses=AS_FILE)
async def list_notifications(
    ctx: Ctx, admin: CurrentAdmin, request: Request, filters: Annotated[NotificationFilters, Query()]
) -> Page[NotificationOut] | Response:
    """Mails and pushes, newest first, with what became of each; also as CSV."""
    if wants_csv(request, filters.format):
        chosen = (
            filters.status, filters.kind, filters.user_id, filters.subject_id, filters.recipient, filters.channel,
        )  # fmt: skip
        what = Export(
            name="notifications", columns=tuple(NotificationOut.model_fields), statement=queries.LISTS[filters.sort],
            arguments=(*chosen, None, 0), actor_id=admin.user_id,
        )  # fmt: skip
        return await export(ctx, what)
    async with ctx.read() as connection:
        items, total = await queries.list_notifications(
            connection,
            status=filters.status,
            kind=filters.kind,
            user_id=filters.user_id,
            subject_id=filters.subject_id,
            recipient=filters.recipient,
            channel=filters.channel,
            sort=filters.sort,
            limit=filters.per_page,
            offset=filters.offset,
        )
    return Page[NotificationOut](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.get("/templates", operation_id="list_notification_templates")
async def list_notification_templates(ctx: Ctx, admin: CurrentAdmin) -> Page[TemplateOut]:
    """Every kind of message, by which channels it goes and which preferences it obeys."""
    items = previews.list_templates()
    return Page(items=items, page=1, per_page=len(items), total=len(items))


@router.get("/templates/{kind}/preview", operation_id="preview_notification", responses=AS_PAGE)
async def preview_notification(
    ctx: Ctx, admin: CurrentAdmin, kind: MailKind, choice: Annotated[PreviewChoice, Query()]
) -> PreviewOut | Response:
    """A kind of message with sample data, in any language."""
    shown = previews.preview(kind, language=choice.language, brand=brand_of(ctx.runtime))
    if choice.format is PreviewFormat.HTML:
        return HTMLResponse(shown.html, headers={"Content-Security-Policy": PAGE_POLICY})
    if choice.format is PreviewFormat.TEXT:
        return PlainTextResponse(shown.text)
    return shown


@router.post(
    "/{notification_id}/retry",
    operation_id="retry_notification",
    responses=refuses(NotificationNotFound, NotRepeatable),
)
async def retry_notification(ctx: Ctx, admin: CurrentAdmin, notification_id: UUID) -> None:
    """Send a failed mail again. Mails with a single-use link are asked for anew by their reader instead."""
    async with ctx.unit_of_work() as tx:
        await service.repeat(
            tx, notification_id=notification_id, admin_id=admin.user_id, now=ctx.now(), origin=ctx.origin
        )
