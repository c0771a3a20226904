"""Events on their way to the shop: signed, in order, retried, and whatever the switches do to them."""

import asyncio
import json
import re
from itertools import pairwise

import pytest
import stripe

from sojourn.sandbox.process import free_port, run_sandbox

from .conftest import PATIENCE_SECONDS, Receiver, Shop, listening, open_shop

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


async def test_events_arrive_signed_and_in_order(shop: Shop, receiver: Receiver) -> None:
    paid = await shop.paid(metadata={"booking": "ការកក់"})
    received = [await receiver.next() for _ in PAID]
    assert [item.event.type for item in received] == PAID
    last = received[-1]
    assert last.event.data.object["id"] == paid.id
    assert last.event.to_dict()["data"]["object"]["metadata"] == {"booking": "ការកក់"}
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64}", last.signature)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(last.body + b" ", last.signature, receiver.secret)
    stored = await shop.stripe.v1.events.retrieve_async(last.event.id)
    assert stored.to_dict() == json.loads(last.body)
    listed = await shop.stripe.v1.events.list_async({"type": "charge.succeeded"})
    assert [event.id for event in listed.data] == [received[1].event.id]
    several = await shop.stripe.v1.events.list_async({"types": PAID[1:]})
    assert len(several.data) == 2


async def test_a_refused_delivery_is_tried_again_until_it_is_taken(shop: Shop, receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 429]
    await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    ids = {(await receiver.next()).event.id for _ in range(4)}
    assert len(ids) == 1
    # The next event's arrival says that the fourth answer was taken for good.
    await shop.stripe.v1.customers.create_async()
    assert await receiver.take(1) == ["customer.created"]
    answers = await shop.http.get("/_sandbox/deliveries", params={"account": shop.key, "event": ids.pop()})
    [delivery] = answers.json()
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 4)
    assert [entry["status"] for entry in delivery["sent"]] == [500, 302, 429, 200]
    times = [entry["at"] for entry in delivery["sent"]]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] >= 0.05
    assert pauses[2] >= 0.2


async def test_one_that_fails_does_not_hold_up_the_next(shop: Shop, receiver: Receiver) -> None:
    receiver.statuses = [500]
    await shop.paid()
    assert await receiver.take(4) == [PAID[0], PAID[1], PAID[2], PAID[0]]


async def test_after_ten_tries_it_gives_up() -> None:
    async with listening() as receiver:
        receiver.secret, receiver.statuses = "whsec_tries", [500] * 10
        webhooks = [f"sk_test_tries={receiver.url}=whsec_tries"]
        with run_sandbox(first_retry_seconds=0.001, webhooks=webhooks) as base_url:
            async with open_shop(base_url, "sk_test_tries") as shop:
                await shop.stripe.v1.customers.create_async()
                first = {(await receiver.next()).event.id for _ in range(10)}
                assert len(first) == 1
                await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
                assert await receiver.take(1) == ["payment_intent.created"]
                deliveries = await shop.http.get("/_sandbox/deliveries", params={"event": first.pop()})
                assert [(entry["state"], entry["attempts"]) for entry in deliveries.json()] == [("failed", 10)]


async def test_an_address_that_cannot_be_reached_holds_up_no_other(shop: Shop, receiver: Receiver) -> None:
    for url in (f"http://127.0.0.1:{free_port()}/", f"http://{'a' * 70}.invalid/"):
        await shop.stripe.v1.webhook_endpoints.create_async({"url": url, "enabled_events": ["customer.created"]})
    await shop.stripe.v1.customers.create_async()
    await shop.stripe.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    assert await receiver.take(2) == ["customer.created", "payment_intent.created"]


async def test_repeat_sends_the_same_event_again(shop: Shop, receiver: Receiver) -> None:
    await shop.faults(webhooks={"repeat": 3})
    await shop.stripe.v1.customers.create_async()
    received = [await receiver.next() for _ in range(3)]
    assert len({item.event.id for item in received}) == 1


async def test_reorder_sends_the_newest_first(shop: Shop, receiver: Receiver) -> None:
    await shop.faults(webhooks={"reorder": True})
    await shop.paid()
    assert await receiver.take(3) == PAID[::-1]


async def test_dropped_events_come_only_when_sent_again(shop: Shop, receiver: Receiver) -> None:
    await shop.faults(webhooks={"drop_next": 2})
    await shop.paid()
    assert await receiver.take(1) == [PAID[2]]
    lost = (await shop.stripe.v1.events.list_async({"type": "charge.succeeded"})).data[0]
    answer = await shop.http.post(f"/_sandbox/events/{lost.id}/redeliver")
    assert (answer.status_code, answer.json()) == (202, {"event": lost.id, "queued": 1})
    assert (await receiver.next()).event.id == lost.id
    missing = await shop.http.post("/_sandbox/events/evt_none/redeliver")
    assert missing.status_code == 404


async def test_drop_loses_everything_while_it_is_on(shop: Shop, receiver: Receiver) -> None:
    await shop.faults(webhooks={"drop": True})
    await shop.paid()
    async with asyncio.timeout(PATIENCE_SECONDS):
        states = {"waiting"}
        while "waiting" in states:
            answer = await shop.http.get("/_sandbox/deliveries", params={"account": shop.key})
            states = {delivery["state"] for delivery in answer.json()}
    assert states == {"dropped"}
    await shop.http.delete("/_sandbox/faults", params={"account": shop.key})
    await shop.stripe.v1.customers.create_async()
    assert await receiver.take(1) == ["customer.created"]


async def test_endpoints_listen_to_what_they_name(shop: Shop, receiver: Receiver) -> None:
    picky = await shop.stripe.v1.webhook_endpoints.create_async(
        {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"], "description": "only the end"}
    )
    assert picky.secret is not None
    kept = await shop.stripe.v1.webhook_endpoints.retrieve_async(picky.id)
    assert kept.to_dict().get("secret") is None
    await shop.stripe.v1.webhook_endpoints.delete_async(picky.id)
    listed = await shop.stripe.v1.webhook_endpoints.list_async()
    assert picky.id not in {endpoint.id for endpoint in listed.data}
    for url in ("nowhere", "ftp://127.0.0.1/", "http://[x", "http://127.0.0.1:99999/"):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await shop.stripe.v1.webhook_endpoints.create_async({"url": url, "enabled_events": ["*"]})
        assert refusal.value.param == "url"


@pytest.mark.parametrize(
    ("switches", "field"),
    [
        ({"webhooks": {"repeat": 0}}, "webhooks.repeat"),
        ({"api": {"status": 200}}, "api.status"),
        ({"tides": {}}, "tides"),
    ],
)
async def test_switches_that_do_not_exist_are_refused(shop: Shop, switches: dict[str, object], field: str) -> None:
    answer = await shop.http.put("/_sandbox/faults", params={"account": shop.key}, json=switches)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await shop.http.get("/_sandbox/faults", params={"account": shop.key})).json()["webhooks"]["repeat"] == 1
