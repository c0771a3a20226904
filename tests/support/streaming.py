"""Reading a stream of server-sent events as a careful client does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.support.client import StorefrontClient

PATIENCE_SECONDS = 20


@dataclass
class Told:
    """One block of a stream; a bare comment has neither kind nor data."""

    id: str | None = None
    kind: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    retry: int | None = None
    is_comment: bool = False


class Reader:
    """An open stream. `last_id` is what a reader that comes back has to send."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def next(self) -> Told:
        """The next block. Raises StopAsyncIteration when the stream has ended, TimeoutError when nothing comes."""
        told = Told()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while line := await anext(self._lines):
                name, _, value = line.partition(":")
                value = value.strip()
                if not name:
                    told.is_comment = True
                elif name == "id":
                    told.id = self.last_id = value
                elif name == "event":
                    told.kind = value
                elif name == "data":
                    told.data = json.loads(value)
                elif name == "retry":
                    told.retry = int(value)
        return told

    async def take(self, count: int) -> list[Told]:
        """The next events; comments are passed over."""
        taken: list[Told] = []
        while len(taken) < count:
            told = await self.next()
            if not told.is_comment:
                taken.append(told)
        return taken

    async def has_ended(self) -> bool:
        """Raises TimeoutError when it goes on."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while True:
                    await self.next()
            except StopAsyncIteration:
                return True


@asynccontextmanager
async def listening(
    client: StorefrontClient, *, path: str = "/events", headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[Reader]:
    """An open stream of the client's events."""
    async with client.stream("GET", path, headers=headers, params=query) as answer:
        if answer.status_code != 200:
            await answer.aread()
            raise AssertionError(f"{answer.status_code} {answer.text}")
        yield Reader(answer)
