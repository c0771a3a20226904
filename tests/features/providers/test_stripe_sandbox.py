"""The whole life of a payment through the real SDK, against the sandbox's Stripe and its webhooks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from sojourn.providers.payments.port import (
    EventKind,
    IntentMethod,
    IntentStatus,
    PaymentProvider,
    ProviderEvent,
    ProviderIntent,
    ProviderObjectMissing,
    ProviderRefund,
    ProviderRefused,
    ProviderUnavailable,
    RefundStatus,
)
from sojourn.providers.payments.stripe import StripePayments
from sojourn.sandbox.process import free_port, run_sandbox

KEY, SECRET = "sk_test_providers", "whsec_providers"


class WebhookEar:
    """Takes webhooks on the loopback, verifies and reads each with the provider."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider
        self._events: list[ProviderEvent] = []
        self._came = asyncio.Condition()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        now = datetime.now(UTC)
        event = self._provider.parse_event(payload=body, signature=headers["stripe-signature"], now=now)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        async with self._came:
            self._events.append(event)
            self._came.notify_all()

    async def hear(self, kind: EventKind, intent_id: str, *, name: str = "") -> ProviderEvent:
        def found() -> list[ProviderEvent]:
            matching = [event for event in self._events if event.kind is kind and event.intent_id == intent_id]
            return [event for event in matching if name in event.name]

        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: bool(found()))
            return found()[0]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stripe_url(port: int) -> Iterator[str]:
    with run_sandbox(webhooks=[f"{KEY}=http://127.0.0.1:{port}/webhook={SECRET}"]) as base_url:
        yield base_url


@pytest.fixture
async def payments(stripe_url: str) -> AsyncIterator[StripePayments]:
    provider = StripePayments(secret_key=KEY, webhook_secrets=[SECRET], is_live=False, base_url=stripe_url)
    yield provider
    await provider.aclose()


@pytest.fixture
async def ear(payments: StripePayments, port: int) -> AsyncIterator[WebhookEar]:
    listening = WebhookEar(payments)
    server = await asyncio.start_server(listening.take, "127.0.0.1", port)
    yield listening
    server.close()
    await server.wait_closed()


@pytest.fixture
async def browser(stripe_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stripe_url, trust_env=False) as client:
        yield client
        (await client.delete("/_sandbox/faults")).raise_for_status()


async def new_intent(payments: StripePayments, *, key: str | None = None, amount_minor: int = 12345) -> ProviderIntent:
    return await payments.create_intent(
        amount_minor=amount_minor,
        currency="USD",
        method=IntentMethod.CARD,
        idempotency_key=key or uuid4().hex,
        metadata={"purchase_id": "b-1"},
        description="DL-ABCDEFGH",
        receipt_email="sokha@example.com",
    )


async def pay(browser: httpx.AsyncClient, intent: ProviderIntent, method: str = "pm_card_visa") -> None:
    await browser.post(f"/_sandbox/payment_intents/{intent.id}/pay", json={"payment_method": method})


async def refund(payments: StripePayments, intent: ProviderIntent, amount_minor: int) -> ProviderRefund:
    return await payments.create_refund(
        intent_id=intent.id,
        amount_minor=amount_minor,
        idempotency_key=uuid4().hex,
        reason="requested_by_customer",
        metadata={"refund_id": "r-1"},
    )


async def test_created_paid_and_read_again(
    payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar
) -> None:
    made = await new_intent(payments)
    assert made.status is IntentStatus.REQUIRES_PAYMENT_METHOD
    assert (made.amount_minor, made.amount_received_minor, made.currency) == (12345, 0, "USD")
    assert made.client_secret is not None
    assert made.client_secret.startswith(made.id)
    assert (made.is_live, made.charge_id, made.metadata) == (False, None, {"purchase_id": "b-1"})
    await pay(browser, made)

    event = await ear.hear(EventKind.INTENT_SUCCEEDED, made.id)
    assert event.intent is not None
    assert (event.intent.status, event.intent.amount_received_minor) == (IntentStatus.SUCCEEDED, 12345)
    assert event.name == "payment_intent.succeeded"
    assert abs(event.created_at - datetime.now(UTC)) < timedelta(minutes=1)

    paid = await payments.get_intent(intent_id=made.id)
    assert (paid.status, paid.charge_id, paid.method) == (IntentStatus.SUCCEEDED, event.intent.charge_id, "card")
    assert paid.charged_at is not None
    assert paid.charged_at >= paid.created_at
    assert (paid.card_brand, paid.card_last4) == ("visa", "4242")
    assert paid.card_fingerprint


async def test_a_declined_card_tells_the_banks_reason(
    payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar
) -> None:
    made = await new_intent(payments)
    await pay(browser, made, "pm_card_chargeDeclinedInsufficientFunds")
    event = await ear.hear(EventKind.INTENT_FAILED, made.id)
    assert event.intent is not None
    assert event.intent.failure_code == "insufficient_funds"
    assert event.intent.failure_message
    declined = await payments.get_intent(intent_id=made.id)
    assert (declined.status, declined.amount_received_minor) == (IntentStatus.REQUIRES_PAYMENT_METHOD, 0)


