"""What a handler is given: the storefront it serves and the request it answers."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from sojourn.platform.db.database import Connection, Database
from sojourn.platform.db.gathering import Gathering
from sojourn.platform.events.hub import Hub
from sojourn.platform.http.rate_limit import RateLimiter
from sojourn.platform.http.response_cache import ResponseCache
from sojourn.platform.i18n import Language, named_in, negotiate
from sojourn.platform.kit.clock import Clock, local_date
from sojourn.platform.redis.shared import Shared
from sojourn.platform.storefront import Storefront


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One storefront, running: its declaration, its database and the few plain values that features need."""

    storefront: Storefront
    db: Database
    gathering: Gathering
    clock: Clock
    limiter: RateLimiter
    cache: ResponseCache
    shared: Shared
    events: Hub
    identify: Callable[[Request], UUID | None]
    access_secret: str
    refresh_secret: str
    sealing_secrets: tuple[str, ...]
    public_url: str
    is_development: bool
    forwarded_hops: int = 0
    # So many uploads are looked at at a time: ten megabytes each. They are on disk before they take their turn.
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    async def aclose(self) -> None:
        """Close what `sojourn.runtime.assemble` opened."""
        await self.events.aclose()
        await self.db.close()
        await self.shared.aclose()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from, for the audit."""

    ip: str | None
    request_id: str | None
    user_agent: str | None = None


SYSTEM_ORIGIN = Origin(ip=None, request_id=None)


@dataclass(frozen=True, slots=True)
class Context:
    """One request. Handlers open their unit of work on it; nothing else commits. `asked_language` is None where the
    request names no language of ours."""

    runtime: Runtime
    origin: Origin
    language: Language
    asked_language: Language | None = None

    @property
    def storefront(self) -> Storefront:
        return self.runtime.storefront

    @property
    def db(self) -> Database:
        return self.runtime.db

    def language_for(self, account: Language) -> Language:
        """What somebody reads who is signed in: the language the request asks for, else the account's."""
        return self.asked_language or account

    def now(self) -> datetime:
        """The present, UTC."""
        return self.runtime.clock.now()

    def today(self) -> date:
        """The calendar day in the storefront's zone."""
        return local_date(self.now(), self.storefront.time_zone)

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for reads, outside any transaction."""
        return self.runtime.db.read()

    @property
    def gathering(self) -> Gathering:
        """What requests of one moment do together."""
        return self.runtime.gathering

    def unit_of_work(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction; commits at the end of the block, before the response is sent."""
        return self.runtime.db.unit_of_work()


def get_runtime(request: Request) -> Runtime:
    """The storefront that this application serves."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def client_ip(request: Request, *, hops: int) -> str:
    """The caller's address: the socket's, or, behind `hops` trusted proxies, what the outermost of them saw."""
    if hops:
        forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
        if len(forwarded) >= hops:
            return forwarded[-hops][:64]
    return request.client.host if request.client else "unknown"


async def get_context(request: Request) -> Context:
    """The request's context. Language: `?language=` (validated by the route), else `Accept-Language`.

    A coroutine, though it waits for nothing: the framework runs plain functions in a thread.
    """
    runtime = get_runtime(request)
    storefront = runtime.storefront
    header = request.headers.get("accept-language")
    language = (
        negotiate(header, offered=storefront.languages, default=storefront.default_language)
        if header
        else storefront.default_language
    )
    origin = Origin(
        ip=client_ip(request, hops=runtime.forwarded_hops),
        request_id=request.scope.get("request_id"),
        user_agent=request.headers.get("user-agent"),
    )
    asked = named_in(header, offered=storefront.languages) if header else None
    return Context(runtime=runtime, origin=origin, language=language, asked_language=asked)


Ctx = Annotated[Context, Depends(get_context)]
