"""How a "no" looks on the wire: problem+json in the bare dialect, the envelope's error in the other."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from sojourn.platform.errors import InvalidInput, Refusal
from sojourn.platform.http.dialect import in_casing
from sojourn.platform.kit.wire import ALTERNATIVE
from sojourn.platform.storefront import Dialect

logger = structlog.get_logger(__name__)

MAX_FIELDS = 50
# Of a field's name: whoever nests without end is told where it began.
MAX_PARTS = 12
_NAMED_FIELD = re.compile(r"`([a-z0-9_.]+)`")
TITLES = {
    400: "Bad request", 401: "Not authenticated", 402: "Payment required", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 410: "Gone", 413: "Too large", 415: "Unsupported media type",
    416: "Range not satisfiable", 422: "Not possible", 429: "Too many requests", 500: "Internal error",
    502: "Vendor error", 503: "Unavailable",
}  # fmt: skip


class MalformedJson(Refusal):
    status = 400
    code = "MALFORMED_JSON"
    sentence = "The body is not valid JSON."


class TooLarge(Refusal):
    status = 413
    code = "BODY_TOO_LARGE"
    sentence = "The body is larger than this route accepts."


class InternalError(Refusal):
    status = 500
    code = "INTERNAL_ERROR"
    sentence = "Something went wrong on our side. It has been recorded."


HTTP_CODES = {
    404: "ROUTE_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", TooLarge.status: TooLarge.code, 415: "UNSUPPORTED_MEDIA_TYPE",
}  # fmt: skip
NOT_THIS_METHOD = 405
UNSTORABLE = re.compile("[\\0\\ud800-\\udfff]")
# Pydantic says it in words of Python. A body that came as another media type is text to it, too.
NOT_AN_OBJECT = "must be a JSON object"
NO_OBJECT_SENT = f"{NOT_AN_OBJECT}, with Content-Type: application/json"


def respell(value: Any, dialect: Dialect) -> Any:
    """`value` with the keys of every mapping in the dialect's casing."""
    if isinstance(value, Mapping):
        return {in_casing(str(key), dialect): respell(inner, dialect) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [respell(inner, dialect) for inner in value]
    return value


def error_body(dialect: Dialect, *, refusal: Refusal, request_id: str | None) -> dict[str, Any]:
    """The error document of `refusal`."""
    details = dict(refusal.details)
    fields = [_respelled_field(entry, dialect) for entry in details.pop("fields", [])]
    details = respell(details, dialect)
    if dialect is Dialect.SNAKE_ENVELOPE:
        if fields:
            details["fields"] = fields
        return {
            "success": False,
            "data": None,
            "message": refusal.message,
            "error": {"code": refusal.code, "details": details, "request_id": request_id},
        }
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(refusal.status, "Error"),
        "status": refusal.status,
        "detail": refusal.message,
        "code": refusal.code,
        "requestId": request_id,
    }
    if fields:
        body["errors"] = fields
    if details:
        body["details"] = details
    return body


