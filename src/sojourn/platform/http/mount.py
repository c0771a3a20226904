"""Putting a feature's routes into a storefront's application, in that storefront's dialect.

Features declare their routes (`platform/http/routing.py`). Here FastAPI gets each of them with the dialect's twins of
its models, and with an endpoint whose answer is rendered once. That is done when the first request for the route
comes: validators and dependencies are some 80 KiB a route, and a process is asked for few of its 240.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, get_args, get_type_hints

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette import routing
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sojourn.platform.errors import Refusal
from sojourn.platform.http.dialect import RawJson, renderer, variant
from sojourn.platform.http.idempotency import replaying
from sojourn.platform.http.routing import Endpoint, Route, Router
from sojourn.platform.storefront import Dialect

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NO_CONTENT = 204


def refuses(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: which refusals it may answer with."""
    declared: dict[int | str, dict[str, Any]] = {}
    for refusal in refusals:
        declared.setdefault(refusal.status, {"refusals": []})["refusals"].append(refusal)
    return declared


def mount(app: FastAPI, router: Router, *, prefix: str, dialect: Dialect) -> None:
    """Add every route of `router` to `app` under `prefix`, to be answered."""
    app.router.routes += [MountedRoute(route, prefix=prefix, dialect=dialect) for route in router.routes]


class MountedRoute(routing.Route):
    """A route of which only method and path are known until it is asked for."""

    def __init__(self, route: Route, *, prefix: str, dialect: Dialect) -> None:
        super().__init__(prefix + route.path, route.endpoint, name=route.name)
        self.methods = {route.method}  # without the HEAD that is added to each GET
        self.app = self._answer
        self._route = route
        self._dialect = dialect

    @cached_property
    def built(self) -> APIRoute:
        """The framework's own."""
        return APIRoute(self.path, **_told(self._route, self._dialect))

    def matches(self, scope: Scope) -> tuple[routing.Match, Scope]:
        match, found = super().matches(scope)
        return match, {**found, "route": self} if found else found

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.built.app(scope, receive, send)


def add_route(app: FastAPI, route: Route, *, prefix: str, dialect: Dialect, **description: Any) -> None:
    """Add one route, to be described. `description`: what only OpenAPI shows of it."""
    app.add_api_route(prefix + route.path, **_told(route, dialect), **description)


def _told(route: Route, dialect: Dialect) -> dict[str, Any]:
    """What the framework is told of a route."""
    hints = get_type_hints(route.endpoint, include_extras=True)
    answer = without_raw(hints.pop("return", None))
    endpoint = _signed(route.endpoint, hints, dialect)
    if not writes_itself(answer):
        status = status_of(route, answer, dialect)
        endpoint = _rendered(endpoint, None if status == NO_CONTENT else renderer(answer, dialect), status=status)
    if is_replayed(route):
        endpoint = replaying(endpoint)
    return {
        "endpoint": endpoint,
        "methods": [route.method],
        "status_code": status_of(route, answer, dialect),
        "response_model": None,
        "response_class": Response,
        "dependencies": list(route.dependencies),
        "name": route.name,
    }


def writes_itself(answer: Any) -> bool:
    """Whether the endpoint answers bytes of its own (a PDF, a stream)."""
    return isinstance(answer, type) and issubclass(answer, Response)


def is_empty(answer: Any) -> bool:
    """Whether the endpoint answers nothing."""
    return answer in (None, type(None))


def status_of(route: Route, answer: Any, dialect: Dialect) -> int:
    """The status of the route's good answer. Nothing is nothing on the bare wire, and no data in an envelope."""
    is_bare = dialect is Dialect.CAMEL_BARE
    return route.status_code or (NO_CONTENT if is_empty(answer) and is_bare else 200)


def is_replayed(route: Route) -> bool:
    """Whether the route answers a repeated `Idempotency-Key` with what it answered before."""
    return route.method in UNSAFE and not getattr(route.endpoint, "is_never_replayed", False)


def without_raw(annotation: Any) -> Any:
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
