"""Every mail that left or should have, for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field

from sojourn.care.notifications import queries, service
from sojourn.care.notifications.errors import NotificationNotFound, NotRepeatable
from sojourn.care.notifications.mails import MailKind
from sojourn.care.notifications.models import NotificationOut, NotificationStatus
from sojourn.people.auth.access import CurrentAdmin
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Page, Wire
from sojourn.platform.storefront import LimitClass

router = Router(prefix="/admin/notifications", tags=["desk"], dependencies=[Depends(limited(LimitClass.DEFAULT))])


class NotificationFilters(Wire):
    """`subject_id` is what a mail is about: a booking, an order, a payment, a refund, an account."""

    status: NotificationStatus | None = None
    kind: MailKind | None = None
    user_id: UUID | None = None
    subject_id: UUID | None = None
    recipient: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20


@router.get("", operation_id="list_notifications")
async def list_notifications(
    ctx: Ctx, admin: CurrentAdmin, filters: Annotated[NotificationFilters, Query()]
) -> Page[NotificationOut]:
    """Mails, newest first, with what became of each."""
    async with ctx.read() as connection:
        items, total = await queries.list_notifications(
            connection,
            status=filters.status,
            kind=filters.kind,
            user_id=filters.user_id,
            subject_id=filters.subject_id,
            recipient=filters.recipient,
            limit=filters.per_page,
            offset=(filters.page - 1) * filters.per_page,
        )
    return Page[NotificationOut](items=items, page=filters.page, per_page=filters.per_page, total=total)


@router.post(
    "/{notification_id}/retry",
    operation_id="retry_notification",
    status_code=204,
    responses=refuses(NotificationNotFound, NotRepeatable),
)
async def retry_notification(ctx: Ctx, admin: CurrentAdmin, notification_id: UUID) -> None:
    """Send a failed mail again. Mails with a single-use link are asked for anew by their reader instead."""
    async with ctx.unit_of_work() as tx:
        await service.repeat(
            tx, notification_id=notification_id, admin_id=admin.user_id, now=ctx.now(), origin=ctx.origin
        )
