"""Trips to sell, and the provider's side of a payment."""

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import stripe
from tests.support.client import StorefrontClient, read
from tests.support.system import account_key, webhook_secret

from sojourn.catalog.policies import PolicyName, preset
from sojourn.platform.kit.ids import new_id

TRAVEL_DATE = date(2027, 1, 20)
MORE = {"pickup_location": "Lobby of the Riverside Hotel"}

_INSERT_TRIP = """
WITH trip AS (
    INSERT INTO trips (id, slug, title, title_kh, title_zh, summary, destination, province, duration_days,
                       price_per_person_usd, non_refundable_fee_usd, environment, options, min_people, max_people,
                       cancellation_policy, created_at, updated_at)
    VALUES ($1, $2, 'Angkor at dawn', 'អង្គរ', '吴哥窟', 'Temples', 'Siem Reap', 'Siem Reap', $3, $4, $5, 'TEMPLE', $6,
            1, $7, $8, now(), now())
    RETURNING id, title
)
INSERT INTO resources (id, kind, owner_id, name, capacity, created_at)
SELECT $9, 'DEPARTURE', id, title, $10, now() FROM trip
"""


async def put_trip_on_sale(
    client: StorefrontClient,
    *,
    seats: int = 12,
    price: str = "100.00",
    permits: str = "0.00",
    days: int = 3,
    policy: str = "MODERATE",
    options: list[dict[str, Any]] | None = None,
) -> UUID:
    """A trip with `seats` places a day."""
    trip_id = new_id()
    async with client.database.read() as connection:
        await connection.execute(
            _INSERT_TRIP, trip_id, f"trip-{trip_id}", days, Decimal(price), Decimal(permits), options or [],
            max(seats, 1), preset(PolicyName(policy)).model_dump(mode="json"), new_id(), seats,
        )  # fmt: skip
    return trip_id


async def hold(client: StorefrontClient, trip_id: UUID, *, people: int = 2, **more: object) -> Any:
    """A held booking of `people` on `TRAVEL_DATE`."""
    body = {"trip_id": str(trip_id), "travel_date": TRAVEL_DATE.isoformat(), "people_count": people, **MORE, **more}
    return read(await client.post("/bookings", json=body), 201)


async def open_intent(client: StorefrontClient, **purchase: object) -> Any:
    return read(await client.post("/payments/create-intent", json=purchase), 201)


async def pay(sandbox: str, intent_id: str, *, card: str = "pm_card_visa", storefront: str = "derlg") -> httpx.Response:
    """What the traveller's browser does with Stripe's own script."""
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as browser:
        return await browser.post(
            f"/v1/payment_intents/{intent_id}/confirm",
            data={"payment_method": card},
            headers={"Authorization": f"Bearer {account_key(storefront)}"},
        )


async def events_of(sandbox: str, intent_id: str, *, storefront: str = "derlg") -> list[dict[str, Any]]:
    """What the provider would tell us about one intent, oldest first."""
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as browser:
        answer = await browser.get(
            "/v1/events", params={"limit": 100}, headers={"Authorization": f"Bearer {account_key(storefront)}"}
        )
    events: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
    named = [event for event in events if intent_id in json.dumps(event["data"])]
    return list(reversed(named))


async def tell(client: StorefrontClient, event: dict[str, Any], *, secret: str | None = None) -> httpx.Response:
    """Deliver one event as the provider does: signed over the raw bytes, at the storefront's present."""
    payload = json.dumps(event)
    at = int(client.runtime.clock.now().timestamp())
    signature = stripe.WebhookSignature.generate_signature_header(
        payload, secret or webhook_secret(client.storefront.key), at
    )
    return await client.visitor().post(
        "/payments/webhook",
        content=payload,
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
    )


async def tell_all(client: StorefrontClient, sandbox: str, intent_id: str) -> list[str]:
    """Deliver everything about one intent in order; what each delivery was answered."""
    events = await events_of(sandbox, intent_id, storefront=client.storefront.key)
    return [read(await tell(client, event))["status"] for event in events]


async def hold_and_pay(client: StorefrontClient, sandbox: str, trip_id: UUID, **more: Any) -> Any:
    """A confirmed booking."""
    booking = await hold(client, trip_id, **more)
    intent = await open_intent(client, booking_id=booking["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(client, sandbox, intent["payment_intent_id"])
    return read(await client.get(f"/bookings/{booking['id']}"))
