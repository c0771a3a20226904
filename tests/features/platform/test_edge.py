"""What every request meets before and after its handler: ids, headers, sizes, origins, limits, faults."""

import json
from collections.abc import AsyncIterator

import pytest
from fastapi import Depends
from tests.conftest import StartSystem
from tests.features.catalog.samples import trip
from tests.features.platform.probing import probe
from tests.support.client import StorefrontClient, read, refusal

from sojourn.people.roles import Role
from sojourn.platform.errors import NotFound
from sojourn.platform.http.context import Ctx
from sojourn.platform.http.rate_limit import limited
from sojourn.platform.http.routing import Router
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.wire import Wire
from sojourn.platform.storefront import LimitClass

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


class Note(Wire):
    text: str


router = Router(prefix="/probe")


@router.post("/notes", operation_id="create_note", status_code=201)
async def create_note(body: Note) -> Note:
    return body


@router.get("/broken", operation_id="get_broken")
async def get_broken() -> Note:
    raise RuntimeError("the secret recipe")


@router.get("/limited", operation_id="get_limited", dependencies=[Depends(limited(LimitClass.PAYMENTS))])
async def get_limited() -> Note:
    return Note(text="x")


@router.post("/children", operation_id="create_child", status_code=201)
async def create_child(ctx: Ctx) -> Note:
    async with ctx.unit_of_work() as tx:
        await tx.execute("INSERT INTO child VALUES (1)")
    return Note(text="x")


@router.post("/half", operation_id="do_half", status_code=201)
async def do_half(ctx: Ctx) -> Note:
    async with ctx.unit_of_work() as tx:
        await tx.execute("INSERT INTO counters VALUES ('half', 2026, 1)")
        raise NotFound


@router.post("/cut", operation_id="cut", status_code=201)
async def cut(ctx: Ctx) -> Note:
    async with ctx.unit_of_work() as tx:
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return Note(text="x")


async def test_every_answer_names_its_request(derlg: StorefrontClient) -> None:
    for sent in ("req-1_A", "x" * 64):
        assert (await derlg.get("/trips", headers={"X-Request-Id": sent})).headers["x-request-id"] == sent
    for sent in ("x" * 65, "a b", "<script>", ""):
        given = (await derlg.get("/trips", headers={"X-Request-Id": sent})).headers["x-request-id"]
        assert given.startswith("req_")
    refused = await derlg.get("/trips/nowhere", headers={"X-Request-Id": "mine"})
    assert refused.json()["error"]["request_id"] == refused.headers["x-request-id"] == "mine"
    first, second = [(await derlg.get("/trips/nowhere")).headers["x-request-id"] for _ in range(2)]
    assert first != second


