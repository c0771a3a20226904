"""The event stream of a signed-in customer."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from sojourn.channels.events.models import StreamFrom
from sojourn.channels.events.stream import stream
from sojourn.people.auth.access import CurrentUser, TheGate
from sojourn.platform.events.hub import TooManyStreams
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.storefront import LimitClass

router = Router(tags=["events"], dependencies=[Depends(limited(LimitClass.DEFAULT))])

STREAM = {
    "description": "Server-sent events: `ready` (or `reset`) first, then what happens. `data` is an `EventOut`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.get("/events", operation_id="stream_events", responses={200: STREAM, **refuses(TooManyStreams)})
async def stream_events(
    ctx: Ctx,
    user: CurrentUser,
    gate: TheGate,
    request: Request,
    begin: Annotated[StreamFrom, Query()],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)] = None,
) -> StreamingResponse:
    """What happens to your purchases, as it happens: payments, confirmations, cancellations, refunds.

    Send the last id you have seen to get exactly what you have missed within the last seven days. `reset` instead of
    `ready` says that your id is older: read your bookings and orders anew. The stream ends with your access token.
    """
    claims = gate.claims(request)
    ends_at = datetime.fromtimestamp(claims.expires, UTC) if claims else None
    return await stream(ctx, user_id=user.user_id, last_event_id=last_event_id or begin.last_event_id, ends_at=ends_at)