def _respelled_field(entry: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    """Ours are named in snake_case; what validation found (it has a location) is named as it was sent. Fields that a
    message speaks of stand in backticks."""
    message = _NAMED_FIELD.sub(lambda found: f"`{_path_in_casing(found[1], dialect)}`", entry["message"])
    if "location" in entry:
        return {**entry, "message": message}
    return {**entry, "field": _path_in_casing(entry["field"], dialect), "message": message}


def _path_in_casing(path: str, dialect: Dialect) -> str:
    return ".".join(in_casing(part, dialect) for part in path.split("."))


def render_refusal(request: Request, refusal: Refusal) -> Response:
    """The HTTP answer to `refusal`, in the storefront's dialect."""
    dialect: Dialect = request.app.state.runtime.storefront.dialect
    body = error_body(dialect, refusal=refusal, request_id=request.scope.get("request_id"))
    media_type = "application/json" if dialect is Dialect.SNAKE_ENVELOPE else "application/problem+json"
    content = json.dumps(body, ensure_ascii=False, default=str).encode()
    return Response(content, status_code=refusal.status, media_type=media_type, headers=refusal.headers)


def from_validation(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """The refusal for what pydantic found. What was sent is not repeated: it may be a secret."""
    if any(error["type"] == "json_invalid" for error in errors):
        return MalformedJson()
    fields = []
    for error in errors[:MAX_FIELDS]:
        location, *path = error["loc"] or ("body",)
        parts = [str(part) for part in path if part != ALTERNATIVE]
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "model_attributes_type":
            message = NOT_AN_OBJECT if parts else NO_OBJECT_SENT
        name = ".".join(parts[:MAX_PARTS]) or str(location)
        fields.append({"field": name, "location": str(location), "message": message, "type": error["type"]})
    return InvalidInput(details={"fields": fields})


async def _on_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this class only
    return render_refusal(request, refusal)


async def _on_validation(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - registered for this class only
    # Else the fault holds a frame and the frame the fault: ten thousands of errors would wait for the collector.
    fault.__traceback__ = None
    return render_refusal(request, from_validation(fault.errors()))


async def _on_http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)  # noqa: S101 - registered for this class only
    if fault.status_code == 400:
        return render_refusal(request, MalformedJson())
    headers = {"Allow": _allowed(request)} if fault.status_code == NOT_THIS_METHOD else fault.headers
    refusal = Refusal(str(fault.detail), headers=headers)
    return render_refusal(request, _with_status(refusal, fault.status_code))


def _allowed(request: Request) -> str:
    """The methods of this path; the framework names those of the first route only."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    written_out = [route for route in routes if route.path == request.scope["path"]]
    return ", ".join(sorted({method for route in written_out or routes for method in route.methods or ()}))


def _with_status(refusal: Refusal, status: int) -> Refusal:
    kind: type[Refusal] = type(
        "HttpRefusal", (Refusal,), {"status": status, "code": HTTP_CODES.get(status, f"HTTP_{status}")}
    )
    return kind(refusal.message, details=refusal.details, headers=refusal.headers)


async def _on_unstorable(request: Request, fault: Exception) -> Response:
    """A value passed every check of ours and PostgreSQL still cannot hold it (NUL, a lone surrogate, a year 10000)."""
    logger.warning("value refused by the database", fault=repr(fault), path=request.url.path)
    told = {"message": "must not contain U+0000 or half of a surrogate pair", "type": "value_error"}
    fields = [
        {"field": name, "location": location, **told}
        for location, sent in _everything_sent(request)
        for name in _paths_to_unstorable(sent)
    ]
    details = {"fields": fields[:MAX_FIELDS]} if fields else None
    return render_refusal(request, InvalidInput("A value in the request cannot be stored.", details=details))


def _everything_sent(request: Request) -> Iterator[tuple[str, object]]:
    """Where the values of a request stand, and what stands there."""
    yield "path", request.path_params
    yield "query", request.query_params
    read: bytes = getattr(request, "_body", b"")  # what was never read has not reached the database
    with suppress(ValueError, RecursionError):  # a form, or nothing
        yield "body", json.loads(read)


def _paths_to_unstorable(sent: object) -> Iterator[str]:
    """The dotted names of what holds a character that no text of PostgreSQL's can. One in a name is told of its owner:
    it could not be written in the answer either."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), sent)]  # a list, not calls: its depth is the sender's choice
    while waiting:
        path, value = waiting.pop()
        texts = [value] if isinstance(value, str) else [*value] if isinstance(value, Mapping) else []
        if any(UNSTORABLE.search(text) for text in texts):
            yield ".".join(path) or "body"
        if isinstance(value, Mapping):
            waiting += [
                (path if UNSTORABLE.search(key) else (*path, key)[:MAX_PARTS], inner) for key, inner in value.items()
            ]
        elif isinstance(value, list):
            waiting += [((*path, str(number))[:MAX_PARTS], inner) for number, inner in enumerate(value)]


async def _on_fault(request: Request, fault: Exception) -> Response:
    logger.error("unhandled fault", path=request.url.path, exc_info=fault)
    return render_refusal(request, InternalError())


_HANDLERS: tuple[tuple[type[Exception], Callable[[Request, Exception], Awaitable[Response]]], ...] = (
    (Refusal, _on_refusal),
    (RequestValidationError, _on_validation),
    (HTTPException, _on_http),
    (asyncpg.DataError, _on_unstorable),
    (UnicodeEncodeError, _on_unstorable),
    (Exception, _on_fault),
)


def install(app: FastAPI) -> None:
    """Register the handlers on a storefront's application."""
    for kind, handler in _HANDLERS:
        app.add_exception_handler(kind, handler)


async def answer(request: Request, fault: Exception) -> Response:
    """What a fault answers, where the framework is not asked."""
    handler = next(handler for kind, handler in _HANDLERS if isinstance(fault, kind))
    return await handler(request, fault)
