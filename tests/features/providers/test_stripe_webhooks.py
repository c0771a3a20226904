"""Webhooks: only what Stripe signed, lately, is read; whatever it holds, nothing but the two named errors comes out."""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sojourn.providers.payments.port import (
    BadSignature,
    EventKind,
    IntentStatus,
    ProviderEvent,
    RefundStatus,
    UnreadableEvent,
)
from sojourn.providers.payments.stripe import StripePayments

from .stripe_events import NOW, SECRET, dispute, encode, event, intent, refund, sign

PAYMENTS = StripePayments(secret_key="sk_test_x", webhook_secrets=[SECRET, "whsec_next"], is_live=False)


def parse(body: bytes, signature: str | None = None) -> ProviderEvent:
    return PAYMENTS.parse_event(payload=body, signature=sign(body) if signature is None else signature, now=NOW)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("payment_intent.succeeded", EventKind.INTENT_SUCCEEDED),
        ("payment_intent.payment_failed", EventKind.INTENT_FAILED),
        ("payment_intent.canceled", EventKind.INTENT_CANCELED),
        ("payment_intent.processing", EventKind.INTENT_PROCESSING),
        ("payment_intent.requires_action", EventKind.INTENT_REQUIRES_ACTION),
    ],
)
def test_intent_events_carry_the_intent(name: str, kind: EventKind) -> None:
    read = parse(encode(event(name, intent())))
    assert (read.kind, read.name, read.id, read.is_live) == (kind, name, "evt_1", False)
    assert read.created_at.timestamp() == 1763690003
    assert read.refund is None
    assert read.dispute is None
    assert read.intent is not None
    assert read.intent_id == read.intent.id == "pi_1"
    assert read.intent.status is IntentStatus.SUCCEEDED
    assert (read.intent.amount_minor, read.intent.amount_received_minor, read.intent.currency) == (12345, 12345, "USD")
    assert read.intent.metadata == {"purchase_id": "b-1"}
    assert (read.intent.charge_id, read.intent.charged_at, read.intent.method) == ("ch_1", None, "card")


@pytest.mark.parametrize("name", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_refund_events_carry_the_refund(name: str) -> None:
    read = parse(encode(event(name, refund(status="failed", failure_reason="expired_or_canceled_card"))))
    assert read.kind is EventKind.REFUND_CHANGED
    assert read.intent_id == "pi_1"
    assert read.refund is not None
    assert (read.refund.id, read.refund.status, read.refund.amount_minor) == ("re_1", RefundStatus.FAILED, 500)
    assert read.refund.failure_reason == "expired_or_canceled_card"


def test_charge_refunded_names_the_intent_only() -> None:
    read = parse(encode(event("charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_9"})))
    assert (read.kind, read.intent_id, read.refund) == (EventKind.REFUND_CHANGED, "pi_9", None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("charge.dispute.created", EventKind.DISPUTE_OPENED), ("charge.dispute.closed", EventKind.DISPUTE_CLOSED)],
)
def test_dispute_events_carry_the_dispute(name: str, kind: EventKind) -> None:
    read = parse(encode(event(name, dispute(payment_intent={"id": "pi_1", "object": "payment_intent"}))))
    assert read.kind is kind
    assert read.intent_id == "pi_1"
    assert read.dispute is not None
    assert (read.dispute.id, read.dispute.charge_id, read.dispute.reason) == ("dp_1", "ch_1", "fraudulent")


def test_events_of_no_interest_are_other() -> None:
    read = parse(encode(event("customer.created", {"id": "cus_1", "object": "customer"})))
    assert (read.kind, read.name, read.intent_id) == (EventKind.OTHER, "customer.created", None)
    read = parse(encode(event("payment_intent.created", {"id": "pi_7"})))
    assert (read.kind, read.intent_id, read.intent) == (EventKind.OTHER, "pi_7", None)


def test_an_expanded_charge_and_a_failure_are_read() -> None:
    charge = {
        "id": "ch_2",
        "created": 1763690009,
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "fingerprint": "fp"}},
    }
    error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    thing = intent(latest_charge=charge, last_payment_error=error, next_action=action)
    read = parse(encode(event("payment_intent.payment_failed", thing))).intent
    assert read is not None
    assert read.charged_at is not None
    assert (read.charge_id, read.charged_at.timestamp()) == ("ch_2", 1763690009)
    assert (read.card_brand, read.card_last4, read.card_fingerprint) == ("visa", "4242", "fp")
    assert (read.failure_code, read.failure_message) == ("insufficient_funds", "No.")
    assert read.action_url == "https://bank.example/3ds"


def test_what_stripe_may_leave_out_may_be_missing() -> None:
    thing = intent(payment_method_types=[], client_secret=None, latest_charge=None)
    for field in ("metadata", "last_payment_error", "next_action"):
        del thing[field]
    read = parse(encode(event("payment_intent.processing", thing))).intent
    assert read is not None
    assert (read.method, read.metadata, read.client_secret) == ("unknown", {}, None)
    assert (read.charge_id, read.failure_code, read.action_url) == (None, None, None)


def test_stripes_own_verifier_agrees_with_ours() -> None:
    body = encode(event("payment_intent.succeeded", intent()))
    header = sign(body)
    stripe.WebhookSignature.verify_header(body.decode(), header, SECRET)
    assert parse(body, header).id == "evt_1"


def test_either_secret_signs_while_they_rotate() -> None:
    body = encode(event("payment_intent.succeeded", intent()))
    assert parse(body, sign(body, secret="whsec_next")).id == "evt_1"
    retired = sign(body, secret="whsec_gone")
    assert parse(body, f"{retired},{sign(body).partition(',')[2]}").id == "evt_1"
    with pytest.raises(BadSignature, match="does not match"):
        parse(body, retired)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_a_signature_holds_for_five_minutes_either_way(seconds: int) -> None:
    body = encode(event("payment_intent.succeeded", intent()))
    assert parse(body, sign(body, at=NOW + timedelta(seconds=seconds))).id == "evt_1"


