"""Hostile requests at a real server: a clear refusal with a code, in the storefront's dialect, and nothing half done.

Every route of both documents is attacked, found by its OpenAPI document: a new route is attacked from its first day.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.hostile import BODIES, HEADERS, PATH_GARBAGE, QUERY_GARBAGE, QUERY_VALUES, VALUES
from tests.support.selling import put_trip_on_sale
from tests.support.system import SERVICE_KEY, System

from sojourn.catalog.loading import load_catalogue
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import SystemClock

PATIENCE = 8.0
STOREFRONTS = ("derlg", "holyone")
# They end the attacker's own session, or open mailed links; each has its own tests.
UNSAFE_TO_REPEAT = frozenset({"sign_out_everywhere", "delete_user", "change_password"})


@dataclass(frozen=True)
class Operation:
    """One route as its document tells it."""

    method: str
    path: str
    id: str
    queries: tuple[str, ...]
    fields: tuple[str, ...]
    example: Mapping[str, Any]
    statuses: frozenset[int]

    def at(self, value: str) -> str:
        """The path below the prefix, with `value` for each of its parameters."""
        parts = [value if part.startswith("{") else part for part in self.path.split("/")]
        return "/".join(parts)


def _resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            return _resolve(document, choice)
    return schema


def operations(document: Mapping[str, Any], prefix: str) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = _resolve(document, content.get("schema", {}))
            yield Operation(
                method=method.upper(),
                path=path.removeprefix(prefix),
                id=told["operationId"],
                queries=tuple(p["name"] for p in told.get("parameters", ()) if p["in"] == "query"),
                fields=tuple(body.get("properties", ())),
                example=content.get("example", {}),
                statuses=frozenset(int(status) for status in told["responses"]),
            )


@dataclass(frozen=True)
class Target:
    """One storefront under attack: its routes, and who attacks."""

    key: str
    client: StorefrontClient
    customer: StorefrontClient
    admin: StorefrontClient
    agent: StorefrontClient
    operations: tuple[Operation, ...]


@pytest.fixture(scope="module")
async def targets(live_server: System) -> dict[str, Target]:
    found = {}
    for key, client in live_server.clients.items():
        await load_catalogue(client.database, client.storefront, now=SystemClock().now())
        document = (await client.get(f"{live_server.origin}{client.storefront.docs_path}/openapi.json")).json()
        customer, agent = await client.sign_in_as(), client.visitor()
        agent.headers.update({"X-Service-Key": SERVICE_KEY, "X-Acting-User": str(customer.user_id)})
        found[key] = Target(
            key,
            client,
            customer,
            await client.sign_in_as(Role.ADMIN),
            agent,
            tuple(operations(document, client.storefront.prefix)),
        )
    return found


@pytest.fixture(params=STOREFRONTS)
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    return targets[request.param]


class Faults(list[str]):
    """What was answered wrongly; told together, because one fault seldom comes alone."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def send(
        self, who: StorefrontClient, method: str, path: str, *, declared: frozenset[int] | None = None, **request: Any
    ) -> int:
        """Send one hostile request and judge its answer. Returns the status."""
        began = time.monotonic()
        try:
            answer = await _answer(who, method, path, **request)
        except httpx.TransportError as fault:
            self.append(f"no answer ({fault!r}): {method} {path[:120]} {str(request)[:160]}")
            return 0
        seconds = time.monotonic() - began
        where = f"{method} {path[:120]} {str(request)[:160]} -> {answer.status_code} {answer.text[:200]}"
        if seconds > PATIENCE:
            self.append(f"took {seconds:.1f} s: {where}")
        if answer.status_code >= 500:
            self.append(f"a fault of ours: {where}")
        elif answer.status_code >= 400:
            self.extend(f"{complaint}: {where}" for complaint in _complaints(self._target.key, answer))
        if declared is not None and answer.status_code not in declared:
            self.append(f"not declared: {where}")
        return answer.status_code


async def _answer(who: StorefrontClient, method: str, path: str, **request: Any) -> httpx.Response:
    """The whole answer; of a stream of events, which would go on for ever, only that it began."""
    async with who.stream(method, path, **request) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return httpx.Response(answer.status_code, headers=answer.headers)
        await answer.aread()
    return answer


def _complaints(key: str, answer: Any) -> Iterator[str]:
    try:
        body = answer.json()
    except ValueError:
        yield "no JSON"
        return
    kind = answer.headers["content-type"].partition(";")[0]
    if key == "derlg":
        if kind != "application/json" or body.get("success") is not False or body.get("data", 0) is not None:
            yield "not in the envelope"
        if not body.get("error", {}).get("code") or not body.get("message"):
            yield "no code"
        fields = body.get("error", {}).get("details", {}).get("fields")
        if body.get("error", {}).get("code") == "VALIDATION_FAILED" and not fields:
            yield "no field"
    else:
        if kind != "application/problem+json" or body.get("status") != answer.status_code:
            yield "no problem document"
        if not body.get("code") or not body.get("title") or not body.get("detail"):
            yield "no code"
        if body.get("code") == "VALIDATION_FAILED" and not body.get("errors"):
            yield "no field"


async def _together(*sendings: Any) -> None:
    gate = asyncio.Semaphore(8)

    async def one(sending: Any) -> None:
        async with gate:
            await sending

    await asyncio.gather(*(one(sending) for sending in sendings))


def _attackable(target: Target) -> list[Operation]:
    return [operation for operation in target.operations if operation.id not in UNSAFE_TO_REPEAT]


