"""One storefront's ASGI application, and the door in front of them all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response

from sojourn.platform.db.database import Database
from sojourn.platform.db.revisions import why_not_ready
from sojourn.platform.http import docs, refusals
from sojourn.platform.http.context import Runtime
from sojourn.platform.http.direct import Directory
from sojourn.platform.http.edge import App, Edge, Receive, Scope, Send
from sojourn.platform.http.mount import mount
from sojourn.platform.http.response_cache import GZIP_BYTES, GZIP_LEVEL
from sojourn.platform.http.routing import Router


def storefront_application(
    runtime: Runtime, routers: Sequence[Router], *, documented: Callable[[], Awaitable[bytes]], **state: Any
) -> App:
    """Build the application of one storefront. `documented` answers what OpenAPI says of it; `state` is what
    dependencies look up on `app.state`."""
    storefront = runtime.storefront
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.runtime = runtime
    for name, value in state.items():
        setattr(app.state, name, value)
    refusals.install(app)
    for router in routers:
        mount(app, router, prefix=storefront.prefix, dialect=storefront.dialect)

    docs.install(app, storefront, documented=documented)
    edge: App = Edge(Directory(app), storefront=storefront, cache=runtime.cache, forwarded_hops=runtime.forwarded_hops)
    # Outside the cache: whose page may read an answer depends on who asks, not on what is kept.
    shared = CORSMiddleware(
        edge,
        allow_origins=storefront.allowed_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"],
        allow_headers=[
            "Content-Type",
            "Authorization",
            "X-Service-Key",
            "Idempotency-Key",
            "Last-Event-ID",
            "Accept-Language",
            "X-Request-Id",
        ],
        expose_headers=[
            "X-Request-Id",
            "ETag",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "Idempotent-Replayed",
            "Content-Disposition",
        ],
        max_age=600,
    )
    return Doormat(edge, shared)


class Doormat:
    """Puts only those layers around a request that its headers ask for: pages of other origins, compression."""

    def __init__(self, edge: App, shared: App) -> None:
        self._plain = {False: edge, True: shared}
        self._zipped = {
            has_origin: GZipMiddleware(app, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL)
            for has_origin, app in self._plain.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_origin = takes_gzip = False
        for name, value in scope["headers"]:
            if name == b"origin":
                has_origin = True
            elif name == b"accept-encoding":
                takes_gzip = b"gzip" in value
        app = self._zipped[has_origin] if takes_gzip else self._plain[has_origin]
        await app(scope, receive, send)


class Door:
    """Sends each request to the storefront whose prefix or docs path it carries; answers /health, /ready, /metrics."""

    def __init__(self, storefronts: Sequence[tuple[Sequence[str], App]], databases: Sequence[Database]) -> None:
        by_prefix = [(prefix, app) for prefixes, app in storefronts for prefix in prefixes]
        self._by_prefix = sorted(by_prefix, key=lambda pair: len(pair[0]), reverse=True)
        self._databases = databases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        for prefix, app in self._by_prefix:
            if path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/"):
                await app(scope, receive, send)
                return
        response = await self._answer(path)
        await response(scope, receive, send)

    async def _answer(self, path: str) -> Response:
        if path == "/health":
            return JSONResponse({"status": "ok"})
        if path == "/ready":
            reasons = [reason for database in self._databases if (reason := await why_not_ready(database))]
            if reasons:
                return JSONResponse({"status": "not ready", "reasons": reasons}, status_code=503)
            return JSONResponse({"status": "ready"})
        if path == "/metrics":
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
        return JSONResponse({"code": "ROUTE_NOT_FOUND", "detail": "No storefront answers here."}, status_code=404)
