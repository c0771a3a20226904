"""The whole sandbox as one ASGI application."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.sandbox import hooks
from sojourn.sandbox.api import StripeApi
from sojourn.sandbox.config import (
    LOOPBACK_HOSTS,
    SandboxConfig,
    has_live_key,
    refuse_outside_development,
    refuse_public_host,
)
from sojourn.sandbox.deliveries import Clockwork
from sojourn.sandbox.errors import AuthenticationError
from sojourn.sandbox.mail_api import MailApi
from sojourn.sandbox.pages import Pages
from sojourn.sandbox.store import Store
from sojourn.sandbox.switches import Switchboard

LOGGER = logging.getLogger("sojourn.sandbox")
LOCAL_PAGES = r"http://(localhost|127\.0\.0\.1)(:\d+)?"


def create_app(config: SandboxConfig) -> Starlette:
    """Build the sandbox.

    Raises:
        SandboxRefused: outside development and test, or on an address others can reach.
    """
    refuse_outside_development()
    refuse_public_host(config.host)
    store = Store(config.data_dir)
    for target in config.webhooks:
        hooks.register(store, target)

    def wake() -> None:
        clockwork.wake()

    api = StripeApi(config, store, wake)
    clockwork = Clockwork(config, store, api.account)
    switchboard = Switchboard(config, store, api, wake)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(clockwork.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            store.close()

    pages = Pages(store, api, switchboard, wake)
    routes = [*pages.routes(), *switchboard.routes(), *MailApi(store).routes(), *api.routes()]
    middleware = [
        Middleware(RequestLog),
        Middleware(TrustedHostMiddleware, allowed_hosts=sorted(LOOPBACK_HOSTS)),
        Middleware(LiveKeyGuard),
        Middleware(CORSMiddleware, allow_origin_regex=LOCAL_PAGES, allow_methods=["GET", "POST"], allow_headers=["*"]),
    ]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


class RequestLog:
    """One line a request: method, path, status, milliseconds; never keys, queries or bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def remember(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, remember)
        except ConnectionAbortedError:
            LOGGER.info("%s %s: hung up on purpose", scope["method"], scope["path"])
            raise
        except Exception:
            LOGGER.exception("%s %s broke", scope["method"], scope["path"])
            raise
        finally:
            spent = (time.perf_counter() - started) * 1000
            LOGGER.info("%s %s %d %.1f ms", scope["method"], scope["path"], status, spent)


class LiveKeyGuard:
    """Refuses a request whose headers or query carry a live key, before anything reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            head = b" ".join([scope["query_string"], *(value for _, value in scope["headers"])])
            if has_live_key(head.decode("latin-1")):
                error = AuthenticationError("Live keys have no business in a sandbox. Use a test key (sk_test_...).")
                await JSONResponse(error.body(), status_code=error.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)
