"""What an answer of Stripe's means in the port's terms, answers the real Stripe rarely gives among them."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from sojourn.providers.payments.port import (
    IntentMethod,
    ProviderMisconfigured,
    ProviderObjectMissing,
    ProviderRefused,
    ProviderUnavailable,
)
from sojourn.providers.payments.stripe import StripePayments

from .scripted_server import DROPPED, SILENT, ScriptedServer
from .stripe_events import intent, refund


@pytest.fixture
async def payments(scripted: ScriptedServer) -> AsyncIterator[StripePayments]:
    provider = StripePayments(
        secret_key="sk_test_x", webhook_secrets=["whsec_x"], is_live=False, base_url=scripted.url + "/", timeout=0.5
    )
    yield provider
    await provider.aclose()


async def create(
    payments: StripePayments, *, receipt_email: str | None = None, method: IntentMethod = IntentMethod.CARD
) -> None:
    await payments.create_intent(
        amount_minor=12345,
        currency="USD",
        method=method,
        idempotency_key="key-1",
        metadata={"purchase_id": "b-1"},
        description="DL-ABCDEFGH",
        receipt_email=receipt_email,
    )


def error(kind: str, **fields: object) -> dict[str, object]:
    return {"error": {"type": kind, "message": "No.", **fields}}


async def test_what_is_asked_for_a_new_intent(payments: StripePayments, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, intent(status="requires_payment_method", amount_received=0, latest_charge=None))
    await create(payments, receipt_email="sokha@example.com")
    [asked] = scripted.asked
    assert asked.line == "POST /v1/payment_intents HTTP/1.1"
    assert asked.headers["idempotency-key"] == "key-1"
    assert asked.headers["authorization"] == "Bearer sk_test_x"
    assert parse_qs(asked.body.decode()) == {
        "amount": ["12345"],
        "currency": ["usd"],
        "metadata[purchase_id]": ["b-1"],
        "description": ["DL-ABCDEFGH"],
        "receipt_email": ["sokha@example.com"],
        "automatic_payment_methods[enabled]": ["true"],
        "automatic_payment_methods[allow_redirects]": ["never"],
    }


async def test_what_is_asked_for_paypal(payments: StripePayments, scripted: ScriptedServer) -> None:
    waiting = intent(status="requires_payment_method", amount_received=0, latest_charge=None)
    sent_away = waiting | {
        "status": "requires_action",
        "next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": "https://paypal.example/pay"}},
    }
    scripted.will_answer(200, waiting)
    scripted.will_answer(200, sent_away)
    await create(payments, method=IntentMethod.PAYPAL)
    begun = await payments.begin_paypal(intent_id=waiting["id"], return_url="https://derlg.com/back")
    assert begun.action_url == "https://paypal.example/pay"
    made, confirmed = scripted.asked
    assert parse_qs(made.body.decode())["allowed_payment_method_types[0]"] == ["paypal"]
    assert b"automatic_payment_methods" not in made.body
    assert confirmed.line == f"POST /v1/payment_intents/{waiting['id']}/confirm HTTP/1.1"
    assert parse_qs(confirmed.body.decode()) == {
        "payment_method_data[type]": ["paypal"],
        "return_url": ["https://derlg.com/back"],
    }


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("duplicate", {"reason": ["duplicate"]}),
        ("guide fell ill", {"metadata[reason]": ["guide fell ill"]}),
        ("x" * 600, {"metadata[reason]": ["x" * 500]}),
        (None, {}),
    ],
)
async def test_a_refund_s_reason(
    payments: StripePayments, scripted: ScriptedServer, reason: str | None, sent: dict[str, list[str]]
) -> None:
    scripted.will_answer(200, refund())
    made = await payments.create_refund(
        intent_id="pi_1", amount_minor=500, idempotency_key="key-2", reason=reason, metadata={"refund_id": "r-1"}
    )
    assert (made.id, made.amount_minor, made.currency) == ("re_1", 500, "USD")
    asked = parse_qs(scripted.asked[0].body.decode())
    base = {"payment_intent": ["pi_1"], "amount": ["500"], "metadata[refund_id]": ["r-1"]}
    assert asked == base | sent
    assert scripted.asked[0].headers["idempotency-key"] == "key-2"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, error("invalid_request_error", code="parameter_unknown", param="amonut"), "parameter_unknown"),
        (400, error("idempotency_error"), "idempotency_error"),
        (401, error("invalid_request_error"), "invalid_request_error"),
        (402, error("card_error", code="card_declined", decline_code="insufficient_funds"), "insufficient_funds"),
        (402, error("card_error", code="expired_card"), "expired_card"),
        (403, error("invalid_request_error", code="testmode_only"), "testmode_only"),
    ],
)
async def test_a_no_is_refused(
    payments: StripePayments, scripted: ScriptedServer, status: int, body: object, code: str
) -> None:
    scripted.will_answer(status, body)
    with pytest.raises(ProviderRefused, match="No") as refusal:
        await create(payments)
    assert (refusal.value.code, refusal.value.is_retryable) == (code, False)


@pytest.mark.parametrize("status", [400, 404])
async def test_an_unknown_object_is_missing(payments: StripePayments, scripted: ScriptedServer, status: int) -> None:
    scripted.will_answer(status, error("invalid_request_error", code="resource_missing", param="intent"))
    with pytest.raises(ProviderObjectMissing) as refusal:
        await payments.get_intent(intent_id="pi_none")
    assert refusal.value.code == "resource_missing"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, error("api_error")),
        (503, b"<html>try later</html>"),
        (429, error("invalid_request_error", code="rate_limit")),
        (409, error("idempotency_error", code="idempotency_key_in_use")),
        (200, b"<html>a captive portal</html>"),
        (200, {"id": "pi_1"}),
        (200, intent(amount="lots")),
        (302, b""),
    ],
)
async def test_an_open_outcome_is_unavailable(
    payments: StripePayments, scripted: ScriptedServer, status: int, body: object
) -> None:
    scripted.will_answer(status, body)
    with pytest.raises(ProviderUnavailable) as refusal:
        await create(payments)
    assert refusal.value.is_retryable
    assert refusal.value.code


async def test_a_broken_connection_is_tried_again_with_the_same_key(
    payments: StripePayments, scripted: ScriptedServer
) -> None:
    scripted.answers.extend([DROPPED, SILENT])
    scripted.will_answer(200, intent())
    await create(payments)
    assert [asked.headers["idempotency-key"] for asked in scripted.asked] == ["key-1"] * 3


async def test_the_third_broken_connection_is_unavailable(payments: StripePayments, scripted: ScriptedServer) -> None:
    scripted.answers.extend([DROPPED, DROPPED, DROPPED])
    with pytest.raises(ProviderUnavailable) as refusal:
        await create(payments)
    assert refusal.value.code == "provider_unavailable"


async def test_canceling_what_is_paid_returns_it_as_it_is(payments: StripePayments, scripted: ScriptedServer) -> None:
    scripted.will_answer(400, error("invalid_request_error", code="payment_intent_unexpected_state"))
    scripted.will_answer(200, intent())
    assert (await payments.cancel_intent(intent_id="pi_1")).status == "succeeded"
    assert scripted.asked[0].line == "POST /v1/payment_intents/pi_1/cancel HTTP/1.1"
    assert scripted.asked[1].line.startswith("GET /v1/payment_intents/pi_1?expand")


async def test_canceling_passes_other_refusals_on(payments: StripePayments, scripted: ScriptedServer) -> None:
    scripted.will_answer(400, error("invalid_request_error", code="parameter_unknown"))
    with pytest.raises(ProviderRefused):
        await payments.cancel_intent(intent_id="pi_1")


async def test_refunds_are_listed_to_the_last_page(payments: StripePayments, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, {"object": "list", "data": [refund(id="re_2")], "has_more": True, "url": "/v1/refunds"})
    scripted.will_answer(200, {"object": "list", "data": [refund()], "has_more": False, "url": "/v1/refunds"})
    assert [made.id for made in await payments.list_refunds(intent_id="pi_1")] == ["re_2", "re_1"]
    assert "starting_after=re_2" in scripted.asked[1].line
    assert all("payment_intent=pi_1" in asked.line for asked in scripted.asked)


def test_nothing_secret_is_shown_by_an_error() -> None:
    with pytest.raises(ProviderMisconfigured) as refusal:
        StripePayments(secret_key="sk_live_hush", webhook_secrets=["whsec_hush"], is_live=False)
    assert "hush" not in json.dumps([str(refusal.value), refusal.value.code])


@pytest.mark.parametrize(
    ("key", "is_live", "base_url", "code"),
    [
        ("sk_live_x", True, "http://127.0.0.1:8001", "stripe_live_key_elsewhere"),
        ("rk_live_x", True, "https://api.stripe.com.evil.example", "stripe_live_key_elsewhere"),
        ("sk_live_x", True, "http://api.stripe.com", "stripe_live_key_elsewhere"),
        ("sk_test_x", True, "https://api.stripe.com", "stripe_key_mode_mismatch"),
        ("sk_live_x", False, "https://api.stripe.com", "stripe_key_mode_mismatch"),
        ("pk_test_x", False, "https://api.stripe.com", "stripe_key_unknown"),
        ("", False, "https://api.stripe.com", "stripe_key_unknown"),
    ],
)
def test_contradicting_keys_start_nothing(*, key: str, is_live: bool, base_url: str, code: str) -> None:
    with pytest.raises(ProviderMisconfigured) as refusal:
        StripePayments(secret_key=key, webhook_secrets=["whsec_x"], is_live=is_live, base_url=base_url)
    assert refusal.value.code == code


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_x", ""]])
def test_a_missing_webhook_secret_starts_nothing(secrets: list[str]) -> None:
    with pytest.raises(ProviderMisconfigured) as refusal:
        StripePayments(secret_key="sk_test_x", webhook_secrets=secrets, is_live=False)
    assert refusal.value.code == "stripe_webhook_secret_missing"


async def test_a_live_key_talks_to_stripe_itself() -> None:
    provider = StripePayments(secret_key="rk_live_x", webhook_secrets=["whsec_x"], is_live=True)
    assert provider.name == "stripe"
    await provider.aclose()
