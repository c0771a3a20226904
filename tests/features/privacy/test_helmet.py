"""The headers that Helmet 8 sets by default, by name, on every kind of answer."""

import pytest
from tests.support.client import StorefrontClient

# https://helmetjs.github.io, version 8: what a browser is told; `X-Powered-By` is taken away.
HELMET = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",  # stricter: no page, no script
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-site",  # the storefront's own pages show thumbnails
    "origin-agent-cluster": "?1",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "x-download-options": "noopen",
    "x-frame-options": "DENY",  # stricter than SAMEORIGIN
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}


@pytest.mark.parametrize("path", ["/services", "/users/me", "/nowhere", "/services?perPage=x"])
async def test_every_answer_carries_them(holyone: StorefrontClient, path: str) -> None:
    for _ in range(2):  # the second time it may come out of the cache
        headers = (await holyone.get(path)).headers
        assert {name: headers.get(name) for name in HELMET} == HELMET
        assert "x-powered-by" not in headers


async def test_so_does_what_no_route_has_seen(holyone: StorefrontClient) -> None:
    answers = [
        await holyone.post("/auth/login", content=b"{" * 2_000_000, headers={"Content-Type": "application/json"}),
        await holyone.request("TRACE", "/services"),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        assert {name: answer.headers.get(name) for name in HELMET} == HELMET


async def test_each_storefront_answers_its_own_pages_alone(holyone: StorefrontClient, derlg: StorefrontClient) -> None:
    for client, other in ((holyone, derlg), (derlg, holyone)):
        own = await client.get("/auth/me", headers={"Origin": client.storefront.frontend_url})
        assert own.headers["access-control-allow-origin"] == client.storefront.frontend_url
        for stranger in (other.storefront.frontend_url, "https://evil.example", "null"):
            answer = await client.get("/auth/me", headers={"Origin": stranger})
            assert "access-control-allow-origin" not in answer.headers
            asked = {"Origin": stranger, "Access-Control-Request-Method": "POST"}
            assert "access-control-allow-origin" not in (await client.options("/orders", headers=asked)).headers
