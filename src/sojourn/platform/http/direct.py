"""The short way to a handler.

The framework documents every route, reads what is sent and says what is wrong with it. A request that is plainly in
order needs little of that: its route is looked up instead of searched for, its models are read, the route's
dependencies are called in the framework's order, and the handler answers. Whatever is not plainly in order (another
path, a field too many, a body that is no JSON) goes to the framework untouched, so that one place says no.
"""

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fastapi import FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sojourn.platform.http import refusals
from sojourn.platform.http.edge import Message, Receive, Scope, Send
from sojourn.platform.http.mount import MountedRoute

JSON_TYPE = "application/json"
# A megabyte of JSON can become twenty of objects: so many bodies above that size are understood at a time. They wait
# when they are there, so that nobody who sends slowly keeps others waiting.
LARGE_BODY = 65_536
LARGE_AT_ONCE = 4


class NeedsFramework(Exception):
    """This route, or this request, is not for the short way."""


@dataclass(frozen=True, slots=True)
class QueryModel:
    """A model of the query string: which names it knows, and which of them are lists."""

    argument: str
    model: type[BaseModel]
    is_list: Mapping[str, bool]

    def read(self, request: Request) -> BaseModel:
        given: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            if name not in self.is_list or (name in given and not self.is_list[name]):
                raise NeedsFramework
            if self.is_list[name]:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
        return self.model.model_validate(given)


@dataclass(frozen=True, slots=True)
class Step:
    """One dependency: what to call, and which earlier answers it takes."""

    call: Callable[..., Any]
    request_argument: str | None
    takes: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Road:
    """One route, with everything that can be known before a request comes."""

    route: APIRoute
    call: Callable[..., Any]
    steps: Sequence[Step]
    takes: Sequence[tuple[str, int]]
    request_argument: str | None
    query: QueryModel | None
    body: tuple[str, type[BaseModel]] | None

    async def read(self, request: Request) -> dict[str, Any]:
        """The arguments that were sent. Raises NeedsFramework and pydantic's ValidationError."""
        fields = self.route.dependant
        values = _read_fields(fields.path_params, request.path_params)
        values |= _read_fields(fields.header_params, request.headers)
        if self.query is not None:
            values[self.query.argument] = self.query.read(request)
        if self.body is not None:
            argument, model = self.body
            values[argument] = model.model_validate(await _read_json(request))
        return values

    async def answer(self, request: Request, values: dict[str, Any]) -> Response:
        """Call the dependencies in order, then the handler."""
        answers: list[Any] = []
        for step in self.steps:
            arguments = {name: answers[index] for name, index in step.takes}
            if step.request_argument is not None:
                arguments[step.request_argument] = request
            answers.append(await step.call(**arguments))
        for name, index in self.takes:
            values[name] = answers[index]
        if self.request_argument is not None:
            values[self.request_argument] = request
        response: Response = await self.call(**values)
        return response


def _read_fields(fields: Sequence[Any], received: Mapping[str, Any]) -> dict[str, Any]:
    values, errors = request_params_to_args(fields, received)
    if errors:
        raise NeedsFramework
    return values


async def _read_json(request: Request) -> Any:
    content_type = request.headers.get("content-type", "")
    body = await request.body()
    if not body or content_type.partition(";")[0].strip().lower() != JSON_TYPE:
        raise NeedsFramework
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise NeedsFramework from fault


@dataclass(slots=True)
class _Steps:
    """Dependencies in the framework's order, each of them once."""

    steps: list[Step] = field(default_factory=list)
    index_of: dict[Callable[..., Any], int] = field(default_factory=dict)

    def add(self, dependant: Dependant) -> int:
        call = dependant.call
        if call is None or not _is_plain(dependant) or not _is_coroutine(call):
            raise NeedsFramework
        takes = self.add_all(dependant)
        if call not in self.index_of:
            self.index_of[call] = len(self.steps)
            self.steps.append(Step(call, dependant.request_param_name, takes))
        return self.index_of[call]

    def add_all(self, dependant: Dependant) -> list[tuple[str, int]]:
        found = [(child.name, self.add(child)) for child in dependant.dependencies]
        return [(name, index) for name, index in found if name is not None]


def _is_plain(dependant: Dependant) -> bool:
    """Whether a dependency takes nothing but the request and other dependencies."""
    sent = (
        dependant.path_params, dependant.query_params, dependant.header_params, dependant.cookie_params,
        dependant.body_params,
    )  # fmt: skip
    return not any(sent) and dependant.use_cache and dependant.concurrency is None and not _is_given_more(dependant)


def _is_given_more(dependant: Dependant) -> bool:
    return any(
        (
            dependant.websocket_param_name,
            dependant.http_connection_param_name,
            dependant.response_param_name,
            dependant.background_tasks_param_name,
            dependant.security_scopes_param_name,
            dependant.own_oauth_scopes,
        )
    )


