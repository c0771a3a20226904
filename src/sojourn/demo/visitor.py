"""Somebody at a storefront's frontend: plain HTTP, in the casing and the envelope that the storefront speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from sojourn.demo.teller import Unexpected
from sojourn.platform.storefront import Dialect, Storefront

Params = Mapping[str, str | int]
# As it came over the wire; what is in it is for the chapters to look at.
Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `data` is without the envelope; `code` is a refusal's machine code."""

    status: int
    data: Json
    meta: Mapping[str, Any]
    code: str | None

    def __str__(self) -> str:
        return f"{self.status} {self.code}" if self.code else str(self.status)


class Visitor:
    """One person with cookies and a connection of their own. Paths are relative to the storefront's prefix."""

    def __init__(self, http: httpx.AsyncClient, storefront: Storefront, *, origin: str, email: str = "") -> None:
        self._http = http
        self._storefront = storefront
        self._origin = origin
        self.email = email

    def at(self, origin: str) -> "Visitor":
        """The same person, at another process of the same storefront."""
        return Visitor(self._http, self._storefront, origin=origin, email=self.email)

    def carry(self, access_token: str) -> None:
        """Send this token from now on."""
        self._http.headers["Authorization"] = f"Bearer {access_token}"

    async def ask(
        self, method: str, path: str, *, json: object = None, params: Params | None = None, language: str | None = None
    ) -> Answer:
        """Send one request. Raises `Unexpected` when the answer is not in the storefront's dialect."""
        response = await self._send(method, path, json=json, params=params, language=language)
        body = response.json() if response.content else None
        if self._storefront.dialect is Dialect.SNAKE_ENVELOPE:
            return _opened(response.status_code, body)
        code = body.get("code") if response.is_error and isinstance(body, dict) else None
        return Answer(response.status_code, body, {}, code)

    async def get(self, path: str, *, language: str | None = None, **params: str | int) -> Json:
        """The data of a 200. Raises `Unexpected` for anything else."""
        return _data(await self.ask("GET", path, params=params, language=language), 200, f"GET {path}")

    async def send(
        self, method: str, path: str, json: object = None, *, status: int = 200, params: Params | None = None
    ) -> Json:
        """The data of an answer with that status. Raises `Unexpected` for any other."""
        return _data(await self.ask(method, path, json=json, params=params), status, f"{method} {path}")

    async def download(self, path: str) -> httpx.Response:
        """A file. Raises `Unexpected` unless the answer is a 200."""
        response = await self._send("GET", path)
        if response.status_code != httpx.codes.OK:
            raise Unexpected(f"GET {path} answered {response.status_code}: {response.text[:200]}")
        return response

    async def _send(
        self, method: str, path: str, *, json: object = None, params: Params | None = None, language: str | None = None
    ) -> httpx.Response:
        headers = {"Accept-Language": language} if language else {}
        url = self._origin + self._storefront.prefix + path
        return await self._http.request(method, url, json=json, params=params, headers=headers)


def _opened(status: int, body: Json) -> Answer:
    is_success = 200 <= status < 300
    if body is None and is_success:
        return Answer(status, None, {}, None)
    if not isinstance(body, dict) or body.get("success") is not is_success or "message" not in body:
        raise Unexpected(f"{status} without the envelope: {str(body)[:200]}")
    code = None if is_success else body["error"]["code"]
    return Answer(status, body["data"] if is_success else body["error"], body.get("meta") or {}, code)


def _data(answer: Answer, status: int, what: str) -> Json:
    if answer.status != status:
        raise Unexpected(f"{what} answered {answer}, not {status}: {str(answer.data)[:300]}")
    return answer.data
