"""One Idempotency-Key, one piece of work."""

import asyncio

import httpx
import pytest
import stripe

from .conftest import Shop


def _post(shop: Shop, key: str, **fields: str) -> "asyncio.Task[httpx.Response]":
    headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": key}
    data = {"amount": "500", "currency": "usd", **fields}
    return asyncio.create_task(shop.http.post("/v1/payment_intents", headers=headers, data=data))


async def test_the_same_request_is_answered_again_not_done_again(shop: Shop) -> None:
    first, second = await _post(shop, "k1"), await _post(shop, "k1")
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"]
    assert await shop.event_types() == ["payment_intent.created"]


async def test_a_decline_is_replayed_too(shop: Shop) -> None:
    fields = {"payment_method": "pm_card_chargeDeclined", "confirm": "true"}
    first, second = await _post(shop, "k1", **fields), await _post(shop, "k1", **fields)
    assert (first.status_code, second.status_code) == (402, 402)
    assert first.content == second.content
    assert (await shop.event_types()).count("charge.failed") == 1


async def test_other_parameters_under_the_same_key_are_refused(shop: Shop) -> None:
    await shop.stripe.v1.payment_intents.create_async({"amount": 500, "currency": "usd"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        await shop.stripe.v1.payment_intents.create_async({"amount": 501, "currency": "usd"}, {"idempotency_key": "k"})
    overlong = await _post(shop, "k" * 256)
    assert overlong.status_code == 400


async def test_a_failed_validation_does_not_use_the_key_up(shop: Shop) -> None:
    assert (await _post(shop, "k1", currency="zzz")).status_code == 400
    assert (await _post(shop, "k1")).status_code == 200


async def test_a_second_request_meanwhile_is_a_conflict(shop: Shop) -> None:
    await shop.faults(api={"delay_ms": 1000})
    answers = await asyncio.gather(*(_post(shop, "k1") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["code"] == "idempotency_key_in_use"
    assert await shop.event_types() == ["payment_intent.created"]


async def test_a_lost_answer_is_found_again_with_the_key(shop: Shop) -> None:
    await shop.faults(api={"drop_response_next": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        await _post(shop, "k1")
    found = await _post(shop, "k1")
    assert found.headers["idempotent-replayed"] == "true"
    assert await shop.event_types() == ["payment_intent.created"]


async def test_the_sdk_retries_over_an_outage_and_a_lost_answer(shop: Shop) -> None:
    await shop.faults(api={"fail_next": 1, "status": 503, "drop_response_next": 1})
    intent = await shop.stripe.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd"}, {"max_network_retries": 3}
    )
    listed = await shop.stripe.v1.payment_intents.list_async()
    assert [item.id for item in listed.data] == [intent.id]


async def test_a_told_failure_does_no_work(shop: Shop) -> None:
    await shop.faults(api={"fail_next": 1, "status": 500})
    assert (await _post(shop, "k1")).status_code == 500
    assert await shop.event_types() == []
    assert (await _post(shop, "k1")).status_code == 200
