"""Asking a vendor who is only read from: one GET, a short wait, JSON back."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from sojourn.providers.tls import trusted

MAX_BYTES = 1_000_000

M = TypeVar("M", bound=BaseModel)


class SourceUnavailable(Exception):
    """No answer in time, a refusal, or an answer that cannot be believed. The message holds no key."""


class HttpSource:
    """A kept-open client for one vendor. `seconds` is the longest that one answer may take, to its last byte."""

    def __init__(self, *, base_url: str, seconds: float, headers: Mapping[str, str], params: Mapping[str, str]) -> None:
        self._client = httpx.AsyncClient(
            verify=trusted(), base_url=base_url, timeout=seconds, headers=dict(headers), params=dict(params)
        )
        self._seconds = seconds

    async def get(self, path: str, params: Mapping[str, str]) -> bytes:
        """The answer's body. Raises SourceUnavailable."""
        try:
            # The client's own timeout begins anew with each byte.
            async with asyncio.timeout(self._seconds), self._client.stream("GET", path, params=params) as answer:
                body = await _read(answer)
        except (httpx.HTTPError, TimeoutError) as fault:
            raise SourceUnavailable(f"no answer: {type(fault).__name__}") from fault
        if not answer.is_success:
            raise SourceUnavailable(f"the vendor answered {answer.status_code}: {_beginning(body)}")
        return body

    async def aclose(self) -> None:
        await self._client.aclose()


def understood(model: type[M], body: bytes) -> M:
    """What the vendor said. Raises SourceUnavailable naming what is wrong with it."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise SourceUnavailable(f"the answer is not believed: {where}: {problem['msg']}: {_beginning(body)}") from None


async def _read(answer: httpx.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise SourceUnavailable(f"the answer is longer than {MAX_BYTES} bytes")
    return body


def _beginning(body: bytes) -> str:
    return body[:80].decode(errors="replace")
