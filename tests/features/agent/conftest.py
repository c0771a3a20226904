"""An agent, a customer it acts for, and something to sell."""

from uuid import UUID

import httpx
import pytest
from tests.features.stock.conftest import Shop, open_shop
from tests.support.client import StorefrontClient
from tests.support.selling import put_trip_on_sale
from tests.support.system import SERVICE_KEY, System


def agent_of(client: StorefrontClient, user_id: UUID | None, *, key: str = SERVICE_KEY) -> StorefrontClient:
    """An agent with a key, for a customer."""
    agent = client.visitor()
    agent.headers["X-Service-Key"] = key
    if user_id is not None:
        agent.headers["X-Acting-User"] = str(user_id)
    return agent


async def use(agent: httpx.AsyncClient, tool: str, **asked: object) -> httpx.Response:
    """Call a tool over HTTP."""
    return await agent.post(f"/ai-tools/{tool.replace('_', '-')}", json=asked)


@pytest.fixture
async def customer(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as()


@pytest.fixture
def agent(derlg: StorefrontClient, customer: StorefrontClient) -> StorefrontClient:
    """The agent of DerLg, acting for `customer`."""
    return agent_of(derlg, customer.user_id)


@pytest.fixture
async def trip_id(derlg: StorefrontClient) -> UUID:
    """Three days in Siem Reap at 100.00 a person, 4 places a day."""
    return await put_trip_on_sale(derlg, seats=4)


@pytest.fixture
async def shop(derlg: StorefrontClient) -> Shop:
    return await open_shop(derlg)


@pytest.fixture
async def trip_on_live_server(live_server: System) -> UUID:
    return await put_trip_on_sale(live_server.derlg, seats=4)
