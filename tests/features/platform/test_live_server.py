"""The same application as a server process of its own, over TCP."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.features.catalog.samples import trip
from tests.support.client import read, refusal
from tests.support.system import System
from tests.support.waiting import eventually

from sojourn.catalog.loading import load_catalogue
from sojourn.people.roles import Role

pytestmark = pytest.mark.slow


async def test_a_catalogue_loaded_elsewhere_appears(live_server: System) -> None:
    derlg = live_server.derlg
    read(await derlg.get("/trips/featured"))
    await load_catalogue(derlg.database, derlg.storefront, now=datetime.now(UTC))

    async def is_shown() -> bool:
        return len(read(await derlg.get("/trips/featured"))) == 5

    await eventually(is_shown)


async def test_many_at_once_are_served_once(live_server: System) -> None:
    agency = await live_server.derlg.sign_in_as(Role.ADMIN)
    sent = trip("once-only")
    headers = {"Idempotency-Key": "one key for all"}
    answers = await asyncio.gather(*(agency.post("/trips", json=sent, headers=headers) for _ in range(30)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {refusal(answer, 409) for answer in answers if answer.status_code == 409} <= {"IDEMPOTENCY_IN_FLIGHT"}
    replayed = await agency.post("/trips", json=sent, headers=headers)
    assert (replayed.status_code, replayed.headers["idempotent-replayed"]) == (201, "true")
    assert len(await agency.rows("SELECT * FROM trips WHERE slug = 'once-only'")) == 1


async def test_a_body_that_is_too_large_ends_there(live_server: System) -> None:
    agency = await live_server.derlg.sign_in_as(Role.ADMIN)
    headers = {"Content-Type": "application/json"}
    answer = await agency.post("/trips", content=b" " * 3_000_000, headers=headers)
    assert refusal(answer, 413) == "BODY_TOO_LARGE"
    assert (await live_server.derlg.get("/trips")).status_code == 200


async def test_bytes_that_are_no_http_do_not_hurt(live_server: System) -> None:
    host, _, port = live_server.origin.removeprefix("http://").partition(":")
    for noise in (b"\x00\xff\x00\n\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /v1/trips HTTP/1.1\r\nHost: " + b"x" * 200_000):
        _reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(noise)
        writer.close()
    assert (await live_server.derlg.get("/trips")).status_code == 200
    assert (await live_server.derlg.get("/trips?" + "q" * 9_000)).status_code == 400


async def test_a_body_nobody_reads_does_not_cut_the_answer_off(live_server: System) -> None:
    answers = [
        await live_server.derlg.post("/notifications/unsubscribe?token=x", content=b"z" * 5_000_000) for _ in range(20)
    ]
    assert {answer.status_code for answer in answers} == {400}
