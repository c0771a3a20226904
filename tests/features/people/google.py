"""A browser on its way to the pretended Google and back."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
from tests.support.client import StorefrontClient, read

EMAIL = "dara@gmail.example"


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def altered(address: str, **changes: str) -> str:
    """The address with other values in its query."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode(query_of(address) | changes)))


async def visit(client: StorefrontClient, **params: str) -> str:
    """Where the storefront sends the browser to."""
    answer = await client.get("/auth/google", params=params)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def choose(address: str, *, email: str = EMAIL, **form: str) -> str:
    """Fill in the pretended Google's page; where it sends the browser to."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(address)
        assert page.status_code == 200, page.text
        assert 'name="email"' in page.text
        answer = await browser.post(address, data={"email": email, "email_verified": "yes", **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def come_back(client: StorefrontClient, address: str) -> httpx.Response:
    """Follow Google's answer to the storefront."""
    assert urlsplit(address).path == f"{client.storefront.prefix}/auth/google/callback"
    answer = await client.get("/auth/google/callback", params=query_of(address))
    assert answer.status_code == 303, answer.text
    return answer


async def sign_in(client: StorefrontClient, *, email: str = EMAIL, **form: str) -> httpx.Response:
    """All of it, in one browser."""
    return await come_back(client, await choose(await visit(client), email=email, **form))


def error_in(answer: httpx.Response) -> str | None:
    """The code with which the frontend is told that it did not work."""
    return query_of(answer.headers["location"]).get("sign_in_error")


async def whoami(client: StorefrontClient) -> dict[str, Any]:
    """Who the refresh cookie says one is, as the frontend asks it."""
    answer = await client.post("/auth/refresh")
    assert answer.status_code == 200, answer.text
    user: dict[str, Any] = read(answer)["user"]
    return user
