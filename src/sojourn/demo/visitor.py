"""Somebody at a storefront's frontend: plain HTTP, in the casing and the envelope that the storefront speaks."""

import asyncio
import json as json_text
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from sojourn.demo.teller import Unexpected
from sojourn.platform.storefront import Dialect, Storefront

Params = Mapping[str, str | int]
Headers = Mapping[str, str]
# As it came over the wire; what is in it is for the chapters to look at.
Json: TypeAlias = Any
# How long something that has happened may take to be told on a stream.
_STREAM_SECONDS = 12.0


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
        self.show({"Authorization": f"Bearer {access_token}"})

    def show(self, headers: Headers) -> None:
        """Send these headers from now on."""
        self._http.headers.update(headers)

    async def ask(
        self, method: str, path: str, *, json: object = None, params: Params | None = None,
        headers: Headers | None = None,
    ) -> Answer:  # fmt: skip
        """Send one request. Raises `Unexpected` when the answer is not in the storefront's dialect."""
        url = self._url(path)
        return self._read(await self._http.request(method, url, json=json, params=params, headers=headers))

    async def hand_in(self, path: str, content: bytes, *, name: str, fields: Mapping[str, str]) -> Answer:
        """Upload one file with what is said of it."""
        return self._read(await self._http.post(self._url(path), files={"file": (name, content)}, data=dict(fields)))

    def _read(self, response: httpx.Response) -> Answer:
        body = response.json() if response.content else None
        if self._storefront.dialect is Dialect.SNAKE_ENVELOPE:
            return _opened(response.status_code, body)
        code = body.get("code") if response.is_error and isinstance(body, dict) else None
        return Answer(response.status_code, body, {}, code)

    async def get(self, path: str, *, language: str | None = None, **params: str | int) -> Json:
        """The data of a 200. Raises `Unexpected` for anything else."""
        headers = {"Accept-Language": language} if language else None
        return expected(await self.ask("GET", path, params=params, headers=headers), 200, f"GET {path}")

    async def send(
        self, method: str, path: str, json: object = None, *, status: int = 200, params: Params | None = None,
        headers: Headers | None = None,
    ) -> Json:  # fmt: skip
        """The data of an answer with that status. Raises `Unexpected` for any other."""
        answer = await self.ask(method, path, json=json, params=params, headers=headers)
        return expected(answer, status, f"{method} {path}")

    async def refusal(self, method: str, path: str, json: object = None) -> Answer:
        """An answer that must be a refusal. Raises `Unexpected` when it is none."""
        answer = await self.ask(method, path, json=json)
        if answer.code is None:
            raise Unexpected(f"{method} {path} answered {answer} and was not refused")
        return answer

    async def download(self, path: str) -> httpx.Response:
        """A file. Raises `Unexpected` unless the answer is a 200."""
        response = await self._http.get(self._url(path))
        if response.status_code != httpx.codes.OK:
            raise Unexpected(f"GET {path} answered {response.status_code}: {response.text[:200]}")
        return response

    async def call(self, path: str, method: str) -> Json:
        """The result of a JSON-RPC call without parameters. Raises `Unexpected` when there is none."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
        headers = {"Accept": "application/json, text/event-stream"}
        response = await self._http.post(self._url(path), json=body, headers=headers)
        if response.status_code != httpx.codes.OK or "result" not in response.json():
            raise Unexpected(f"{method} answered {response.status_code}: {response.text[:200]}")
        return response.json()["result"]

    async def wait_for_event(self, path: str, kind: str) -> Json:
        """The first event of that kind since the stream's beginning. Raises `Unexpected` when none comes."""
        try:
            async with (
                asyncio.timeout(_STREAM_SECONDS),
                self._http.stream("GET", self._url(path), params={"last_event_id": 0}) as response,
            ):
                async for line in response.aiter_lines():
                    event = json_text.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                    if event.get("kind") == kind:
                        return event
        except TimeoutError:
            pass
        raise Unexpected(f"{path} told of no {kind!r}")

    def _url(self, path: str) -> str:
        """A path of the storefront's; what begins with http is one already."""
        return path if path.startswith("http") else self._origin + self._storefront.prefix + path


def _opened(status: int, body: Json) -> Answer:
    is_success = 200 <= status < 300
    if body is None and is_success:
        return Answer(status, None, {}, None)
    if not isinstance(body, dict) or body.get("success") is not is_success or "message" not in body:
        raise Unexpected(f"{status} without the envelope: {str(body)[:200]}")
    code = None if is_success else body["error"]["code"]
    return Answer(status, body["data"] if is_success else body["error"], body.get("meta") or {}, code)


def expected(answer: Answer, status: int, what: str) -> Json:
    """The data of an answer with that status. Raises `Unexpected` for any other."""
    if answer.status != status:
        raise Unexpected(f"{what} answered {answer}, not {status}: {str(answer.data)[:300]}")
    return answer.data
