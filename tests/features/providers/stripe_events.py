"""Stripe's webhooks as a test writes and signs them, with none of our code."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

SECRET = "whsec_current"
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def sign(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    signed_at = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={digest}"


def intent(**changes: object) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "client_secret": "pi_1_secret_2",
        "status": "succeeded",
        "amount": 12345,
        "amount_received": 12345,
        "currency": "usd",
        "metadata": {"purchase_id": "b-1"},
        "livemode": False,
        "created": 1763690000,
        "latest_charge": "ch_1",
        "payment_method_types": ["card"],
        "last_payment_error": None,
        "next_action": None,
    } | changes


def refund(**changes: object) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "status": "succeeded",
        "amount": 500,
        "currency": "usd",
        "metadata": {},
        "created": 1763690001,
    } | changes


def dispute(**changes: object) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "status": "needs_response",
        "amount": 12345,
        "currency": "usd",
        "reason": "fraudulent",
        "created": 1763690002,
    } | changes


def event(name: str, thing: object, **changes: object) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": name,
        "created": 1763690003,
        "livemode": False,
        "data": {"object": thing},
    } | changes


def encode(value: object) -> bytes:
    return json.dumps(value).encode()