async def test_garbage_in_paths(target: Target) -> None:
    faults = Faults(target)
    routes = [operation for operation in _attackable(target) if "{" in operation.path]
    assert routes
    await _together(
        *(
            faults.send(target.admin, route.method, route.at(value), json={} if route.fields else None)
            for route in routes
            for value in PATH_GARBAGE
        )
    )
    assert not faults, "\n".join(faults)


async def test_garbage_in_queries(target: Target) -> None:
    faults = Faults(target)
    somebody = str(uuid4())
    gets = [operation for operation in _attackable(target) if operation.method == "GET"]
    queries = [(route, query) for route in gets for query in QUERY_GARBAGE]
    queries += [(route, f"{name}={value}") for route in gets for name in route.queries for value in QUERY_VALUES]
    await _together(
        *(
            faults.send(target.admin, route.method, f"{route.at(somebody)}?{query}", declared=route.statuses)
            for route, query in queries
        )
    )
    assert not faults, "\n".join(faults)


async def test_broken_bodies(target: Target) -> None:
    faults = Faults(target)
    somebody = str(uuid4())
    writes = [operation for operation in _attackable(target) if operation.method in ("POST", "PATCH", "PUT")]
    headers = {"Content-Type": "application/json"}
    await _together(
        *(
            faults.send(
                target.admin, route.method, route.at(somebody), content=body, headers=headers, declared=route.statuses
            )
            for route in writes
            for body in BODIES
        )
    )
    assert not faults, "\n".join(faults)


async def test_every_field_takes_hostile_values_badly(target: Target) -> None:
    faults = Faults(target)
    bodies = {operation.id: await _sound_body(target, operation) for operation in target.operations}
    headers = {"Content-Type": "application/json"}
    writes = [operation for operation in _attackable(target) if operation.fields]
    path_value = str(uuid4())

    def sendings() -> Iterator[Any]:
        for route in writes:
            who = _attacker(target, route)
            for name in route.fields:
                for value in VALUES:
                    sound = {key: json.dumps(kept) for key, kept in bodies[route.id].items()} | {name: value}
                    body = "{" + ",".join(f"{json.dumps(key)}:{kept}" for key, kept in sound.items()) + "}"
                    yield faults.send(
                        who, route.method, route.at(path_value), content=body.encode("utf-8", "surrogatepass"),
                        headers=headers,
                        declared=route.statuses,
                    )  # fmt: skip

    await _together(*sendings())
    assert not faults, "\n".join(faults[:40])


def _attacker(target: Target, route: Operation) -> StorefrontClient:
    """Whoever gets past the route's door."""
    if route.path.startswith("/ai-tools"):
        return target.agent
    return (
        target.admin
        if "admin" in route.path or route.id.startswith(("create", "change", "refund"))
        else target.customer
    )


async def _sound_body(target: Target, operation: Operation) -> Mapping[str, Any]:
    """What this route would accept, so that the one hostile field is what is refused."""
    operation_id = operation.id
    email = f"{uuid4().hex}@example.com"
    name, line = ("name", "line_one") if target.key == "derlg" else ("fullName", "lineOne")
    sound: dict[str, dict[str, Any]] = {
        "register": {name: "Sok Dara", "email": email, "password": "a long and unusual pass phrase"},
        "sign_in": {"email": email, "password": "a long and unusual pass phrase"},
        "restore_account": {"email": email, "password": "a long and unusual pass phrase"},
        "add_address": {"recipient": "Dara", line: "1 Road", "city": "Phnom Penh", "country": "KH"},
        "invite_staff": {"email": email, name: "Staff", "role": "CONSULTANT"},
        "resend_verification": {"email": email},
        "forgot_password": {"email": email},
        "reset_password": {"token": "t" * 40, "password": "a long and unusual pass phrase"},
        "accept_invitation": {"token": "t" * 40, "password": "a long and unusual pass phrase"},
        "calculate_redemption": {"subtotal": "100.00"},
        "refund_payment": {"reason": "asked for"},
        "add_order_note": {"note": "n"},
    }
    if operation_id in ("quote_booking", "hold_booking"):
        trip_id = await put_trip_on_sale(target.client, seats=500)
        place = {} if operation_id == "quote_booking" else {"pickup_location": "Hotel"}
        return {"trip_id": str(trip_id), "travel_date": "2027-01-20", "people_count": 1, **place}
    if operation_id == "create_trip":
        return {
            "slug": f"s-{uuid4().hex}", "title": "T", "destination": "D", "province": "Kampot", "duration_days": 1,
            "price_per_person_usd": "1.00", "environment": "CITY",
        }  # fmt: skip
    if operation_id == "create_service":
        return {"slug": f"s-{uuid4().hex}", "type": "MICRO", "title": "T", "description": "D", "price": "1.00"}
    if operation_id == "create_order":
        services = read(await target.customer.get("/services/micro"))
        return {"serviceId": services["items"][0]["id"]}
    return operation.example if operation.path.startswith("/ai-tools") else sound.get(operation_id, {})


async def test_hostile_headers(target: Target) -> None:
    faults = Faults(target)
    paths = ["/auth/me", "/trips" if target.key == "derlg" else "/services", "/no/such/route"]
    await _together(
        *(
            faults.send(target.customer, method, path, headers={k.encode(): v for k, v in headers.items()})
            for path in paths
            for method in ("GET", "POST")
            for headers in HEADERS
        )
    )
    assert not faults, "\n".join(faults)
