"""What every request passes first: a line in the log, and the check for live keys."""

import logging
import time

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.sandbox.config import has_live_key
from sojourn.sandbox.errors import AuthenticationError

LOGGER = logging.getLogger("sojourn.sandbox")
# A mail of 40 MB is the most the real providers take.
MAX_BODY_BYTES = 40 * 1024 * 1024


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
    """Refuses a request that carries a live key in its headers, query or body, before anything reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        if body is None:
            await _too_large()(scope, receive, send)
            return
        head = b" ".join([scope["query_string"], *(value for _, value in scope["headers"])])
        if has_live_key(head) or has_live_key(body):
            error = AuthenticationError("Live keys have no business in a sandbox. Use a test key (sk_test_...).")
            await JSONResponse(error.body(), status_code=error.status)(scope, receive, send)
            return
        left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return left.pop() if left else await receive()

        await self._app(scope, replay, send)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than any real request."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> Response:
    return JSONResponse({"error": f"a request has at most {MAX_BODY_BYTES} bytes"}, status_code=413)
