"""The way out of mails that nobody has to get."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import HTMLResponse

from sojourn.care.notifications import sources
from sojourn.care.notifications.errors import UnsubscribeLinkInvalid
from sojourn.care.notifications.mails import CONTEXTS
from sojourn.care.notifications.unsubscribe import read_token
from sojourn.care.notifications.unsubscribe_page import unsubscribe_page
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass

router = Router(
    prefix="/notifications",
    tags=["notifications"],
    dependencies=[Depends(limited(LimitClass.AUTH, by_address=True))],
)

Token = Annotated[str, Query(min_length=1, max_length=200, description="From the mail's unsubscribe link.")]


@router.get("/unsubscribe", operation_id="show_unsubscribe_page", responses=refuses(UnsubscribeLinkInvalid))
async def show_unsubscribe_page(ctx: Ctx, token: Token) -> HTMLResponse:
    """The page behind a mail's unsubscribe link: it asks, and changes nothing; scanners and previews open it, too."""
    user_id, _kind = read_token(token, secret=ctx.runtime.access_secret)
    async with ctx.read() as connection:
        reader = await sources.find_recipient(connection, user_id)
    return unsubscribe_page(ctx.storefront, reader.language if reader else ctx.language, is_done=False)


@router.post("/unsubscribe", operation_id="unsubscribe", responses=refuses(UnsubscribeLinkInvalid))
async def unsubscribe(ctx: Ctx, token: Token) -> HTMLResponse:
    """One click and no sign-in (RFC 8058): mails of the link's kind stop. Safe to repeat."""
    user_id, kind = read_token(token, secret=ctx.runtime.access_secret)
    preference = CONTEXTS[kind].mail_preference
    if preference is None:
        raise UnsubscribeLinkInvalid
    async with ctx.unit_of_work() as tx:
        await sources.set_unwanted(tx, user_id, preference=preference, now=ctx.now())
        act = Act(
            action="notification.unsubscribed",
            subject_kind="user",
            subject_id=user_id,
            actor_id=user_id,
            detail={"kind": kind},
        )
        await record(tx, act, now=ctx.now(), origin=ctx.origin)
        reader = await sources.find_recipient(tx, user_id)
    return unsubscribe_page(ctx.storefront, reader.language if reader else ctx.language, is_done=True)
