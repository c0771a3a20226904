"""A server on the loopback that gives the answers it was told to, in order, and keeps what it was asked."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    # Stripe's SDK asks again unless told not to; a test that is not about that need not wait for it.
    headers: tuple[str, ...] = ("Stripe-Should-Retry: false",)


DROPPED = None  # the connection ends without a word
SILENT = ...  # the connection stays open without a word


@dataclass
class Asked:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    url: str = ""
    answers: deque[Any] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)

    def will_answer(self, status: int, body: object = None, *, headers: tuple[str, ...] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = Answer(status=status, body=raw)
        self.answers.append(answer if headers is None else Answer(status=status, body=raw, headers=headers))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(line=head[0], headers=headers, body=body))
            answer = self.answers.popleft()
            if answer is SILENT:
                await reader.read()
            elif answer is not DROPPED:
                extra = "".join(f"{line}\r\n" for line in answer.headers)
                status = f"HTTP/1.1 {answer.status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n"
                writer.write(f"{status}{extra}Content-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield scripted
    finally:
        server.close()
        await server.wait_closed()
        assert not scripted.answers, "the server was never asked for these"
