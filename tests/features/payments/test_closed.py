"""What is closed here must come to an end at the provider too: else somebody pays, and nobody ever looks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import events_of, hold, open_intent, pay, put_trip_on_sale, tell
from tests.support.system import account_key
from tests.support.waiting import eventually
from tests.support.work import do_jobs

from sojourn.modules import PAYABLES
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.payments import reconciliation, refunds

A_WHILE = timedelta(minutes=3)


@pytest.fixture
async def processor(sandbox: str) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox as Stripe, from behind its counter."""
    key = account_key("derlg")
    async with httpx.AsyncClient(
        base_url=sandbox, timeout=10, headers={"Authorization": f"Bearer {key}"}, params={"account": key}
    ) as client:
        yield client
        await client.delete("/_sandbox/faults")


async def switch(processor: httpx.AsyncClient, **faults: object) -> None:
    (await processor.put("/_sandbox/faults", json={"api": faults})).raise_for_status()


async def status_there(sandbox: str, intent_id: str) -> str:
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as client:
        headers = {"Authorization": f"Bearer {account_key('derlg')}"}
        answer = await client.get(f"/v1/payment_intents/{intent_id}", headers=headers)
    status: str = answer.raise_for_status().json()["status"]
    return status


async def has_rows(client: StorefrontClient, query: str) -> bool:
    return bool(await client.rows(query))


async def cancelled_without_a_job(derlg: StorefrontClient) -> Any:
    """A hold that was cancelled after its intent was shown; whoever should call that off has lost the job."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = await open_intent(traveler, booking_id=booking["id"])
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    await derlg.rows("DELETE FROM pgqueuer")
    return intent["payment_intent_id"]


async def test_cancelled_while_the_provider_was_asked(
    derlg: StorefrontClient, sandbox: str, processor: httpx.AsyncClient, work: Work
) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    await switch(processor, delay_ms=1500)
    asking = asyncio.create_task(traveler.post("/payments/create-intent", json={"booking_id": booking["id"]}))
    await eventually(partial(has_rows, derlg, "SELECT FROM payments"))
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    assert refusal(await asking, 409) == "PURCHASE_CANCELLED"
    await switch(processor)
    await do_jobs(work)
    (row,) = await derlg.rows("SELECT provider_intent_id FROM payments")
    assert await status_there(sandbox, row["provider_intent_id"]) == "canceled"


async def test_the_timer_calls_off_what_no_job_did(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
) -> None:
    intent_id = await cancelled_without_a_job(derlg)
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 0  # its job may be about to
    clock.advance(A_WHILE)
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 1
    assert await status_there(sandbox, intent_id) == "canceled"
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 0


async def test_money_that_came_for_what_was_closed_is_found_and_goes_back(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
) -> None:
    intent_id = await cancelled_without_a_job(derlg)
    (await pay(sandbox, intent_id)).raise_for_status()  # and its webhook is lost
    clock.advance(A_WHILE)
    assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 1
    rows = await derlg.rows(
        "SELECT p.disposition, r.amount::text FROM payments p JOIN refunds r ON r.payment_id = p.id"
    )
    assert rows == [{"disposition": "CANCELLED_PURCHASE", "amount": "200.00"}]
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 0


async def test_what_is_just_being_paid_is_asked_about_again(
    derlg: StorefrontClient, sandbox: str, processor: httpx.AsyncClient, clock: FrozenClock, work: Work
) -> None:
    await switch(processor, processing_ms=600_000)
    intent_id = await cancelled_without_a_job(derlg)
    (await pay(sandbox, intent_id)).raise_for_status()
    assert await status_there(sandbox, intent_id) == "processing"
    clock.advance(A_WHILE)
    for _ in range(2):
        assert await reconciliation.end_closed(work, payables=PAYABLES) == 1


async def test_silence_ends_the_round_and_a_refusal_only_the_question(
    derlg: StorefrontClient, processor: httpx.AsyncClient, clock: FrozenClock, work: Work
) -> None:
    await cancelled_without_a_job(derlg)
    clock.advance(A_WHILE)
    await switch(processor, fail_next=3)  # each call is tried three times
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 1
    await switch(processor, fail_next=1, status=404)
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 1
    assert await reconciliation.end_closed(work, payables=PAYABLES) == 0


async def test_a_refund_that_failed_stays_failed_in_whatever_order_it_is_told(
    derlg: StorefrontClient, sandbox: str, work: Work
) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent_id = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    await pay(sandbox, intent_id, card="pm_card_refundFail")
    for event in await events_of(sandbox, intent_id):
        await tell(derlg, event)
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    (row,) = await derlg.rows("SELECT id FROM refunds")
    await refunds.send(work, payables=PAYABLES, refund_id=row["id"])

    async def has_failed_there() -> bool:
        return any(event["type"] == "refund.failed" for event in await events_of(sandbox, intent_id))

    await eventually(has_failed_there)
    told = [event for event in await events_of(sandbox, intent_id) if event["data"]["object"]["object"] == "refund"]
    assert {event["data"]["object"]["status"] for event in told} >= {"succeeded", "failed"}
    for event in reversed(told):
        read(await tell(derlg, event))
    assert await derlg.rows("SELECT status FROM refunds") == [{"status": "FAILED"}]
    (payment,) = await derlg.rows("SELECT status, refunded_amount::text FROM payments")
    assert payment == {"status": "SUCCEEDED", "refunded_amount": "0.00"}
