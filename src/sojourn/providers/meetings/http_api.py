"""The part that vendors with an HTTP API share: a token that is fetched when needed, and calls that carry it."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from sojourn.providers.meetings.port import MeetingsUnavailable
from sojourn.providers.tls import trusted

UNAUTHORIZED = 401
NOT_FOUND = 404
EARLY_SECONDS = 60


class MeetingApi:
    """One account at one vendor. `grant` is posted to `token_url` for an access token (RFC 6749).

    `timeout` in seconds, for each call.
    """

    def __init__(
        self, *, base_url: str, token_url: str, grant: Mapping[str, str], client_id: str, client_secret: str,
        timeout: float = 15.0,
    ) -> None:  # fmt: skip
        self._client = httpx.AsyncClient(verify=trusted(), base_url=base_url, timeout=timeout)
        self._token_url = token_url
        self._grant = dict(grant)
        self._account = httpx.BasicAuth(client_id, client_secret)
        self._token: str | None = None
        self._token_ends = 0.0
        self._fetching = asyncio.Lock()

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, may_be_gone: bool = False
    ) -> dict[str, Any]:
        """The answer's object, {} when it has none. `may_be_gone`: a 404 counts as done.

        A token that is refused is fetched anew, once. Raises MeetingsUnavailable.
        """
        answer = await self._send(method, path, body)
        if answer.status_code == UNAUTHORIZED:
            self._token = None
            answer = await self._send(method, path, body)
        if answer.status_code == NOT_FOUND and may_be_gone:
            return {}
        return _read(answer)

    async def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._valid_token()}"}
        try:
            return await self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def _valid_token(self) -> str:
        async with self._fetching:
            if self._token is None or time.monotonic() > self._token_ends:
                try:
                    answer = await self._client.post(self._token_url, data=self._grant, auth=self._account)
                except httpx.HTTPError as error:
                    raise _unreachable(error) from error
                granted = _read(answer)
                self._token = text_in(granted, "access_token")
                self._token_ends = time.monotonic() + int(granted.get("expires_in", 0)) - EARLY_SECONDS
            return self._token

    async def aclose(self) -> None:
        await self._client.aclose()


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """A value that must be there, as text. Raises MeetingsUnavailable."""
    value = answer.get(name)
    if not isinstance(value, str | int) or not value:
        raise MeetingsUnavailable(f"the answer has no {name}", code="meetings_answer_unreadable")
    return str(value)


def _unreachable(error: httpx.HTTPError) -> MeetingsUnavailable:
    return MeetingsUnavailable(f"no answer: {type(error).__name__}", code="meetings_unreachable")


def _read(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise MeetingsUnavailable(
            f"the vendor answered {answer.status_code}", code=f"meetings_http_{answer.status_code}"
        )
    if not answer.content:
        return {}
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise MeetingsUnavailable("the answer is no object", code="meetings_answer_unreadable")
    return body
