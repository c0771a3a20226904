"""The connection under Stripe's SDK.

The SDK's own httpx client posts in a way httpx deprecates, with a warning built on every call.
"""

import asyncio
from collections.abc import Awaitable, Mapping

import httpx
import stripe

from sojourn.providers.tls import trusted


class StripeHttp(stripe.HTTPClient):
    """One kept-open pool; `timeout` in seconds, per attempt. The SDK decides about further attempts."""

    name = "httpx"

    def __init__(self, *, timeout: float) -> None:
        super().__init__()
        self._pool = httpx.AsyncClient(verify=trusted(), timeout=timeout)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | bytes | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._pool.request(method, url, headers=dict(headers), content=post_data)
        except httpx.HTTPError as error:
            reason = f"Stripe did not answer ({type(error).__name__})"
            lost = stripe.APIConnectionError(reason, should_retry=True)  # type: ignore[no-untyped-call]
            raise lost from error
        return answer.content, answer.status_code, answer.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._pool.aclose()
