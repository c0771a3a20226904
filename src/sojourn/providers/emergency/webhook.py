"""A signed webhook, as the Standard Webhooks specification has it: https://www.standardwebhooks.com."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import httpx

from sojourn.providers.emergency.port import AlarmUnavailable
from sojourn.providers.tls import trusted

SECONDS: Final = 5.0
PREFIX: Final = "whsec_"


def read_secret(text: str) -> bytes:
    """The key behind `whsec_` and base64; any other text is a key as it stands."""
    if text.startswith(PREFIX):
        try:
            return base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise ValueError("what follows whsec_ must be base64") from None
    return text.encode()


def sign(secret: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class WebhookAlarm:
    """An `Alarm`. Redirects are not followed: what is said here is for one address."""

    def __init__(self, *, url: str, secret: str, seconds: float = SECONDS) -> None:
        self._url = url
        self._secret = read_secret(secret)
        self._client = httpx.AsyncClient(verify=trusted(), timeout=seconds)

    async def sound(self, message_id: str, *, kind: str, data: Mapping[str, Any], at: datetime) -> None:
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False).encode()
        timestamp = int(at.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, message_id=message_id, timestamp=timestamp, body=body),
        }
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as fault:
            raise AlarmUnavailable(f"no answer: {type(fault).__name__}") from fault
        if not answer.is_success:
            raise AlarmUnavailable(f"the webhook answered {answer.status_code}")

    async def aclose(self) -> None:
        await self._client.aclose()
