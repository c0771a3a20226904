"""The first thing a request meets: id, address, size, cache; and the last thing its answer passes: headers, figures.

One ASGI layer instead of six: each costs a call per message.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException

from sojourn.platform.http.response_cache import CachedAnswer, ResponseCache
from sojourn.platform.i18n import negotiate
from sojourn.platform.storefront import Storefront

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 1_000_000
MAX_UPLOAD = 10 * 1024 * 1024 + 64 * 1024  # a file and the form around it
MAX_DRAINED = 2 * MAX_UPLOAD
DRAIN_SECONDS = 2.0
MAX_QUERY = 8_000
SLOW_SECONDS = 1.0

REQUESTS = Counter("http_requests_total", "Answered requests", ["storefront", "method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer", ["storefront", "route"])
CACHE_HITS = Counter("http_cache_hits_total", "Answers sent from the response cache", ["storefront"])

# Every header that Helmet 8 sets by default. An API has no scripts and is in no frame: its policies are stricter. Its
# pictures may be shown by the pages of its own site.
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-dns-prefetch-control", b"off"),
    (b"x-download-options", b"noopen"),
    (b"x-xss-protection", b"0"),
    (b"origin-agent-cluster", b"?1"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"x-permitted-cross-domain-policies", b"none"),
]
PAGE_POLICY = (
    b"content-security-policy",
    (
        b"default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; frame-ancestors 'none'"
    ),
)

access_log = structlog.get_logger("sojourn.access")


class Edge:
    """Wraps one storefront's application."""

    def __init__(self, app: App, *, storefront: Storefront, cache: ResponseCache, forwarded_hops: int) -> None:
        self._app = app
        self._storefront = storefront
        self._cache = cache
        self._hops = forwarded_hops
        self._hits = CACHE_HITS.labels(storefront.key)
        self._figures: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        key = self._cache_key(scope, headers) if scope["method"] == "GET" and self._cache.is_on else None
        if key is not None and (hit := self._cache.find(key)) is not None:
            self._hits.inc()
            await _send_cached(hit, headers, request_id, send)
            return
        scope["request_id"] = request_id
        scope["client_ip"] = self._address(scope, headers)
        body = _Body(receive)
        scope["takes_upload"] = body.take_upload
        answer = _Answer(send, scope, request_id, cache=self._cache, key=key, headers=headers, body=body)
        started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request_id, storefront=self._storefront.key)
        try:
            await self._app(scope, body.read, answer.send)
        finally:
            self._record(scope, answer.status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",") if self._hops else []
        if len(forwarded) >= self._hops > 0:
            return forwarded[-self._hops].strip()[:64]
        client = scope.get("client")
        return client[0] if client else "unknown"

    def _cache_key(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[str, str, str] | None:
        query: bytes = scope["query_string"]
        if len(query) > MAX_QUERY:
            return None
        ordered = (
            urlencode(sorted(parse_qsl(query.decode("latin-1"), keep_blank_values=True)))
            if b"&" in query
            else query.decode("latin-1")
        )
        header = headers.get(b"accept-language")
        language = self._storefront.default_language
        if header:
            language = negotiate(header.decode("latin-1"), offered=self._storefront.languages, default=language)
        return scope["path"], ordered, language

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", "unmatched")
        key = scope["method"], path, status
        if key not in self._figures:  # as many as there are routes and answers, not as there are requests
            labels = self._storefront.key, *key
            self._figures[key] = REQUESTS.labels(*labels), SECONDS.labels(self._storefront.key, path)
        counter, histogram = self._figures[key]
        counter.inc()
        histogram.observe(seconds)
        if status >= 400 or seconds > SLOW_SECONDS or scope["method"] != "GET":
            access_log.info(
                "request", method=scope["method"], path=_told_path(scope), status=status, ms=round(seconds * 1000, 1),
                ip=scope["client_ip"],
            )  # fmt: skip


def _told_path(scope: Scope) -> str:
    """The path as the log may keep it: a `{token}` in it is as good as a password."""
    path: str = scope["path"]
    token = scope.get("path_params", {}).get("token")
    return path.replace(token, "{token}") if token else path


class _Answer:
    """Adds our headers to the answer and keeps a copy of it where the route allows caching."""

    def __init__(
        self, send: Send, scope: Scope, request_id: str, *, cache: ResponseCache, key: tuple[str, str, str] | None,
        headers: dict[bytes, bytes], body: "_Body",
    ) -> None:  # fmt: skip
        self._body = body if b"content-length" in headers or b"transfer-encoding" in headers else None
        self._send = send
        self._scope = scope
        self._request_id = request_id
        self._cache = cache
        self._key = key
        self._request_headers = headers
        self._generation = cache.generation
        self._start: Message | None = None
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._body is not None:
                await self._body.read_away()
            if self._key is not None and self.status == 200 and self._scope.get("is_public_answer"):
                self._start = message
                return
            message["headers"] = [*message.get("headers", ()), *self._our_headers(message)]
        elif self._start is not None:
            await self._send_and_keep(message)
            return
        await self._send(message)

    def _our_headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        ours = [*SECURITY_HEADERS, (b"x-request-id", self._request_id.encode())]
        names = {name for name, _ in message.get("headers", ())}
        if b"cache-control" not in names:
            ours.append((b"cache-control", b"no-store"))
        return [header for header in ours if header[0] not in names]

    async def _send_and_keep(self, message: Message) -> None:
        start, self._start = self._start, None
        assert start is not None  # noqa: S101 - set by the message before
        body: bytes = message.get("body", b"")
        content_type = next((v for n, v in start["headers"] if n == b"content-type"), b"application/json")
        kept = None
        if self._key is not None and not message.get("more_body"):
            kept = self._cache.store(self._key, body=body, headers=_kept(content_type), generation=self._generation)
        if kept is not None:
            await _send_cached(kept, self._request_headers, self._request_id, self._send)
            return
        start["headers"] = [*start["headers"], *self._our_headers(start)]
        await self._send(start)
        await self._send(message)


def _kept(content_type: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that is kept: put together once for all who ask."""
    return [
        (b"content-type", content_type),
        (b"cache-control", b"public, max-age=0, must-revalidate"),
        (b"vary", b"Accept-Language, Origin, Accept-Encoding"),
        *SECURITY_HEADERS,
    ]


async def _send_cached(hit: CachedAnswer, headers: dict[bytes, bytes], request_id: str, send: Send) -> None:
    ours = (b"x-request-id", request_id.encode())
    own, body = hit.zipped if b"gzip" in headers.get(b"accept-encoding", b"") else hit.plain
    if hit.etag in headers.get(b"if-none-match", b""):
        kept = [header for header in own if header[0] not in (b"content-length", b"content-encoding")]
        await send({"type": "http.response.start", "status": 304, "headers": [*kept, ours]})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [*own, ours]})
    await send({"type": "http.response.body", "body": body})


def _request_id(sent: bytes | None) -> str:
    """The caller's id when it is a plain one, else ours."""
    if sent and len(sent) <= 64 and sent.replace(b"-", b"").replace(b"_", b"").isalnum():
        return sent.decode("ascii")
    return f"req_{random.getrandbits(80):020x}"  # a name, not a secret


class BodyTooLarge(HTTPException):
    """More was sent than the route accepts. An HTTPException, because the framework lets only those through while it
    reads a body."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body is larger than {limit} bytes.")


async def _drain(receive: Receive, message: Message) -> None:
    """Take in what a client is still sending, within reason: cut off in the middle it would never read our answer."""
    left = MAX_DRAINED
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while message.get("more_body") and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))


class _Body:
    """The request's body, up to a limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._limit = MAX_BODY
        self._seen = 0
        self._is_read = False

    def take_upload(self) -> None:
        """For a route that writes what comes to a file: what others are sent lies in memory."""
        self._limit = MAX_UPLOAD

    async def read(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            self._is_read = True
            await _drain(self._receive, message)
            raise BodyTooLarge(self._limit)
        self._is_read = not message.get("more_body", False)
        return message

    async def read_away(self) -> None:
        """Read what the route left unread: a server that answers with bytes still waiting resets the connection, and
        the caller may never see the answer."""
        if not self._is_read:
            self._is_read = True
            await _drain(self._receive, {"more_body": True})