def _is_coroutine(call: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004


def plan(route: APIRoute) -> Road:
    """The short way to `route`. Raises NeedsFramework when it takes something that only the framework reads."""
    dependant = route.dependant
    call = dependant.call
    if call is None or dependant.cookie_params or _is_given_more(dependant) or not _is_coroutine(call):
        raise NeedsFramework
    steps = _Steps()
    takes = steps.add_all(dependant)
    return Road(
        route=route,
        call=call,
        steps=steps.steps,
        takes=takes,
        request_argument=dependant.request_param_name,
        query=_query_model(dependant),
        body=_body_model(dependant),
    )


def _query_model(dependant: Dependant) -> QueryModel | None:
    if not dependant.query_params:
        return None
    parameter = dependant.query_params[0]
    model = _model_of(parameter.field_info)
    if len(dependant.query_params) > 1:
        raise NeedsFramework
    is_list = {_sent_name(name, info): _is_list(info.annotation) for name, info in model.model_fields.items()}
    return QueryModel(parameter.name, model, is_list)


def _body_model(dependant: Dependant) -> tuple[str, type[BaseModel]] | None:
    if not dependant.body_params:
        return None
    parameter = dependant.body_params[0]
    info = parameter.field_info
    if len(dependant.body_params) > 1 or isinstance(info, params.Form) or getattr(info, "embed", None):
        raise NeedsFramework
    return parameter.name, _model_of(info)


def _model_of(info: FieldInfo) -> type[BaseModel]:
    annotation = info.annotation
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
        raise NeedsFramework
    return annotation


def _sent_name(name: str, info: FieldInfo) -> str:
    alias = info.validation_alias or info.alias or name
    if not isinstance(alias, str):
        raise NeedsFramework
    return alias


def _is_list(annotation: Any) -> bool:
    """Whether a query field may be sent several times. What is not plainly one or the other is for the framework."""
    text = str(annotation).replace("typing.", "")
    if re.match(r"(list|List|tuple|set|frozenset|Sequence|collections)\b", text):
        return True
    if re.search(r"\b(list|List|tuple|set|frozenset|Sequence)\[", text):
        raise NeedsFramework
    return False


class Way:
    """A route, and the short way to it if there is one: planned with the first request for it."""

    def __init__(self, route: MountedRoute) -> None:
        self.route = route

    @cached_property
    def road(self) -> Road | None:
        try:
            return plan(self.route.built)
        except NeedsFramework:
            return None


class Directory:
    """An application's routes by method and path; what it does not know is the application's."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._fixed: dict[tuple[str, str], Way] = {}
        self._open: dict[tuple[str, int], list[Way]] = {}
        for route in app.routes:
            if isinstance(route, MountedRoute):
                self._enter(route)

    def _enter(self, route: MountedRoute) -> None:
        for method in route.methods or ():
            if "{" in route.path:
                self._open.setdefault((method, route.path.count("/")), []).append(Way(route))
            else:
                self._fixed.setdefault((method, route.path), Way(route))

    def _find(self, scope: Scope) -> tuple[Road, dict[str, Any]] | None:
        method, path = scope["method"], scope["path"]
        if (method, path) in self._fixed:
            road = self._fixed[method, path].road
            return (road, {}) if road else None
        for way in self._open.get((method, path.count("/")), ()):
            match = way.route.path_regex.match(path)
            if match:
                convertors = way.route.param_convertors
                values = {name: convertors[name].convert(value) for name, value in match.groupdict().items()}
                return (way.road, values) if way.road else None
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if found is None:
            await self._app(scope, receive, send)
            return
        road, path_values = found
        scope["app"] = self._app
        scope["route"] = road.route
        scope["path_params"] = path_values
        request = Request(scope, receive)
        try:
            is_large = road.body is not None and len(await request.body()) > LARGE_BODY
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 - every fault has an answer
            await (await refusals.answer(request, fault))(scope, receive, send)
            return
        async with self._large if is_large else nullcontext():
            await self._go(road, request, send)

    async def _go(self, road: Road, request: Request, send: Send) -> None:
        scope, receive = request.scope, request.receive
        values: dict[str, Any] | None = None
        try:
            values = await road.read(request)
        except (NeedsFramework, ValidationError):
            pass  # and let go of what was found wrong before it is found once more
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 - every fault has an answer
            await (await refusals.answer(request, fault))(scope, receive, send)
            return
        if values is None:
            await self._app(scope, _again(request), send)
            return
        try:
            response = await road.answer(request, values)
        except Exception as fault:  # noqa: BLE001 - every fault has an answer
            response = await refusals.answer(request, fault)
        await response(scope, receive, send)


def _again(request: Request) -> Receive:
    """The request's messages from the start: what was read of its body, then what still comes."""
    read: bytes | None = getattr(request, "_body", None)

    async def receive() -> Message:
        nonlocal read
        if read is None:
            return await request.receive()
        body, read = read, None
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