@pytest.mark.parametrize("seconds", [-301, 301, -86400 * 365, 86400 * 365])
def test_a_replayed_or_future_signature_is_refused(seconds: int) -> None:
    body = encode(event("payment_intent.succeeded", intent()))
    with pytest.raises(BadSignature) as refusal:
        parse(body, sign(body, at=NOW + timedelta(seconds=seconds)))
    assert refusal.value.code == "signature_expired"


def test_one_changed_byte_breaks_the_signature() -> None:
    body = encode(event("payment_intent.succeeded", intent()))
    with pytest.raises(BadSignature):
        parse(body.replace(b"12345", b"12344"), sign(body))
    with pytest.raises(BadSignature):
        parse(body + b" ", sign(body))


def _bad_headers() -> Iterator[str]:
    good = sign(b"{}")
    signed_at, _, digest = good.partition(",")
    yield from ("", ",", "t=,v1=", "v1=abc", signed_at, digest, f"t=x,{digest}", f"t=-5,{digest}", "t=1,v0=abc")
    yield f"{signed_at},{signed_at},{digest}"  # two times: which one was signed?
    yield f"t=²,{digest}"
    yield f"t=١٢,{digest}"
    yield f"t={'9' * 13},{digest}"
    yield f"{signed_at},v1=é"
    yield good + ",v1=" + "a" * 2000
    yield good.upper()


@pytest.mark.parametrize("header", list(_bad_headers()))
def test_a_malformed_header_is_a_bad_signature(header: str) -> None:
    with pytest.raises(BadSignature):
        parse(b"{}", header)


@given(
    header=st.text(max_size=80) | st.from_regex(r"(t=\d{0,20}|v1=\w{0,70})(,(t|v1)=\w{0,70}){0,6}"), body=st.binary()
)
def test_no_header_opens_the_door_or_breaks_it(header: str, body: bytes) -> None:
    with pytest.raises(BadSignature):
        parse(body, header)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(body=st.binary(max_size=200) | JSON.map(encode))
def test_signed_rubbish_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"event"',
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe{\x00}\x00",
        encode(event("payment_intent.succeeded", intent()))[:-1],
        encode(event("payment_intent.succeeded", intent(id="pi\x00"))),
        encode(event("payment_intent.succeeded", intent(id="pi\ud800"))),
        encode(event("payment_intent.succeeded", intent(id="x" * 256))),
        encode(event("payment_intent.succeeded", intent(amount=True))),
        encode(event("payment_intent.succeeded", intent(amount=10**30))),
        encode(event("payment_intent.succeeded", intent(amount=-1))),
        encode(event("payment_intent.succeeded", intent(amount=1.0))),
        encode(event("payment_intent.succeeded", intent(amount="12"))),
        encode(event("payment_intent.succeeded", intent(created=10**12))),
        encode(event("payment_intent.succeeded", intent(currency="us"))),
        encode(event("payment_intent.succeeded", intent(currency="u1d"))),
        encode(event("payment_intent.succeeded", intent(status="paid"))),
        encode(event("payment_intent.succeeded", intent(metadata={"a": 1}))),
        encode(event("payment_intent.succeeded", intent(metadata={"a": "\x00"}))),
        encode(event("payment_intent.succeeded", intent(livemode="no"))),
        encode(event("payment_intent.succeeded", intent(id="pi 1\t"))),
        encode(event("payment_intent.succeeded", intent(client_secret="x\x00"))),
        encode(event("payment_intent.succeeded", intent(last_payment_error={"message": "x\x00"}))),
        encode(event("payment_intent.succeeded", intent(latest_charge={"created": 1}))),
        encode(event("refund.updated", refund(status="lost"))),
        encode(event("payment_intent.succeeded", intent()) | {"data": [intent()]}),
    ],
    ids=range(31),
)
def test_hostile_bodies_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse(body)


def _paths(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items():
        yield (*path, key)
        if isinstance(inner, dict):
            yield from _paths(inner, (*path, key))


GOOD = [
    event("payment_intent.succeeded", intent(latest_charge={"id": "ch_1", "created": 1, "payment_method_details": {}})),
    event("refund.updated", refund()),
    event("charge.dispute.created", dispute()),
    event("customer.created", {"id": "cus_1", "payment_intent": "pi_1"}),
]


@given(data=st.data(), replacement=JSON)
def test_any_field_replaced_by_anything_is_read_or_unreadable(data: st.DataObject, replacement: object) -> None:
    changed = copy.deepcopy(data.draw(st.sampled_from(GOOD)))
    *way, last = data.draw(st.sampled_from(list(_paths(changed))))
    inner = changed
    for key in way:
        inner = inner[key]
    inner[last] = replacement
    try:
        read = parse(encode(changed))
    except UnreadableEvent:
        return
    # Whatever is let through can be stored and sent on.
    json.dumps([read.id, read.name, read.intent_id], ensure_ascii=False).encode()
    assert read.id
    assert 0 <= (read.intent.amount_minor if read.intent else 0) < 10**12


@pytest.mark.parametrize("field", ["id", "status", "amount", "amount_received", "currency", "livemode", "created"])
def test_a_missing_field_is_named(field: str) -> None:
    thing = intent()
    del thing[field]
    with pytest.raises(UnreadableEvent, match=f"'{field}'") as refusal:
        parse(encode(event("payment_intent.succeeded", thing)))
    assert refusal.value.code == "event_unreadable"
    assert not refusal.value.is_retryable