async def test_every_answer_carries_the_security_headers(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    fresh, cached = await derlg.get("/trips"), await derlg.get("/trips")
    unchanged = await derlg.get("/trips", headers={"If-None-Match": fresh.headers["etag"]})
    answers = [fresh, cached, unchanged, await derlg.get("/trips/nowhere"), await holyone.get("/nowhere")]
    assert [answer.status_code for answer in answers] == [200, 200, 304, 404, 404]
    for answer in answers:
        assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
    assert [answer.headers["cache-control"] for answer in (fresh, answers[3])] == [
        "public, max-age=0, must-revalidate", "no-store",
    ]  # fmt: skip


async def test_a_body_that_is_too_large_is_refused(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100_000

    just_fits = json.dumps({"text": "x" * 999_988}).encode()
    assert len(just_fits) == 1_000_000
    for client in (derlg, holyone):
        door = probe(client, router)
        headers = {"Content-Type": "application/json"}
        assert read(await door.post("/probe/notes", content=just_fits, headers=headers), 201)
        for body in (just_fits + b" ", dripping()):
            answer = await door.post("/probe/notes", content=body, headers=headers)
            assert refusal(answer, 413) == "BODY_TOO_LARGE"


@pytest.mark.parametrize("body", [b"{", b"", b'{"text": }', b"\xff", b'"text', b"{'text': 'x'}"])
async def test_a_body_that_is_no_json(derlg: StorefrontClient, holyone: StorefrontClient, body: bytes) -> None:
    for client in (derlg, holyone):
        headers = {"Content-Type": "application/json"}
        answer = await probe(client, router).post("/probe/notes", content=body, headers=headers)
        assert refusal(answer, 400) == ("VALIDATION_FAILED" if not body else "MALFORMED_JSON")


async def test_pages_of_our_own_sites_may_call(derlg: StorefrontClient) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    ours = await derlg.options("/trips", headers={**asked, "Origin": "https://derlg.com"})
    assert ours.headers["access-control-allow-origin"] == "https://derlg.com"
    assert ours.headers["access-control-allow-credentials"] == "true"
    foreign = await derlg.options("/trips", headers={**asked, "Origin": "https://evil.example"})
    assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (400, False)
    for origin, is_allowed in (("https://derlg.com", True), ("https://evil.example", False), ("null", False)):
        for _fresh_then_cached in range(2):
            answer = await derlg.get("/trips", headers={"Origin": origin})
            assert (answer.headers.get("access-control-allow-origin") == origin) is is_allowed
            if is_allowed:
                shown = answer.headers["access-control-expose-headers"]
                assert "Content-Disposition" in shown, "a frontend that fetches an invoice names the file"


async def test_limits_tell_when_to_come_back(start_system: StartSystem) -> None:
    async with start_system(RATE_LIMIT_CATALOG="2", RATE_LIMIT_PAYMENTS="1") as system:
        for client in (system.derlg, system.holyone):
            path = "/trips" if client is system.derlg else "/services"
            await client.get(f"{path}?page=1")
            await client.get(f"{path}?page=2")
            answer = await client.get(f"{path}?page=3")
            assert refusal(answer, 429) == "TOO_MANY_REQUESTS"
            wait = int(answer.headers["retry-after"])
            assert 1 <= wait <= 60
            assert answer.headers["ratelimit"] == f'"catalog";r=0;t={wait}'
            assert answer.headers["ratelimit-policy"] == '"catalog";q=2;w=60'
            # Another endpoint has a window of its own, and what is cached costs nobody anything.
            assert (await client.get(f"{path}/nowhere")).status_code == 404
            assert (await client.get(f"{path}?page=1")).status_code == 200


async def test_signed_in_callers_are_counted_one_by_one(start_system: StartSystem) -> None:
    async with start_system(RATE_LIMIT_PAYMENTS="1") as system:
        first, second = [await system.derlg.sign_in_as() for _ in range(2)]
        doors = [probe(system.derlg, router, auth=visitor.auth) for visitor in (first, second, system.derlg)]
        assert [(await door.get("/probe/limited")).status_code for door in doors] == [200, 200, 200]
        assert [(await door.get("/probe/limited")).status_code for door in doors] == [429, 429, 429]


async def test_a_fault_of_ours_says_nothing_of_its_inside(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    for client in (derlg, holyone):
        answer = await probe(client, router).get("/probe/broken")
        assert refusal(answer, 500) == "INTERNAL_ERROR"
        assert "recipe" not in answer.text
        assert answer.headers["x-request-id"]


async def test_a_commit_that_fails_is_no_success(start_system: StartSystem) -> None:
    async with start_system() as system:
        async with system.derlg.database.read() as connection:
            await connection.execute("CREATE TABLE parent (id int PRIMARY KEY)")
            # Checked at the commit, when the handler has long done its work.
            await connection.execute("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        door = probe(system.derlg, router)
        answer = await door.post("/probe/children", headers={"Idempotency-Key": "k"})
        assert refusal(answer, 500) == "INTERNAL_ERROR"
        assert await system.derlg.rows("SELECT * FROM child") == []
        async with system.derlg.database.read() as connection:
            await connection.execute("INSERT INTO parent VALUES (1)")
        assert (await door.post("/probe/children", headers={"Idempotency-Key": "k"})).status_code == 201


async def test_a_refusal_leaves_nothing_behind(derlg: StorefrontClient) -> None:
    assert refusal(await probe(derlg, router).post("/probe/half"), 404) == "NOT_FOUND"
    assert await derlg.rows("SELECT * FROM counters") == []


async def test_a_lost_connection_is_a_moments_trouble(derlg: StorefrontClient) -> None:
    door = probe(derlg, router)
    assert refusal(await door.post("/probe/cut"), 503) == "TEMPORARILY_UNAVAILABLE"
    assert read(await derlg.get("/trips")) == []


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/ready", 200), ("/metrics", 200), ("/nowhere", 404), ("/v1x/trips", 404)]
)
async def test_the_door(derlg: StorefrontClient, path: str, status: int) -> None:
    answer = await derlg.get(f"http://sojourn.test{path}")
    assert answer.status_code == status
    if path == "/metrics":
        await derlg.get("/trips/nowhere")
        assert 'route="/v1/trips/{trip_id}"' in (await derlg.get("http://sojourn.test/metrics")).text


async def test_unknown_routes_and_verbs(derlg: StorefrontClient, holyone: StorefrontClient) -> None:
    for client in (derlg, holyone):
        assert refusal(await client.get("/nowhere"), 404) == "ROUTE_NOT_FOUND"
    assert refusal(await derlg.put("/trips"), 405) == "METHOD_NOT_ALLOWED"
    # What a storefront has not switched on is not there.
    assert refusal(await derlg.get("/services"), 404) == "ROUTE_NOT_FOUND"


async def test_long_answers_are_compressed_for_who_can_read_it(derlg: StorefrontClient, clock: FrozenClock) -> None:
    agency = await derlg.sign_in_as(Role.ADMIN)
    read(await agency.post("/trips", json=trip(summary="long " * 400)), 201)
    for _fresh_then_cached in range(2):
        packed = await derlg.get("/trips", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        plain = await derlg.get("/trips", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert packed.json() == plain.json()
