"""What the web process does with its settings, at its start, and with what a client can read."""

import gzip
from typing import Any

import pytest
from tests.conftest import StartSystem
from tests.features.catalog.samples import trip
from tests.support.client import StorefrontClient, read
from tests.support.system import environment
from tests.support.waiting import eventually

from sojourn.main import Application, create_app
from sojourn.people.roles import Role


async def test_without_the_cache_each_answer_is_read_anew(start_system: StartSystem) -> None:
    async with start_system(RESPONSE_CACHE="off") as system:
        for _again in range(2):
            async with system.derlg.statements() as said:
                answer = await system.derlg.get("/trips")
            assert len(said) == 1
            assert (answer.headers.get("etag"), answer.headers["cache-control"]) == (None, "no-store")


async def test_a_kept_answer_is_compressed_for_those_who_take_it(derlg: StorefrontClient) -> None:
    agency = await derlg.sign_in_as(Role.ADMIN)
    before = derlg.runtime.cache.generation
    read(await agency.post("/trips", json=trip("angkor", summary="Sunrise. " * 200)), 201)

    async def is_heard() -> bool:
        return derlg.runtime.cache.generation == before + 2

    await eventually(is_heard)
    plain = await derlg.get("/trips", headers={"Accept-Encoding": "identity"})
    async with derlg.stream("GET", "/trips", headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
    assert gzip.decompress(body) == plain.content
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.headers["content-length"] == str(len(body))
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    assert "Accept-Encoding" in packed.headers["vary"]


async def start(app: Application) -> dict[str, Any]:
    """What the application tells the server that starts it."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        said.append(message)

    await app({"type": "lifespan"}, receive, send)
    return dict(said[0])


async def test_a_start_that_fails_is_told_to_the_server(sandbox: str, unused_tcp_port: int) -> None:
    dsns = {"derlg": f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/derlg"}
    message = await start(create_app(environment(dsns, sandbox=sandbox, overrides={"SOJOURN_STOREFRONTS": "derlg"})))
    assert message["type"] == "lifespan.startup.failed"
    assert "cannot start" in message["message"]


@pytest.mark.parametrize(("said", "is_on"), [("off", False), ("0", False), ("on", True), (None, True)])
def test_the_cache_is_switched_by_a_word(sandbox: str, said: str | None, is_on: bool) -> None:
    overrides = {"RESPONSE_CACHE": said} if said else {}
    app = create_app(environment({"derlg": "postgresql://x"}, sandbox=sandbox, overrides=overrides))
    assert app._settings.has_response_cache is is_on
