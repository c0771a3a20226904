"""How a feature declares its routes: in FastAPI's words, and nothing is built from them yet.

FastAPI's own router builds validators for every model of every route as soon as it is declared. Ours are built once,
in the storefront's dialect, when they are mounted (`platform/http/mount.py`).
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi.params import Depends

Endpoint = Callable[..., Awaitable[Any]]
DeclaredEndpoint = TypeVar("DeclaredEndpoint", bound=Endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route as its feature declared it. `status_code` None: 200; on the bare wire 204 for an endpoint that answers
    nothing."""

    method: str
    path: str
    endpoint: Endpoint
    operation_id: str
    status_code: int | None = None
    tags: Sequence[str] = ()
    dependencies: Sequence[Depends] = ()
    responses: Mapping[int | str, Mapping[str, Any]] = field(default_factory=dict)
    openapi_extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.endpoint.__name__

    @property
    def description(self) -> str:
        """What the documentation says of it: the endpoint's docstring."""
        return inspect.getdoc(self.endpoint) or ""


class Router:
    """The routes of a feature, in the order in which they are to be tried."""

    def __init__(self, *, prefix: str = "", tags: Sequence[str] = (), dependencies: Sequence[Depends] = ()) -> None:
        self.routes: list[Route] = []
        self._prefix = prefix
        self._tags = tags
        self._dependencies = dependencies

    def get(self, path: str, **declared: Any) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        """Declare a read. `declared`: the fields of `Route`."""
        return self._declare("GET", path, declared)

    def post(self, path: str, **declared: Any) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        """Declare a POST. `declared`: the fields of `Route`."""
        return self._declare("POST", path, declared)

    def put(self, path: str, **declared: Any) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        """Declare a PUT. `declared`: the fields of `Route`."""
        return self._declare("PUT", path, declared)

    def patch(self, path: str, **declared: Any) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        """Declare a PATCH. `declared`: the fields of `Route`."""
        return self._declare("PATCH", path, declared)

    def delete(self, path: str, **declared: Any) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        """Declare a DELETE. `declared`: the fields of `Route`."""
        return self._declare("DELETE", path, declared)

    def _declare(
        self, method: str, path: str, declared: dict[str, Any]
    ) -> Callable[[DeclaredEndpoint], DeclaredEndpoint]:
        declared["dependencies"] = (*self._dependencies, *declared.get("dependencies", ()))
        declared.setdefault("tags", self._tags)

        def remember(endpoint: DeclaredEndpoint) -> DeclaredEndpoint:
            declared.setdefault("operation_id", endpoint.__name__)
            self.routes.append(Route(method=method, path=self._prefix + path, endpoint=endpoint, **declared))
            return endpoint

        return remember
