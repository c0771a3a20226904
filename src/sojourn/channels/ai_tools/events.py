"""What happens to a customer's purchases, told to the agent that acts for them (docs/events.md)."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header, Query
from starlette.responses import StreamingResponse

from sojourn.channels.ai_tools.access import TheAgent, acting_user_id, get_customer
from sojourn.channels.ai_tools.documented import HEADERS
from sojourn.channels.ai_tools.errors import ActingUserNotFound, ActingUserRequired, ServiceKeyInvalid
from sojourn.channels.events.models import StreamFrom
from sojourn.channels.events.routes import STREAM
from sojourn.channels.events.stream import stream
from sojourn.platform.events.hub import TooManyStreams
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router

router = Router(prefix="/ai-tools", tags=["ai-tools"])

# Then the agent comes back, with a key that still counts and the last id it has seen.
LIFE: Final = timedelta(minutes=15)


class AgentStreamFrom(StreamFrom):
    """Whose events, where the header X-Acting-User does not say so."""

    user_id: UUID | None = None


@router.get(
    "/events",
    operation_id="stream_agent_events",
    responses={
        200: STREAM,
        **refuses(ServiceKeyInvalid, ActingUserRequired, ActingUserNotFound, TooManyStreams),
    },
    openapi_extra=HEADERS,
)
async def stream_agent_events(
    ctx: Ctx,
    agent: TheAgent,
    begin: Annotated[AgentStreamFrom, Query()],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)] = None,
) -> StreamingResponse:
    """The customer's payments, confirmations, cancellations and refunds, as they happen; as `GET /events`, for agents.

    Send the last id you have seen to get what you have missed within the last seven days. It ends after 15 minutes.
    """
    customer = await get_customer(ctx, acting_user_id(agent, begin.user_id))
    return await stream(
        ctx, user_id=customer.user_id, last_event_id=last_event_id or begin.last_event_id, ends_at=ctx.now() + LIFE
    )
