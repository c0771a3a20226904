"""A feature made for a test, served by the real application of a storefront."""

import httpx
from tests.support.client import StorefrontClient

from sojourn.people.auth.access import Gate
from sojourn.platform.http.application import storefront_application
from sojourn.platform.http.describing import document
from sojourn.platform.http.routing import Router


def probe(client: StorefrontClient, router: Router, *, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
    """A visitor of `client`'s storefront when its only feature is `router`. Faults are answered, not raised."""
    runtime = client.runtime
    gate = Gate(secret=runtime.access_secret, clock=runtime.clock)

    async def documented() -> bytes:
        return document(runtime.storefront, [router], examples={})

    app = storefront_application(runtime, [router], documented=documented, gate=gate, supabase=None)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://sojourn.test{runtime.storefront.prefix}", auth=auth)
