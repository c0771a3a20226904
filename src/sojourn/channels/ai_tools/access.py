"""Who calls: an agent with a service key, for a customer. The key opens these tools and nothing else."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends
from fastapi.security import APIKeyHeader
from starlette.requests import Request

from sojourn.channels.ai_tools.errors import ActingUserNotFound, ActingUserRequired, ServiceKeyInvalid
from sojourn.channels.ai_tools.keys import ServiceKeys
from sojourn.people.auth.access import Actor, find_standing
from sojourn.people.roles import Role
from sojourn.platform.errors import InvalidInput
from sojourn.platform.http.context import Context, get_runtime
from sojourn.platform.storefront import LimitClass

ACTING_USER = "X-Acting-User"
SERVICE_KEY = "X-Service-Key"
SESSION_ID = "X-Session-Id"
MAX_SESSION_ID = 64

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Agent:
    """Whoever carries a valid key. `key_name` tells which one; `user_id` is the customer in the header."""

    key_name: str
    user_id: UUID | None
    session_id: str | None


class _Documented(APIKeyHeader):
    """Puts the scheme into OpenAPI; `_the_agent` reads the header."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        pass


_key_header = _Documented(
    name=SERVICE_KEY, scheme_name="serviceKey", auto_error=False, description="The agent's service key."
)


async def _the_agent(request: Request, _: Annotated[object, Depends(_key_header)]) -> Agent:
    keys: ServiceKeys = request.app.state.service_keys
    key_name = keys.name_of(request.headers.get(SERVICE_KEY))
    if key_name is None:
        ip = request.scope["client_ip"]
        logger.warning("service key refused", ip=ip, path=request.scope["path"])
        # Only failures count: somebody who guesses must not lock the real agent out.
        await get_runtime(request).limiter.spend(LimitClass.AUTH, who=ip, endpoint="service-key")
        raise ServiceKeyInvalid
    user_id = _user_in_header(request)
    # Two customers never share a stored answer, whatever Idempotency-Key the agent chooses for them.
    request.scope["principal"] = f"agent:{user_id or ''}"
    return Agent(key_name, user_id, _session_in_header(request))


_the_agent.refusals = (ServiceKeyInvalid,)  # type: ignore[attr-defined]


def _user_in_header(request: Request) -> UUID | None:
    text = request.headers.get(ACTING_USER)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.at(ACTING_USER, "must be a customer's id, a UUID") from None


def _session_in_header(request: Request) -> str | None:
    text = request.headers.get(SESSION_ID)
    if text is not None and (len(text) > MAX_SESSION_ID or not text.isascii() or not text.isprintable()):
        raise InvalidInput.at(SESSION_ID, f"must be at most {MAX_SESSION_ID} printable ASCII characters")
    return text


TheAgent = Annotated[Agent, Depends(_the_agent)]


def acting_user_id(agent: Agent, named: UUID | None) -> UUID | None:
    """The customer that header and request name. Raises InvalidInput when they name two."""
    if agent.user_id is not None and named is not None and agent.user_id != named:
        raise InvalidInput.at("user_id", f"is not the customer in {ACTING_USER}")
    return agent.user_id or named


async def find_customer(ctx: Context, user_id: UUID | None) -> Actor | None:
    """The active customer an agent acts for; None when it named nobody. Raises ActingUserNotFound."""
    if user_id is None:
        return None
    async with ctx.read() as connection:
        actor = await find_standing(connection, user_id)
    if actor is None or actor.role is not Role.CUSTOMER:
        raise ActingUserNotFound
    return actor


async def get_customer(ctx: Context, user_id: UUID | None) -> Actor:
    """The same, when there must be one. Raises ActingUserRequired, ActingUserNotFound."""
    actor = await find_customer(ctx, user_id)
    if actor is None:
        raise ActingUserRequired
    return actor
