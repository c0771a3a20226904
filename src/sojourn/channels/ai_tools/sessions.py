"""Conversations of the agent over HTTP: kept for seven days, bound to the customer, mirrored as `session:{id}`."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from pydantic import Field, JsonValue

from sojourn.channels.ai_tools import sessions_queries as queries
from sojourn.channels.ai_tools.access import TheAgent, acting_user_id, get_customer
from sojourn.channels.ai_tools.documented import HEADERS
from sojourn.channels.ai_tools.errors import (
    ActingUserNotFound,
    ActingUserRequired,
    AiSessionNotFound,
    AiSessionTaken,
    AiSessionTooLarge,
    ServiceKeyInvalid,
)
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.dialect import RawJson
from sojourn.platform.http.idempotency import never_replayed
from sojourn.platform.http.mount import refuses
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.wire import Wire
from sojourn.platform.redis import keys
from sojourn.platform.redis.port import Drop, Put

router = Router(prefix="/ai-tools/sessions", tags=["ai-tools"])

MAX_BYTES: Final = 64 * 1024
NOT_LET_IN = (ServiceKeyInvalid, ActingUserRequired, ActingUserNotFound)


class ForCustomer(Wire):
    """Whose conversation it is, where the header X-Acting-User does not say so."""

    user_id: UUID | None = None


class SessionIn(ForCustomer):
    """`state`: a JSON object of at most 64 KiB, kept as it is."""

    state: Annotated[dict[str, JsonValue], Field(description="At most 64 KiB of JSON.")]


class AiSession(Wire):
    """A conversation. It is forgotten at `expires_at`, seven days after it was last put."""

    session_id: UUID
    user_id: UUID
    state: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


@router.put(
    "/{session_id}",
    operation_id="put_agent_session",
    responses=refuses(*NOT_LET_IN, AiSessionTaken, AiSessionTooLarge),
    openapi_extra=HEADERS,
)
@never_replayed
async def put_agent_session(ctx: Ctx, agent: TheAgent, session_id: UUID, body: SessionIn) -> AiSession | RawJson:
    """Keep the state of a conversation, in place of what was kept."""
    customer = await get_customer(ctx, acting_user_id(agent, body.user_id))
    state = json.dumps(body.state, ensure_ascii=False, separators=(",", ":"))
    size = len(state.encode())
    if size > MAX_BYTES:
        raise AiSessionTooLarge(details={"bytes": size, "limit": MAX_BYTES})
    now = ctx.now()
    async with ctx.unit_of_work() as tx:
        kept = await queries.put_session(
            tx, session_id=session_id, user_id=customer.user_id, state=state, now=now,
            expires_at=now + keys.SESSION_LIFE,
        )  # fmt: skip
    if kept is None:
        raise AiSessionTaken
    seconds = int(keys.SESSION_LIFE / timedelta(seconds=1))
    ctx.runtime.shared.mirror([Put(keys.session(session_id), state, seconds)])
    return kept


@router.get(
    "/{session_id}",
    operation_id="get_agent_session",
    responses=refuses(*NOT_LET_IN, AiSessionNotFound),
    openapi_extra=HEADERS,
)
async def get_agent_session(
    ctx: Ctx, agent: TheAgent, session_id: UUID, asked: Annotated[ForCustomer, Query()]
) -> AiSession | RawJson:
    """What was kept of a conversation of this customer."""
    customer = await get_customer(ctx, acting_user_id(agent, asked.user_id))
    async with ctx.read() as connection:
        found = await queries.find_session(connection, session_id=session_id, user_id=customer.user_id, now=ctx.now())
    if found is None:
        raise AiSessionNotFound
    return found


@router.delete(
    "/{session_id}",
    operation_id="delete_agent_session",
    responses=refuses(*NOT_LET_IN, AiSessionNotFound),
    openapi_extra=HEADERS,
)
@never_replayed
async def delete_agent_session(
    ctx: Ctx, agent: TheAgent, session_id: UUID, asked: Annotated[ForCustomer, Query()]
) -> None:
    """Forget a conversation of this customer."""
    customer = await get_customer(ctx, acting_user_id(agent, asked.user_id))
    async with ctx.unit_of_work() as tx:
        was_there = await queries.delete_session(tx, session_id=session_id, user_id=customer.user_id, now=ctx.now())
    if not was_there:
        raise AiSessionNotFound
    ctx.runtime.shared.mirror([Drop(keys.session(session_id))])
