"""Stripe by its own SDK, and Stripe's webhooks without it (verifying and reading one is on the hot path)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, get_args

import stripe
from pydantic_core import from_json

from sojourn.providers.payments import stripe_signature
from sojourn.providers.payments.port import (
    IntentMethod,
    ProviderError,
    ProviderEvent,
    ProviderIntent,
    ProviderMisconfigured,
    ProviderObjectMissing,
    ProviderRefund,
    ProviderRefused,
    ProviderUnavailable,
    UnreadableEvent,
)
from sojourn.providers.payments.stripe_http import StripeHttp
from sojourn.providers.payments.stripe_payloads import UnreadablePayload, read_event, read_intent, read_refund

OWN_BASE_URL = "https://api.stripe.com"
# Stripe keeps metadata values up to this length.
_LONGEST_METADATA_VALUE = 500
_RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]
_REFUND_REASONS: dict[str, _RefundReason] = {reason: reason for reason in get_args(_RefundReason)}
# 408 and 409 (another request with this key is still running) leave the outcome open as much as a 5xx does.
_OPEN_OUTCOME = frozenset({408, 409, 429})


def _refuse_contradictions(*, secret_key: str, webhook_secrets: Sequence[str], is_live: bool, base_url: str) -> None:
    kind = secret_key[3:].partition("_")[0] if secret_key.startswith(("sk_", "rk_")) else ""
    if kind not in ("live", "test"):
        raise ProviderMisconfigured("the Stripe key is neither sk_live_, sk_test_ nor rk_", code="stripe_key_unknown")
    if (kind == "live") != is_live:
        raise ProviderMisconfigured(f"a {kind} Stripe key with is_live={is_live}", code="stripe_key_mode_mismatch")
    if is_live and base_url != OWN_BASE_URL:
        raise ProviderMisconfigured("a live Stripe key may only be sent to Stripe", code="stripe_live_key_elsewhere")
    if not webhook_secrets or not all(webhook_secrets):
        raise ProviderMisconfigured("a Stripe webhook secret is missing", code="stripe_webhook_secret_missing")


def _translate(error: stripe.StripeError) -> ProviderError:
    status = error.http_status
    message = error.user_message or "Stripe did not answer"
    # Not every class of the SDK's keeps the code, but the error object it read always does.
    said = error.error
    code: str | None = getattr(said, "code", None)
    if status is None or status < 400 or status >= 500 or status in _OPEN_OUTCOME:
        return ProviderUnavailable(message, code=code or "provider_unavailable")
    if status == 404 or code == "resource_missing":
        return ProviderObjectMissing(message, code=code or "resource_missing")
    decline: str | None = getattr(said, "decline_code", None)
    kind: str | None = getattr(said, "type", None)
    return ProviderRefused(message, code=decline or code or kind or "provider_refused")


@contextmanager
def _in_port_terms() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _translate(error) from error
    except UnreadablePayload as error:
        # The work may be done: only the answer is unusable.
        raise ProviderUnavailable(f"Stripe's answer: {error}", code="provider_answer_unreadable") from error


class StripePayments:
    """`PaymentProvider` over Stripe.

    `webhook_secrets` holds every secret that may sign now (two while rotating). `timeout` is in seconds, per attempt;
    two more attempts follow with the same idempotency key. A live key is only ever sent to Stripe itself, and a key
    whose mode contradicts `is_live` raises ProviderMisconfigured.
    """

    name = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: Sequence[str],
        is_live: bool,
        base_url: str = OWN_BASE_URL,
        timeout: float = 20.0,
    ) -> None:
        base_url = base_url.rstrip("/")
        _refuse_contradictions(
            secret_key=secret_key, webhook_secrets=webhook_secrets, is_live=is_live, base_url=base_url
        )
        self.is_live = is_live
        self._secrets = tuple(secret.encode() for secret in webhook_secrets)
        self._http = StripeHttp(timeout=timeout)
        self._client = stripe.StripeClient(
            secret_key, base_addresses={"api": base_url}, http_client=self._http, max_network_retries=2
        )

    async def create_intent(
        self,
        *,
        amount_minor: int,
        currency: str,
        method: IntentMethod,
        idempotency_key: str,
        metadata: Mapping[str, str],
        description: str,
        receipt_email: str | None,
    ) -> ProviderIntent:
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "metadata": dict(metadata),
            "description": description,
        }
        if method is IntentMethod.PAYPAL:
            params["allowed_payment_method_types"] = ["paypal"]
        else:
            # Most methods that leave our page settle hours later; a hold lasts minutes. 3-D Secure is none of them.
            params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        if receipt_email is not None:
            params["receipt_email"] = receipt_email
        with _in_port_terms():
            intent = await self._client.v1.payment_intents.create_async(params, {"idempotency_key": idempotency_key})
            return read_intent(intent.to_dict())

    async def begin_paypal(self, *, intent_id: str, return_url: str) -> ProviderIntent:
        params: stripe.params.PaymentIntentConfirmParams = {
            "payment_method_data": {"type": "paypal"},
            "return_url": return_url,
        }
        with _in_port_terms():
            intent = await self._client.v1.payment_intents.confirm_async(intent_id, params)
            return read_intent(intent.to_dict())

    async def get_intent(self, *, intent_id: str) -> ProviderIntent:
        with _in_port_terms():
            intent = await self._client.v1.payment_intents.retrieve_async(intent_id, {"expand": ["latest_charge"]})
            return read_intent(intent.to_dict())

    async def cancel_intent(self, *, intent_id: str) -> ProviderIntent:
        try:
            with _in_port_terms():
                intent = await self._client.v1.payment_intents.cancel_async(
                    intent_id, {"cancellation_reason": "abandoned"}
                )
                return read_intent(intent.to_dict())
        except ProviderRefused as refusal:
            if refusal.code != "payment_intent_unexpected_state":
                raise
        return await self.get_intent(intent_id=intent_id)

    async def create_refund(
        self,
        *,
        intent_id: str,
        amount_minor: int,
        idempotency_key: str,
        reason: str | None,
        metadata: Mapping[str, str],
    ) -> ProviderRefund:
        params: stripe.params.RefundCreateParams = {"payment_intent": intent_id, "amount": amount_minor}
        notes = dict(metadata)
        if reason in _REFUND_REASONS:
            params["reason"] = _REFUND_REASONS[reason]
        elif reason:
            # Stripe knows three reasons; staff's own words are kept beside the refund.
            notes["reason"] = reason[:_LONGEST_METADATA_VALUE]
        params["metadata"] = notes
        with _in_port_terms():
            refund = await self._client.v1.refunds.create_async(params, {"idempotency_key": idempotency_key})
            return read_refund(refund.to_dict())

    async def get_refund(self, *, refund_id: str) -> ProviderRefund:
        with _in_port_terms():
            refund = await self._client.v1.refunds.retrieve_async(refund_id)
            return read_refund(refund.to_dict())

    async def list_refunds(self, *, intent_id: str) -> Sequence[ProviderRefund]:
        with _in_port_terms():
            page = await self._client.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100})
            return [read_refund(refund.to_dict()) async for refund in page.auto_paging_iter()]

    def parse_event(self, *, payload: bytes, signature: str, now: datetime) -> ProviderEvent:
        stripe_signature.verify(payload=payload, header=signature, secrets=self._secrets, now=now)
        return self.read_event(payload=payload)

    def read_event(self, *, payload: bytes) -> ProviderEvent:
        try:
            return read_event(from_json(payload))
        except UnreadablePayload as error:
            raise UnreadableEvent(str(error), code="event_unreadable") from error
        except ValueError as error:
            raise UnreadableEvent("the body is not JSON", code="event_not_json") from error

    async def aclose(self) -> None:
        await self._http.close_async()
