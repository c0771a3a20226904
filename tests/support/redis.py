"""A Redis that a test may kill -9 and start again on the same port, with nothing remembered."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import redis.asyncio
from tests.support.waiting import eventually

from sojourn.platform.processes import find_free_port

REDIS = shutil.which("redis-server") or shutil.which("valkey-server")


class MortalRedis:
    """`url` names it, alive or dead."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        assert REDIS is not None
        command = [REDIS, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [*command, "--dir", str(self._folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        await eventually(self._answers)

    async def _answers(self) -> bool:
        try:
            async with self.client() as client:
                return bool(await client.ping())
        except redis.exceptions.ConnectionError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[redis.asyncio.Redis]:
        """A look from outside."""
        async with redis.asyncio.Redis.from_url(self.url, decode_responses=True, socket_timeout=5) as client:
            yield client

    async def keys(self) -> list[str]:
        async with self.client() as client:
            return sorted(str(key) for key in await client.keys("*"))

    async def get(self, key: str) -> str | None:
        async with self.client() as client:
            said = await client.get(key)
        return None if said is None else str(said)

    async def life(self, key: str) -> int:
        """Seconds that a key still lives; -2 when there is none."""
        async with self.client() as client:
            return int(await client.ttl(key))

    async def wipe(self) -> None:
        async with self.client() as client:
            await client.flushall()


@contextmanager
def deaf_server() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
