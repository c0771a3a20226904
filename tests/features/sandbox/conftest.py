"""A sandbox in a process of its own, an account for each test, and a shop that receives webhooks."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
import stripe
from stripe import PaymentIntent
from stripe.params import PaymentIntentCreateParams

from sojourn.sandbox.process import run_sandbox

PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    with run_sandbox(settle_seconds=0.05, first_retry_seconds=0.05) as base_url:
        yield base_url


@pytest.fixture
def key() -> str:
    return f"sk_test_{secrets.token_hex(8)}"


@dataclass
class Shop:
    """One account's view of the sandbox: the official SDK, and plain HTTP for everything else."""

    key: str
    stripe: stripe.StripeClient
    http: httpx.AsyncClient

    async def paid(self, method: str = "pm_card_visa", amount: int = 5000, **more: object) -> PaymentIntent:
        params = {"amount": amount, "currency": "usd", "payment_method": method, "confirm": True, **more}
        return await self.stripe.v1.payment_intents.create_async(cast("PaymentIntentCreateParams", params))

    async def faults(self, **switches: dict[str, Any]) -> None:
        answer = await self.http.put("/_sandbox/faults", params={"account": self.key}, json=switches)
        assert answer.status_code == 200, answer.text

    async def event_types(self) -> list[str]:
        events = await self.stripe.v1.events.list_async({"limit": 100})
        return [event.type for event in reversed(events.data)]


@dataclass
class Received:
    body: bytes
    signature: str
    event: stripe.Event


@dataclass
class Receiver:
    """The shop's webhook address: checks every signature and answers with the statuses it is told."""

    url: str = ""
    secret: str = ""
    statuses: list[int] = field(default_factory=list)
    arrived: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)

    async def next(self) -> Received:
        return await asyncio.wait_for(self.arrived.get(), PATIENCE_SECONDS)

    async def take(self, count: int) -> list[str]:
        return [(await self.next()).event.type for _ in range(count)]

    async def until(self, event_type: str) -> stripe.Event:
        while (received := await self.next()).event.type != event_type:
            pass
        return received.event

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                body = await reader.readexactly(int(headers["content-length"]))
                given = headers["stripe-signature"]
                event = stripe.Webhook.construct_event(body, given, self.secret)
                self.arrived.put_nowait(Received(body, given, event))
                status = self.statuses.pop(0) if self.statuses else 200
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def shop(sandbox: str, key: str) -> AsyncIterator[Shop]:
    async with open_shop(sandbox, key) as opened:
        yield opened


@contextlib.asynccontextmanager
async def open_shop(base_url: str, key: str) -> AsyncIterator[Shop]:
    transport = stripe.HTTPXClient()
    client = stripe.StripeClient(key, base_addresses={"api": base_url}, http_client=transport)
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        yield Shop(key, client, http)
    await transport.close_async()  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Receiver]:
    receiving = Receiver()
    server = await asyncio.start_server(receiving.serve, "127.0.0.1", port)
    receiving.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield receiving
    finally:
        server.close()


@pytest.fixture
async def receiver(shop: Shop) -> AsyncIterator[Receiver]:
    """Listens from the start to every event of the test's account."""
    async with listening() as receiving:
        endpoint = await shop.stripe.v1.webhook_endpoints.create_async({"url": receiving.url, "enabled_events": ["*"]})
        receiving.secret = endpoint.secret or ""
        yield receiving
        await shop.stripe.v1.webhook_endpoints.delete_async(endpoint.id)
