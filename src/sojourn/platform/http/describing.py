"""What OpenAPI shows of a route beyond what answers need: the shape of every answer, every refusal, examples.

Apart from `platform/http/mount.py`, because it is megabytes that a server need not carry: `sojourn.documentation` asks
for it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase

from sojourn.platform.errors import (
    InvalidInput,
    NotAuthenticated,
    NotFound,
    Refusal,
    TooManyRequests,
    Unavailable,
)
from sojourn.platform.http.dialect import documented, respelled
from sojourn.platform.http.idempotency import IDEMPOTENCY_HEADER, IdempotencyInFlight, IdempotencyMismatch
from sojourn.platform.http.mount import NO_CONTENT, add_route, is_replayed, status_of, without_raw, writes_itself
from sojourn.platform.http.refusals import MalformedJson, TooLarge, error_body
from sojourn.platform.http.routing import Route, Router
from sojourn.platform.http.uploads import UPLOAD, upload_body
from sojourn.platform.storefront import Dialect, Storefront

_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "message", "type"],
    "properties": {
        "field": {"type": "string"},
        "location": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "message": {"type": "string"},
        "type": {"type": "string"},
    },
}
_ENVELOPED_ERROR = {
    "type": "object",
    "required": ["success", "data", "message", "error"],
    "properties": {
        "success": {"const": False},
        "data": {"type": "null"},
        "message": {"type": "string"},
        "error": {
            "type": "object",
            "required": ["code", "details"],
            "properties": {
                "code": {"type": "string", "description": "Stable; branch on it."},
                "details": {"type": "object", "properties": {"fields": {"type": "array", "items": _FIELD_ERROR}}},
                "request_id": {"type": ["string", "null"]},
            },
        },
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; branch on it."},
        "requestId": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": _FIELD_ERROR},
        "details": {"type": "object"},
    },
}


def document(storefront: Storefront, routers: Sequence[Router], *, examples: Mapping[str, Any]) -> bytes:
    """OpenAPI 3.1 of a storefront. `examples`: a request body by operation id, snake_case."""
    app = FastAPI(openapi_url=None)
    for router in routers:
        for route in router.routes:
            described = _described(route, examples.get(route.operation_id), storefront.dialect)
            add_route(app, route, prefix=storefront.prefix, dialect=storefront.dialect, **described)
    return json.dumps(_document(app, storefront), ensure_ascii=False).encode()


def read(route: Route) -> APIRoute:
    """The route as FastAPI understands its signature: its body, its dependencies."""
    return APIRoute(
        route.path,
        route.endpoint,
        methods=[route.method],
        response_model=None,
        status_code=route.status_code,
        dependencies=list(route.dependencies),
    )


def _described(route: Route, example: Any, dialect: Dialect) -> dict[str, Any]:
    understood = read(route)
    return {
        "responses": _responses(route, understood, dialect),
        "operation_id": route.operation_id,
        "tags": list(route.tags),
        "summary": route.name.replace("_", " ").capitalize(),
        "description": route.description,
        "openapi_extra": _extra(route, understood, example, dialect),
    }


def _extra(route: Route, understood: APIRoute, example: Any, dialect: Dialect) -> dict[str, Any] | None:
    extra = dict(route.openapi_extra)
    if example is not None and understood.body_field is not None:
        shown = respelled(example, understood.body_field.field_info.annotation, dialect)
        extra["requestBody"] = {"content": {"application/json": {"example": shown}}}
    if _is_also_for_visitors(understood):
        extra["security"] = [{}]  # beside the scheme
    if UPLOAD in extra:
        extra["requestBody"] = upload_body(extra.pop(UPLOAD), dialect)
    if is_replayed(route):
        parameter = {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 255},
            "description": "Send the same key again after a lost answer: the stored answer is replayed.",
        }
        extra["parameters"] = [*extra.get("parameters", []), parameter]
    return extra or None


def _is_also_for_visitors(understood: APIRoute) -> bool:
    """Whether a token is read where there is one, and not missed where there is none."""
    asked = [dependant.call for dependant in _flat(understood.dependant)]
    refusals = [refusal for call in asked for refusal in getattr(call, "refusals", ())]
    return any(isinstance(call, SecurityBase) for call in asked) and not any(
        refusal.status == NotAuthenticated.status for refusal in refusals
    )


def _responses(route: Route, understood: APIRoute, dialect: Dialect) -> dict[int | str, dict[str, Any]]:
    answer = without_raw(get_type_hints(route.endpoint, include_extras=True).get("return"))
    status = status_of(route, answer, dialect)
    declared: dict[int, list[type[Refusal]]] = {}
    for code, entry in route.responses.items():
        declared.setdefault(int(code), []).extend(entry.get("refusals", []))
    for refusal in _common_refusals(route, understood):
        if refusal not in declared.setdefault(refusal.status, []):
            declared[refusal.status].append(refusal)
    responses: dict[int | str, dict[str, Any]] = {
        code: _refusal_response(refusals, dialect) for code, refusals in sorted(declared.items()) if refusals
    }
    if writes_itself(answer):
        responses[status] = next(
            (dict(e) for c, e in route.responses.items() if int(c) == status), {"description": "OK"}
        )
    elif status != NO_CONTENT:
        said = next((e for c, e in route.responses.items() if int(c) == status), {})  # another media type
        responses[status] = {**said, "model": documented(answer, dialect), "description": "OK"}
    return responses


def _common_refusals(route: Route, understood: APIRoute) -> list[type[Refusal]]:
    common: list[type[Refusal]] = [InvalidInput, TooManyRequests, Unavailable]
    for dependant in _flat(understood.dependant):
        common += getattr(dependant.call, "refusals", ())
    if "{" in route.path:
        common.append(NotFound)
    if understood.body_field is not None:
        common += [MalformedJson, TooLarge]
    if is_replayed(route):
        common += [IdempotencyInFlight, IdempotencyMismatch]
    return common


def _flat(dependant: Any) -> list[Any]:
    return [dependant, *(inner for child in dependant.dependencies for inner in _flat(child))]


def _refusal_response(refusals: list[type[Refusal]], dialect: Dialect) -> dict[str, Any]:
    media_type = "application/json" if dialect is Dialect.SNAKE_ENVELOPE else "application/problem+json"
    examples = {
        r.code: {"summary": r.sentence, "value": error_body(dialect, refusal=r(), request_id="req_01")}
        for r in refusals
    }
    return {
        "description": " / ".join(f"`{r.code}`" for r in refusals),
        "content": {media_type: {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}},
    }


def _document(app: FastAPI, storefront: Storefront) -> dict[str, Any]:
    document = get_openapi(
        title=f"{storefront.name} API",
        version="1.0.0",
        openapi_version="3.1.0",
        description=_description(storefront),
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = _ENVELOPED_ERROR if storefront.dialect is Dialect.SNAKE_ENVELOPE else _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            # FastAPI adds a 422 of its own; ours is the 400 above.
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
    return document


def _description(storefront: Storefront) -> str:
    envelope = "`{success, data, message, meta}`; errors carry `error.code`"
    bare = "bare JSON; errors are `application/problem+json` with a `code`"
    style = envelope if storefront.dialect is Dialect.SNAKE_ENVELOPE else bare
    return (
        f"Answers are {style}. Money is a string with two decimals; times are UTC, ISO 8601. "
        "Unsafe calls take an `Idempotency-Key`. Unknown properties are refused."
    )
