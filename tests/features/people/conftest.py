"""What the sign-in desk leaves for the worker, seen from a test."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.support.client import StorefrontClient

from sojourn.people.auth.jobs import handle_request_link
from sojourn.people.auth.recovery import REQUEST_LINK
from sojourn.providers.work import Work
from sojourn.settings import StorefrontSettings
from sojourn.vendors import choose_vendors

_QUEUED = "SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id"

Queued = Callable[[StorefrontClient, str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def queued() -> Queued:
    """The payloads of the jobs of a kind that wait: `await queued(derlg, VERIFY_EMAIL)`."""

    async def read(client: StorefrontClient, kind: str) -> list[dict[str, Any]]:
        return [json.loads(row["payload"]) for row in await client.rows(_QUEUED, kind)]

    return read


@pytest.fixture
async def work_for(sandbox: str) -> AsyncIterator[Callable[[StorefrontClient], Work]]:
    """What the worker's handlers are given."""
    settings = StorefrontSettings.model_validate(
        {
            "database_url": "unused", "stripe_secret_key": "sk_test_people", "stripe_webhook_secret": "whsec_people",
            "stripe_api_base": sandbox, "resend_api_key": "re_people", "resend_api_base": sandbox,
        }
    )  # fmt: skip
    vendors = choose_vendors(settings)
    yield lambda client: Work(runtime=client.runtime, vendors=vendors)
    await vendors.aclose()


@pytest.fixture
def send_links(
    queued: Queued, work_for: Callable[[StorefrontClient], Work]
) -> Callable[[StorefrontClient], Awaitable[None]]:
    """Does what the worker would: makes the links that were asked for, and empties that queue."""

    async def send(client: StorefrontClient) -> None:
        for payload in await queued(client, REQUEST_LINK):
            await handle_request_link(work_for(client), payload)
        await client.rows("DELETE FROM pgqueuer WHERE entrypoint = $1", REQUEST_LINK)

    return send
