"""OpenAPI is made by a program of its own, once, for whoever reads it first."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.client import StorefrontClient

from sojourn.platform.errors import Unavailable
from sojourn.platform.http.application import storefront_application
from sojourn.platform.http.docs import told_by


def reader(client: StorefrontClient, documented: Callable[[], Awaitable[bytes]]) -> httpx.AsyncClient:
    app = storefront_application(client.runtime, [], documented=documented)
    base = f"http://sojourn.test{client.storefront.docs_path}/"
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base)


async def test_it_is_made_once(derlg: StorefrontClient) -> None:
    made, may_end = [], asyncio.Event()

    async def documented() -> bytes:
        made.append("once")
        await may_end.wait()
        return b'{"openapi": "3.1.0"}'

    visitor = reader(derlg, documented)
    reading = [asyncio.create_task(visitor.get("openapi.json")) for _ in range(3)]
    may_end.set()
    answers = [*await asyncio.gather(*reading), await visitor.get("openapi.json")]
    assert [answer.json() for answer in answers] == [{"openapi": "3.1.0"}] * 4
    assert made == ["once"]


async def test_what_could_not_be_made_is_made_for_the_next_reader(derlg: StorefrontClient) -> None:
    made = 0

    async def documented() -> bytes:
        nonlocal made
        made += 1
        if made == 1:
            raise Unavailable
        return b"{}"

    visitor = reader(derlg, documented)
    assert [(await visitor.get("openapi.json")).status_code for _ in range(2)] == [503, 200]


async def test_a_program_tells_it() -> None:
    assert await told_by((sys.executable, "-c", "print('{}', end='')")) == b"{}"


@pytest.mark.parametrize("command", [(sys.executable, "-c", "raise SystemExit('no room')"), ("/nowhere/to/be/found",)])
async def test_a_program_that_fails_is_a_refusal_and_leaves_its_words(command: tuple[str, ...]) -> None:
    with capture_logs() as logs, pytest.raises(Unavailable):
        await told_by(command)
    assert [line["event"] for line in logs] == ["documentation not written"]
    assert ("no room" in json.dumps(logs)) == (command[0] == sys.executable)
