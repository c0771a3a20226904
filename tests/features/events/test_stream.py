"""The event stream over a real server: connect, pay, hear of it; drop, pay, come back, hear exactly what was missed."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.databases import TemplateServer
from tests.support.selling import hold_and_pay, put_trip_on_sale
from tests.support.streaming import Told, listening
from tests.support.system import System, _client, _fresh_databases, _server_process, environment
from tests.support.waiting import eventually

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import SystemClock
from sojourn.runtime import assemble
from sojourn.settings import load_settings

CONFIRMED = ["payment.succeeded", "booking.confirmed"]


@pytest.fixture
async def traveler(live_server: System) -> StorefrontClient:
    return await live_server.derlg.sign_in_as()


@pytest.fixture
async def trip_id(live_server: System) -> UUID:
    return await put_trip_on_sale(live_server.derlg, seats=50)


def kinds(events: list[Told]) -> list[str | None]:
    return [event.kind for event in events]


async def test_connect_pay_and_hear(traveler: StorefrontClient, sandbox: str, trip_id: UUID) -> None:
    async with listening(traveler) as reader:
        ready = await reader.next()
        assert (ready.kind, ready.id, ready.data) == ("ready", "0", {})
        assert ready.retry is not None
        assert 2000 <= ready.retry < 5000
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        succeeded, confirmed = await reader.take(2)
        assert kinds([succeeded, confirmed]) == CONFIRMED
        assert succeeded.data == {
            "kind": "payment.succeeded", "created_at": succeeded.data["created_at"], "booking_id": booking["id"],
            "payment_id": booking["payment"]["id"], "reference": booking["booking_ref"], "status": "SUCCEEDED",
            "amount": "200.00", "currency": "USD",
        }  # fmt: skip
        assert int(succeeded.id or 0) < int(confirmed.id or 0)
        headers = reader.answer.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store, no-transform", "no")
    assert "content-encoding" not in headers  # httpx has asked for gzip
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("by", ["header", "query"])
async def test_drop_pay_come_back(traveler: StorefrontClient, sandbox: str, trip_id: UUID, by: str) -> None:
    async with listening(traveler) as reader:
        await reader.take(1)
        first = await hold_and_pay(traveler, sandbox, trip_id)
        [_ready] = await reader.take(1)
        last_id = reader.last_id  # it has seen the payment, and not the confirmation
    second = await hold_and_pay(traveler, sandbox, trip_id)
    sent: dict[str, Any] = {"headers": {"Last-Event-ID": last_id}} if by == "header" else {"last_event_id": last_id}
    async with listening(traveler, **sent) as reader:
        ready, *missed = await reader.take(4)
        assert (ready.kind, ready.id) == ("ready", last_id)
        assert kinds(missed) == ["booking.confirmed", *CONFIRMED]
        assert [event.data["booking_id"] for event in missed] == [first["id"], second["id"], second["id"]]
        third = await hold_and_pay(traveler, sandbox, trip_id)
        assert {event.data["booking_id"] for event in await reader.take(2)} == {third["id"]}


async def test_whoever_drops_before_anything_happened_misses_nothing(
    traveler: StorefrontClient, sandbox: str, trip_id: UUID
) -> None:
    async with listening(traveler) as reader:
        await reader.take(1)
        last_id = reader.last_id
    await hold_and_pay(traveler, sandbox, trip_id)
    async with listening(traveler, headers={"Last-Event-ID": last_id}) as reader:
        assert kinds(await reader.take(3)) == ["ready", *CONFIRMED]


async def test_the_header_goes_before_the_query(traveler: StorefrontClient, sandbox: str, trip_id: UUID) -> None:
    """A browser reconnects to the address it was given, with the id it has seen since."""
    await hold_and_pay(traveler, sandbox, trip_id)
    async with listening(traveler, last_event_id="0") as reader:
        assert kinds(await reader.take(3)) == ["ready", *CONFIRMED]
        last_id = reader.last_id
    async with listening(traveler, headers={"Last-Event-ID": last_id}, last_event_id="0") as reader:
        [ready] = await reader.take(1)
        assert (ready.kind, ready.id) == ("ready", last_id)


async def test_an_id_that_is_no_longer_known_resets(
    traveler: StorefrontClient, live_server: System, sandbox: str, trip_id: UUID
) -> None:
    other = await live_server.derlg.sign_in_as()
    await hold_and_pay(other, sandbox, trip_id)
    await hold_and_pay(traveler, sandbox, trip_id)
    [theirs] = await other.rows("SELECT max(id) AS id FROM user_events WHERE user_id = $1", other.user_id)
    [own] = await other.rows("SELECT max(id) AS id FROM user_events WHERE user_id = $1", traveler.user_id)
    for unknown in (str(theirs["id"]), "1", "9223372036854775807"):
        async with listening(traveler, headers={"Last-Event-ID": unknown}) as reader:
            [reset] = await reader.take(1)
            assert (reset.kind, reset.id) == ("reset", str(own["id"]))
            await hold_and_pay(traveler, sandbox, trip_id)
            await reader.take(2)
            own["id"] = int(reader.last_id)


@pytest.mark.parametrize("sent", ["-1", "twelve", "1.5", "9223372036854775808", "١٢"])
async def test_an_id_that_is_none_is_refused(traveler: StorefrontClient, sent: str) -> None:
    assert faulty_fields(await traveler.get("/events", params={"last_event_id": sent})) == ["last_event_id"]


async def test_strangers_are_refused(live_server: System) -> None:
    assert refusal(await live_server.derlg.get("/events"), 401) == "NOT_AUTHENTICATED"


async def test_nobody_hears_of_others(
    traveler: StorefrontClient, live_server: System, sandbox: str, trip_id: UUID
) -> None:
    other = await live_server.derlg.sign_in_as()
    async with listening(traveler) as reader:
        await reader.take(1)
        await hold_and_pay(other, sandbox, trip_id)
        own = await hold_and_pay(traveler, sandbox, trip_id)
        assert {event.data["booking_id"] for event in await reader.take(2)} == {own["id"]}


async def test_speaks_the_storefronts_dialect(live_server: System, sandbox: str) -> None:
    shop = Shop(await live_server.holyone.sign_in_as(Role.ADMIN), sandbox)
    await shop.sell(f"streamed-{time.monotonic_ns()}", "MAIN", fee="249.00")
    customer = await live_server.holyone.sign_in_as()
    async with listening(customer) as reader:
        await reader.take(1)
        order = await shop.paid(customer, next(iter(shop.services)))
        succeeded, confirmed = await reader.take(2)
    assert kinds([succeeded, confirmed]) == ["payment.succeeded", "order.confirmed"]
    assert succeeded.data["orderId"] == order["id"]
    assert succeeded.data["createdAt"].endswith("Z")


async def test_waiting_streams_hold_no_connection(live_server: System, sandbox: str, trip_id: UUID) -> None:
    """Twenty-four of them wait beside a pool of ten, and the desk answers."""
    travelers = [await live_server.derlg.sign_in_as() for _ in range(3)]
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(listening(t)) for t in travelers for _ in range(8)]
        await asyncio.gather(*(reader.take(1) for reader in readers))
        read(await travelers[0].get("/bookings/my"))
        [busy] = await live_server.derlg.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
            " AND pid <> pg_backend_pid()"
        )
        assert busy["count"] == 0
        assert refusal(await travelers[0].get("/events"), 429) == "TOO_MANY_STREAMS"
        await hold_and_pay(travelers[0], sandbox, trip_id)
        heard = await asyncio.gather(*(reader.take(2) for reader in readers[:8]))
        assert [kinds(events) for events in heard] == [CONFIRMED] * 8

    async def may_listen_again() -> bool:
        async with travelers[0].stream("GET", "/events") as answer:
            return answer.status_code == 200

    await eventually(may_listen_again)


async def test_ends_when_the_account_is_signed_out_everywhere(live_server: System) -> None:
    traveler = await live_server.derlg.register()
    async with listening(traveler) as reader:
        await reader.take(1)
        read(await traveler.post("/auth/logout-all"))
        assert await reader.has_ended()
    assert refusal(await traveler.get("/events"), 401) == "NOT_AUTHENTICATED"


async def test_a_server_that_stops_ends_its_streams_and_is_gone(postgres: TemplateServer, sandbox: str) -> None:
    async with _fresh_databases(postgres) as dsns, AsyncExitStack() as stack:
        told = environment(dsns, sandbox=sandbox, overrides={})
        server = await stack.enter_async_context(AsyncExitStack())
        origin = await server.enter_async_context(_server_process(told))
        settings = load_settings(told, known=tuple(dsns))
        runtime, _gate = await assemble(settings, "derlg", clock=SystemClock())
        stack.push_async_callback(runtime.aclose)
        client = await stack.enter_async_context(_client(runtime, origin))
        async with listening(await client.sign_in_as()) as reader:
            await reader.take(1)
            began = time.monotonic()
            await server.aclose()
            assert time.monotonic() - began < 12
            assert await reader.has_ended()
        with pytest.raises(httpx.ConnectError):
            await client.get("/events")
