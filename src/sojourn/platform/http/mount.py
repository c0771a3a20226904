"""Putting a feature's routes into a storefront's application, in that storefront's dialect.

Features declare plain FastAPI routers. Here every route is re-declared: its models become the dialect's twins, its
answer is rendered once, and its refusals are documented.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from sojourn.platform.errors import (
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Refusal,
    TooManyRequests,
    Unavailable,
)
from sojourn.platform.http.dialect import RawJson, documented, renderer, respelled, variant
from sojourn.platform.http.idempotency import IDEMPOTENCY_HEADER, IdempotencyInFlight, IdempotencyMismatch, replaying
from sojourn.platform.http.refusals import MalformedJson, TooLarge, error_body
from sojourn.platform.http.uploads import UPLOAD, upload_body
from sojourn.platform.storefront import Dialect

Endpoint = Callable[..., Awaitable[Any]]
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NO_CONTENT = 204
NO_EXAMPLES: Mapping[str, Any] = MappingProxyType({})


def refuses(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: which refusals it may answer with."""
    declared: dict[int | str, dict[str, Any]] = {}
    for refusal in refusals:
        declared.setdefault(refusal.status, {"refusals": []})["refusals"].append(refusal)
    return declared


def mount(
    app: FastAPI, router: APIRouter, *, prefix: str, dialect: Dialect, examples: Mapping[str, Any] = NO_EXAMPLES
) -> None:
    """Add every route of `router` to `app` under `prefix`. `examples`: a request body by operation id, snake_case."""
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route!r} is not a plain route")
        _add(app, route, prefix=prefix, dialect=dialect, example=examples.get(str(route.operation_id)))


def _add(app: FastAPI, route: APIRoute, *, prefix: str, dialect: Dialect, example: Any) -> None:
    hints = get_type_hints(route.endpoint, include_extras=True)
    answer = _without_raw(hints.pop("return", None))
    writes_itself = isinstance(answer, type) and issubclass(answer, Response)
    is_empty = answer in (None, type(None))
    status = route.status_code or (NO_CONTENT if is_empty else 200)
    endpoint = _signed(route.endpoint, hints, dialect)
    if not writes_itself:
        endpoint = _rendered(endpoint, None if is_empty else renderer(answer, dialect), status=status)
    if _is_replayed(route):
        endpoint = replaying(endpoint)
    app.add_api_route(
        prefix + route.path,
        endpoint,
        methods=sorted(_methods(route)),
        status_code=status,
        response_model=None,
        response_class=Response,
        responses=_responses(route, answer, status=status, dialect=dialect, writes_itself=writes_itself),
        dependencies=route.dependencies,
        operation_id=route.operation_id or route.name,
        tags=route.tags,
        summary=route.summary or route.name.replace("_", " ").capitalize(),
        description=route.description,
        deprecated=route.deprecated,
        openapi_extra=_extra(route, example, dialect),
        name=route.name,
    )


def _is_replayed(route: APIRoute) -> bool:
    return bool(_methods(route) & UNSAFE) and not getattr(route.endpoint, "is_never_replayed", False)


def _methods(route: APIRoute) -> set[str]:
    return route.methods or set()


def _without_raw(annotation: Any) -> Any:
    """`X | RawJson` promises the shape of X; who wrote the bytes is nobody's business. So does `X | Response`, for
    what can also be had as a file."""
    offered = get_args(annotation)
    left = [kind for kind in offered if kind not in (RawJson, Response)]
    return left[0] if len(left) == 1 and len(left) < len(offered) else annotation


def _signed(endpoint: Endpoint, hints: Mapping[str, Any], dialect: Dialect) -> Endpoint:
    """`endpoint` with the dialect's models in its signature. It also receives the request, for the wrappers."""
    signature = inspect.signature(endpoint)
    # FastAPI hands the request to one parameter only: ours takes it, and passes it on.
    wanting = [name for name, hint in hints.items() if hint is Request]
    parameters = [
        parameter.replace(annotation=variant(hints[name], dialect), kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        if name not in wanting
    ]
    parameters.append(
        inspect.Parameter("http_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request),
    )

    @wraps(endpoint)
    async def call(*, http_request: Request, **arguments: Any) -> Any:
        return await endpoint(**arguments, **dict.fromkeys(wanting, http_request))

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def _rendered(endpoint: Endpoint, render: Callable[[Any], bytes] | None, *, status: int) -> Endpoint:
    @wraps(endpoint)
    async def call(**arguments: Any) -> Response:
        answer = await endpoint(**arguments)
        if isinstance(answer, Response):
            return answer
        if render is None:
            response = Response(status_code=status)
        else:
            response = Response(render(answer), status_code=status, media_type="application/json")
        for value in arguments.values():
            if isinstance(value, Response):  # cookies and headers that the handler set
                response.raw_headers.extend(
                    h for h in value.raw_headers if h[0] not in (b"content-length", b"content-type")
                )
        return response

    return call


def _extra(route: APIRoute, example: Any, dialect: Dialect) -> dict[str, Any] | None:
    extra = dict(route.openapi_extra or {})
    if example is not None and route.body_field is not None:
        shown = respelled(example, route.body_field.field_info.annotation, dialect)
        extra["requestBody"] = {"content": {"application/json": {"example": shown}}}
    if UPLOAD in extra:
        extra["requestBody"] = upload_body(extra.pop(UPLOAD), dialect)
    if _is_replayed(route):
        parameter = {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 255},
            "description": "Send the same key again after a lost answer: the stored answer is replayed.",
        }
        extra["parameters"] = [*extra.get("parameters", []), parameter]
    return extra or None


def _responses(
    route: APIRoute, answer: Any, *, status: int, dialect: Dialect, writes_itself: bool
) -> dict[int | str, dict[str, Any]]:
    declared: dict[int, list[type[Refusal]]] = {}
    for code, entry in route.responses.items():
        declared.setdefault(int(code), []).extend(entry.get("refusals", []))
    for refusal in _common_refusals(route):
        if refusal not in declared.setdefault(refusal.status, []):
            declared[refusal.status].append(refusal)
    responses: dict[int | str, dict[str, Any]] = {
        code: _refusal_response(refusals, dialect) for code, refusals in sorted(declared.items()) if refusals
    }
    if writes_itself:
        responses[status] = next(
            (dict(e) for c, e in route.responses.items() if int(c) == status), {"description": "OK"}
        )
    elif status != NO_CONTENT:
        said = next((e for c, e in route.responses.items() if int(c) == status), {})  # another media type
        responses[status] = {**said, "model": documented(answer, dialect), "description": "OK"}
    return responses


def _common_refusals(route: APIRoute) -> list[type[Refusal]]:
    common: list[type[Refusal]] = [InvalidInput, TooManyRequests, Unavailable]
    if any(getattr(d.call, "is_authentication", False) for d in _flat(route.dependant)):
        common += [NotAuthenticated, NotAllowed]
    if "{" in route.path:
        common.append(NotFound)
    if route.body_field is not None:
        common += [MalformedJson, TooLarge]
    if _is_replayed(route):
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
