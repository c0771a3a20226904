"""Below JSON: bytes that are no request, pages of other origins, too many and too large requests; at a real server."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import pytest
from tests.conftest import StartSystem
from tests.support.client import PASSWORD, StorefrontClient, read, refusal
from tests.support.hostile import BYTES
from tests.support.system import System

STOREFRONTS = {"derlg": ("https://derlg.com", "/trips"), "holyone": ("https://holyonetravels.com", "/services")}


async def _first_line(origin: str, sent: bytes) -> bytes:
    """What the server answers to raw bytes; empty when it hangs up."""
    where = urlsplit(origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.readline()
    except OSError:  # it hung up
        return b""
    finally:
        writer.close()


async def test_bytes_that_are_no_request(live_server: System) -> None:
    for sent in BYTES:
        line = await _first_line(live_server.origin, sent)
        status = int(line.split(b" ")[1]) if line.startswith(b"HTTP/1") else 400
        assert status < 500, (sent[:80], line)
    assert (await live_server.derlg.get("/trips")).status_code == 200


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_a_slow_or_vanishing_client_holds_nothing_up(live_server: System, key: str) -> None:
    """Half a body, then silence; the other half of the world goes on."""
    client = live_server.clients[key]
    where = urlsplit(live_server.origin)
    head = f"POST {client.storefront.prefix}/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writers = []
    for _ in range(50):
        _reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(head.encode() + b"Content-Length: 1000\r\n\r\n{")
        writers.append(writer)
    async with asyncio.timeout(5):
        assert (await client.get(STOREFRONTS[key][1])).status_code == 200
    for writer in writers:
        writer.transport.abort()
    async with asyncio.timeout(5):
        assert refusal(await client.post("/auth/login", json={}), 400) == "VALIDATION_FAILED"


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_a_body_beyond_the_limit(live_server: System, key: str) -> None:
    client = live_server.clients[key]
    large = {"email": "a@example.com", "password": "x" * 1_100_000}
    assert refusal(await client.post("/auth/login", json=large), 413) == "BODY_TOO_LARGE"


@pytest.mark.parametrize("key", STOREFRONTS)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_what_is_not_json_is_not_read(live_server: System, key: str, kind: str) -> None:
    client = live_server.clients[key]
    content = json.dumps({"email": "a@example.com", "password": PASSWORD})
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.post("/auth/forgot-password", content=content, headers=headers)
    assert answer.status_code in (400, 415), answer.text
    assert refusal(answer, answer.status_code)
    assert "Content-Type: application/json" in answer.text


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_pages_of_other_origins(live_server: System, key: str) -> None:
    client, (ours, path) = live_server.clients[key], STOREFRONTS[key]
    other = next(origin for name, (origin, _) in STOREFRONTS.items() if name != key)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,authorization"}
    for stranger in (
        "https://evil.example",
        "null",
        f"{ours}.evil.example",
        ours.replace("https", "http"),
        other,
        f"{ours}:444",
    ):
        for answer in (
            await client.get(path, headers={"Origin": stranger}),
            await client.options("/auth/login", headers={"Origin": stranger, **asked}),
        ):
            assert "access-control-allow-origin" not in answer.headers, (stranger, answer.request.method)
    preflight = await client.options("/auth/login", headers={"Origin": ours, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ours
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert {"GET", "POST", "PATCH", "DELETE", "OPTIONS"} <= _words(preflight.headers, "access-control-allow-methods")
    allowed = {word.lower() for word in _words(preflight.headers, "access-control-allow-headers")}
    assert {"content-type", "authorization", "x-service-key", "idempotency-key"} <= allowed
    answer = await client.get(path, headers={"Origin": ours})
    assert answer.headers["access-control-allow-origin"] == ours
    assert "Origin" in _words(answer.headers, "vary")


def _words(headers: Mapping[str, str], name: str) -> set[str]:
    return {word.strip() for word in headers[name].split(",")}


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_nothing_of_a_request_comes_back_as_a_header(live_server: System, key: str) -> None:
    client = live_server.clients[key]
    evil = "%0d%0aX-Evil:%20yes"
    for path in (f"{STOREFRONTS[key][1]}/{evil}", f"{STOREFRONTS[key][1]}?q={evil}", f"/no{evil}"):
        answer = await client.get(path, headers={"X-Request-Id": "a b;c", "Accept-Language": "km\tX-Evil: yes"})
        assert "x-evil" not in answer.headers
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_the_method_is_the_method(live_server: System, key: str) -> None:
    customer = await live_server.clients[key].sign_in_as()
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = await customer.get(f"/users/{customer.user_id}", headers={name: "DELETE"})
        assert answer.status_code == 200
    assert read(await customer.get("/auth/me"))["id"] == str(customer.user_id)


@pytest.mark.parametrize("key", STOREFRONTS)
async def test_too_many_requests(start_system: StartSystem, key: str) -> None:
    async with start_system(RATE_LIMIT_AUTH="3", RATE_LIMIT_DEFAULT="2", RATE_LIMIT_CATALOG="2") as system:
        client = system.clients[key]
        customer = await client.sign_in_as()
        signing_in = {"email": "a@example.com", "password": PASSWORD}
        for who, method, path, limit, body in (
            (client, "POST", "/auth/login", 3, signing_in), (customer, "GET", "/users/me", 2, None),
            (client, "GET", STOREFRONTS[key][1] + "/nothing-here", 2, None),
        ):  # fmt: skip
            answers = [await who.request(method, path, json=body) for _ in range(limit + 1)]
            assert all(answer.status_code != 429 for answer in answers[:-1]), path
            assert refusal(answers[-1], 429) == "TOO_MANY_REQUESTS"
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
            assert answers[-1].headers["ratelimit"]
        # Somebody else, signed in, is not held up by them.
        other = await client.sign_in_as()
        assert (await other.get("/users/me")).status_code == 200


async def test_a_whole_crowd_of_oversized_requests_is_refused(live_server: System) -> None:
    client: StorefrontClient = live_server.derlg
    query = "q=" + "x" * 60_000

    async def one() -> httpx.Response:
        return await client.get(f"/trips?{query}")

    answers = await asyncio.gather(*(one() for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {400, 414, 431}