async def test_a_bank_that_asks_first_gives_a_link(
    payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar
) -> None:
    made = await new_intent(payments)
    await pay(browser, made, "pm_card_threeDSecure2Required")
    event = await ear.hear(EventKind.INTENT_REQUIRES_ACTION, made.id)
    assert event.intent is not None
    assert event.intent.action_url is not None
    assert event.intent.action_url.startswith("http")


async def test_the_same_key_makes_one_intent_even_when_the_answer_is_lost(
    payments: StripePayments, browser: httpx.AsyncClient
) -> None:
    faults = {"api": {"drop_response_next": 1}}
    (await browser.put(f"/_sandbox/faults?account={KEY}", json=faults)).raise_for_status()
    first = await new_intent(payments, key="lost-answer")
    again = await new_intent(payments, key="lost-answer")
    assert first.id == again.id
    with pytest.raises(ProviderRefused) as refusal:
        await new_intent(payments, key="lost-answer", amount_minor=1)
    assert refusal.value.code == "idempotency_error"


async def test_stripe_down_is_unavailable_and_the_key_survives(
    payments: StripePayments, browser: httpx.AsyncClient
) -> None:
    faults = {"api": {"fail_next": 3, "status": 503}}
    (await browser.put(f"/_sandbox/faults?account={KEY}", json=faults)).raise_for_status()
    with pytest.raises(ProviderUnavailable):
        await new_intent(payments, key="after-the-storm")
    assert (await new_intent(payments, key="after-the-storm")).status is IntentStatus.REQUIRES_PAYMENT_METHOD


async def test_canceling_an_open_intent_and_again(payments: StripePayments, ear: WebhookEar) -> None:
    made = await new_intent(payments)
    assert (await payments.cancel_intent(intent_id=made.id)).status is IntentStatus.CANCELED
    assert (await payments.cancel_intent(intent_id=made.id)).status is IntentStatus.CANCELED
    assert (await ear.hear(EventKind.INTENT_CANCELED, made.id)).intent_id == made.id


async def test_canceling_a_paid_intent_returns_it_paid(payments: StripePayments, browser: httpx.AsyncClient) -> None:
    made = await new_intent(payments)
    await pay(browser, made)
    kept = await payments.cancel_intent(intent_id=made.id)
    assert (kept.status, kept.amount_received_minor) == (IntentStatus.SUCCEEDED, 12345)


async def test_refunds_in_parts_and_no_further(
    payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar
) -> None:
    made = await new_intent(payments)
    await pay(browser, made)
    first = await refund(payments, made, 12000)
    assert (first.status, first.amount_minor, first.intent_id) == (RefundStatus.SUCCEEDED, 12000, made.id)
    assert first.metadata == {"refund_id": "r-1"}
    second = await refund(payments, made, 345)
    with pytest.raises(ProviderRefused):
        await refund(payments, made, 1)
    assert {made.id for made in await payments.list_refunds(intent_id=made.id)} == {first.id, second.id}
    assert await payments.get_refund(refund_id=first.id) == first
    named = await ear.hear(EventKind.REFUND_CHANGED, made.id, name="refund.created")
    assert named.refund is not None
    nameless = await ear.hear(EventKind.REFUND_CHANGED, made.id, name="charge.refunded")
    assert nameless.refund is None


async def test_a_refund_that_fails_later_says_so(
    payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar
) -> None:
    made = await new_intent(payments)
    await pay(browser, made, "pm_card_refundFail")
    sent = await refund(payments, made, 500)
    assert sent.status is not RefundStatus.FAILED
    event = await ear.hear(EventKind.REFUND_CHANGED, made.id, name="refund.failed")
    assert event.refund is not None
    assert (event.refund.id, event.refund.status) == (sent.id, RefundStatus.FAILED)
    assert event.refund.failure_reason


async def test_a_dispute_is_heard(payments: StripePayments, browser: httpx.AsyncClient, ear: WebhookEar) -> None:
    made = await new_intent(payments)
    await pay(browser, made, "pm_card_createDispute")
    event = await ear.hear(EventKind.DISPUTE_OPENED, made.id)
    assert event.dispute is not None
    assert (event.dispute.intent_id, event.dispute.amount_minor) == (made.id, 12345)


async def test_another_accounts_objects_are_missing(payments: StripePayments, stripe_url: str) -> None:
    made = await new_intent(payments)
    stranger = StripePayments(
        secret_key="sk_test_stranger", webhook_secrets=[SECRET], is_live=False, base_url=stripe_url
    )
    with pytest.raises(ProviderObjectMissing):
        await stranger.get_intent(intent_id=made.id)
    with pytest.raises(ProviderObjectMissing):
        await stranger.get_refund(refund_id="re_none")
    with pytest.raises(ProviderObjectMissing):
        await refund(stranger, made, 1)
    await stranger.aclose()
