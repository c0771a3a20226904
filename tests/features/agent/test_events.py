"""The customer's events, told to the agent."""

from uuid import UUID

import httpx
from tests.features.agent.conftest import agent_of
from tests.support.client import StorefrontClient, refusal
from tests.support.selling import hold
from tests.support.system import System


async def test_it_needs_key_and_customer(derlg: StorefrontClient, customer: StorefrontClient) -> None:
    assert refusal(await customer.get("/ai-tools/events"), 401) == "SERVICE_KEY_INVALID"
    assert refusal(await agent_of(derlg, None).get("/ai-tools/events"), 400) == "ACTING_USER_REQUIRED"


async def test_it_resumes_from_the_beginning(live_server: System, trip_on_live_server: UUID) -> None:
    derlg = live_server.derlg
    customer = await derlg.sign_in_as(email="told@example.com")
    booking = await hold(customer, trip_on_live_server, people=1)
    (await customer.delete(f"/bookings/{booking['id']}")).raise_for_status()
    told = await _read_until(agent_of(derlg, customer.user_id), booking["booking_ref"])
    assert "event: ready" in told
    other = await derlg.sign_in_as(email="not-told@example.com")
    async with agent_of(derlg, other.user_id).stream("GET", "/ai-tools/events?last_event_id=0") as answer:
        first = await anext(answer.aiter_text())
    assert booking["booking_ref"] not in first


async def _read_until(agent: httpx.AsyncClient, wanted: str) -> str:
    told = ""
    async with agent.stream("GET", "/ai-tools/events?last_event_id=0") as answer:
        assert answer.status_code == 200
        async for text in answer.aiter_text():
            told += text
            if wanted in told:
                break
    return told
