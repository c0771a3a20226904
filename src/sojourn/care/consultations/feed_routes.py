"""A calendar to subscribe to, at an address that nobody can guess."""

from datetime import timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Path
from starlette.responses import Response

from sojourn.care.consultations import calendar, queries
from sojourn.care.consultations.errors import CalendarFeedNotFound
from sojourn.care.consultations.jobs import entry_of
from sojourn.care.consultations.models import CalendarFeed
from sojourn.people.auth.access import CurrentUser
from sojourn.platform.audit.trail import Act, record
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.i18n import Language
from sojourn.platform.kit.ids import new_secret
from sojourn.platform.storefront import LimitClass

KEPT = timedelta(days=90)

router = Router(prefix="/consultations/feed", tags=["consultations"])
Token = Annotated[str, Path(min_length=20, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


@router.post(
    "",
    operation_id="create_calendar_feed",
    status_code=201,
    dependencies=[Depends(limited(LimitClass.DEFAULT))],
)
@never_replayed
async def create_calendar_feed(ctx: Ctx, user: CurrentUser) -> CalendarFeed:
    """A new secret address of one's calendar. It is told this once; the one before opens nothing any more."""
    token = new_secret()
    async with ctx.unit_of_work() as tx:
        await queries.set_feed(tx, user_id=user.user_id, token_hash=_digest(token), now=ctx.now())
        act = Act(action="calendar_feed.created", subject_kind="USER", subject_id=user.user_id, actor_id=user.user_id)
        await record(tx, act, now=ctx.now(), origin=ctx.origin)
    base = ctx.runtime.public_url.rstrip("/") + ctx.storefront.prefix
    return CalendarFeed(url=f"{base}/consultations/feed/{token}.ics")


@router.delete(
    "",
    operation_id="revoke_calendar_feed",
    dependencies=[Depends(limited(LimitClass.DEFAULT))],
)
async def revoke_calendar_feed(ctx: Ctx, user: CurrentUser) -> None:
    """Close the calendar's address. Without one nothing changes."""
    async with ctx.unit_of_work() as tx:
        await queries.unset_feed(tx, user_id=user.user_id)
        act = Act(action="calendar_feed.revoked", subject_kind="USER", subject_id=user.user_id, actor_id=user.user_id)
        await record(tx, act, now=ctx.now(), origin=ctx.origin)


@router.get(
    "/{token}.ics",
    operation_id="read_calendar_feed",
    responses={200: {"description": "iCalendar", "content": {"text/calendar": {}}}, **refuses(CalendarFeedNotFound)},
    dependencies=[Depends(limited(LimitClass.CATALOG, by_address=True))],
)
async def read_calendar_feed(ctx: Ctx, token: Token) -> Response:
    """Somebody's consultations as iCalendar, 90 days back. Whoever has the address may read it."""
    async with ctx.read() as connection:
        owner = await queries.find_feed(connection, token_hash=_digest(token))
        if owner is None:
            raise CalendarFeedNotFound
        rows = await queries.list_calendar(connection, user_id=owner["id"], since=ctx.now() - KEPT)
    entries = [
        entry_of(row, other="consultant_name" if row["user_id"] == owner["id"] else "customer_name") for row in rows
    ]
    body = calendar.feed(
        entries, storefront=ctx.storefront, language=Language(owner["preferred_language"]), now=ctx.now()
    )
    return Response(body, media_type="text/calendar", headers={"Cache-Control": "private, no-store"})
