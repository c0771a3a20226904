"""What seldom happens on the money path, and must still come out right."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.support.client import StorefrontClient, read, refusal
from tests.support.selling import events_of, hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell, tell_all
from tests.support.system import account_key
from tests.support.work import do_jobs

from sojourn.modules import PAYABLES
from sojourn.people.roles import Role
from sojourn.platform.errors import Refusal
from sojourn.platform.http.context import SYSTEM_ORIGIN
from sojourn.platform.inbox.events import InboxEvent
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.payments import events, jobs, payout_queries, qr_queries, queries, reconciliation, refunds
from sojourn.sales.payments.models import RefundState

KEY = {"Authorization": f"Bearer {account_key('derlg')}"}


class Processor:
    """The sandbox as Stripe, from behind its counter."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def switch(self, **faults: object) -> None:
        account = {"account": account_key("derlg")}
        (await self._client.put("/_sandbox/faults", params=account, json={"api": faults})).raise_for_status()

    async def call(self, path: str, **form: str) -> Any:
        answer = await self._client.post(f"/v1/{path}", data=form, headers=KEY)
        return answer.raise_for_status().json()


@pytest.fixture
async def processor(sandbox: str) -> AsyncIterator[Processor]:
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as client:
        yield Processor(client)
        await client.delete("/_sandbox/faults", params={"account": account_key("derlg")})


class Sale:
    """A hold of 200 dollars with its intent."""

    def __init__(self, traveler: StorefrontClient, booking: Any, intent: Any) -> None:
        self.traveler = traveler
        self.booking_id: str = booking["id"]
        self.payment_id = UUID(intent["payment_id"])
        self.intent_id: str = intent["payment_intent_id"]

    async def confirm(self) -> httpx.Response:
        body = {"booking_id": self.booking_id, "payment_intent_id": self.intent_id}
        return await self.traveler.post("/payments/confirm", json=body)

    async def payment(self) -> Any:
        return read(await self.traveler.get(f"/payments/{self.payment_id}"))


async def new_sale(derlg: StorefrontClient) -> Sale:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    return Sale(traveler, booking, await open_intent(traveler, booking_id=booking["id"]))


@pytest.fixture
async def sale(derlg: StorefrontClient) -> Sale:
    return await new_sale(derlg)


async def event_about(sandbox: str, intent_id: str, kind: str) -> dict[str, Any]:
    return next(event for event in await events_of(sandbox, intent_id) if event["type"] == kind)


async def alerts(derlg: StorefrontClient) -> list[str]:
    rows = await derlg.rows(
        "SELECT convert_from(payload, 'utf8')::jsonb ->> 'title' AS title FROM pgqueuer "
        "WHERE entrypoint = 'mail.staff_alert' ORDER BY id"
    )
    return [row["title"] for row in rows]


class TestTheProcessorIsAway:
    async def test_asking_for_money_can_be_repeated(self, derlg: StorefrontClient, processor: Processor) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        body = {"booking_id": booking["id"]}
        await processor.switch(fail_next=3)  # each call is tried three times
        answer = await traveler.post("/payments/create-intent", json=body)
        assert refusal(answer, 503) == "PAYMENT_PROVIDER_UNAVAILABLE"
        await processor.switch(fail_next=1, status=400)
        answer = await traveler.post("/payments/create-intent", json=body)
        assert refusal(answer, 422) == "PAYMENT_PROVIDER_REFUSED"
        await open_intent(traveler, **body)
        assert len(await derlg.rows("SELECT id FROM payments")) == 1

    async def test_confirming_can_be_repeated(self, sale: Sale, sandbox: str, processor: Processor) -> None:
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await processor.switch(fail_next=3)
        assert refusal(await sale.confirm(), 503) == "PAYMENT_PROVIDER_UNAVAILABLE"
        await processor.switch(fail_next=1, status=403)
        assert refusal(await sale.confirm(), 422) == "PAYMENT_PROVIDER_REFUSED"
        assert read(await sale.confirm())["status"] == "SUCCEEDED"

    async def test_the_timer_stops_at_silence_and_goes_on_after_a_refusal(
        self, sale: Sale, sandbox: str, processor: Processor, clock: FrozenClock, work: Work
    ) -> None:
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        clock.advance(timedelta(minutes=3))
        for faults in ({"fail_next": 3}, {"fail_next": 1, "status": 403}):
            await processor.switch(**faults)
            assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 1

    async def test_a_refund_waits_for_it_or_fails_for_good(
        self, derlg: StorefrontClient, sandbox: str, processor: Processor, work: Work
    ) -> None:
        traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
        booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
        path = f"/payments/{booking['payment']['id']}/refund"
        read(await admin.post(path, json={"amount": "50.00", "reason": "Late guide"}), 202)
        (row,) = await derlg.rows("SELECT id FROM refunds")
        await processor.switch(fail_next=3)
        with pytest.raises(Exception, match="told to fail"):
            await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        assert await derlg.rows("SELECT status FROM refunds") == [{"status": "PENDING"}]
        await processor.switch(fail_next=1, status=400)
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        assert await derlg.rows("SELECT status FROM refunds") == [{"status": "FAILED"}]
        assert await alerts(derlg) == ["A refund has failed"]


class TestInBetween:
    async def test_a_bank_that_takes_its_time(
        self, derlg: StorefrontClient, sandbox: str, processor: Processor, clock: FrozenClock, work: Work
    ) -> None:
        clock.advance(datetime.now(UTC) - clock.now())  # the processor's own clock dates the intent
        sale = await new_sale(derlg)
        await processor.switch(processing_ms=600_000)
        assert (await pay(sandbox, sale.intent_id)).json()["status"] == "processing"
        assert read(await sale.confirm())["status"] == "PROCESSING"
        await tell_all(derlg, sandbox, sale.intent_id)
        assert (await sale.payment())["status"] == "PROCESSING"
        clock.advance(timedelta(minutes=3))
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0  # asked a moment ago
        clock.advance(timedelta(minutes=3))
        (row,) = await derlg.rows("SELECT checked_at FROM payments")
        assert row["checked_at"] is not None

    async def test_cancelled_over_there(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str, processor: Processor
    ) -> None:
        await processor.call(f"payment_intents/{sale.intent_id}/cancel")
        await tell(derlg, await event_about(sandbox, sale.intent_id, "payment_intent.canceled"))
        payment = await sale.payment()
        assert (payment["status"], payment["failure_code"]) == ("FAILED", "canceled")
        fresh = await open_intent(sale.traveler, booking_id=sale.booking_id)
        assert fresh["payment_intent_id"] != sale.intent_id

    async def test_cancelled_over_there_and_found_by_the_timer(
        self, sale: Sale, processor: Processor, clock: FrozenClock, work: Work
    ) -> None:
        await processor.call(f"payment_intents/{sale.intent_id}/cancel")
        clock.advance(timedelta(minutes=3))
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 1
        assert (await sale.payment())["status"] == "FAILED"

    async def test_3_d_secure_asks_first(self, derlg: StorefrontClient, sale: Sale, sandbox: str) -> None:
        await pay(sandbox, sale.intent_id, card="pm_card_threeDSecureRequired")
        outcomes = [await tell(derlg, event) for event in await events_of(sandbox, sale.intent_id)]
        assert {read(answer)["status"] for answer in outcomes} == {"processed"}
        assert (await sale.payment())["status"] == "PENDING"

    async def test_a_success_that_is_none_settles_nothing(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str
    ) -> None:
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        event = await event_about(sandbox, sale.intent_id, "payment_intent.succeeded")
        event["data"]["object"]["status"] = "processing"
        assert read(await tell(derlg, event))["status"] == "processed"
        assert (await sale.payment())["status"] == "PENDING"
        assert await derlg.rows("SELECT outcome FROM inbox") == [{"outcome": "noted"}]

    async def test_paid_at_the_last_moment_before_it_was_cancelled(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str, work: Work
    ) -> None:
        """The owner has cancelled; the intent could no longer be: its money goes back."""
        read(await sale.traveler.delete(f"/bookings/{sale.booking_id}"))
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await reconciliation.cancel_intent(work, payables=PAYABLES, payment_id=sale.payment_id)
        assert await derlg.rows("SELECT disposition FROM payments") == [{"disposition": "CANCELLED_PURCHASE"}]

    async def test_an_attempt_that_never_reached_the_processor(
        self, derlg: StorefrontClient, sale: Sale, work: Work
    ) -> None:
        await derlg.rows("UPDATE payments SET provider_intent_id = NULL")
        await reconciliation.cancel_intent(work, payables=PAYABLES, payment_id=sale.payment_id)
        await reconciliation.read_card(work, payment_id=sale.payment_id)
        assert (await sale.payment())["status"] == "PENDING"


class TestOurAnswerWasLost:
    async def test_the_metadata_lead_back(self, derlg: StorefrontClient, sale: Sale, sandbox: str) -> None:
        await derlg.rows("UPDATE payments SET provider_intent_id = NULL, client_secret = NULL")
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await tell(derlg, await event_about(sandbox, sale.intent_id, "payment_intent.succeeded"))
        payment = await sale.payment()
        assert (payment["status"], payment["stripe_payment_intent_id"]) == ("SUCCEEDED", sale.intent_id)

    async def test_money_that_claims_to_be_ours_is_looked_at(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str
    ) -> None:
        """Its payment is of a purchase that is nowhere to be found, or is itself nowhere to be found."""
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        event = await event_about(sandbox, sale.intent_id, "payment_intent.succeeded")
        await derlg.rows("UPDATE payments SET purchase_id = $1", uuid4())
        await tell(derlg, event)
        unknown = event | {"id": "evt_unknown"}
        unknown["data"]["object"] |= {"id": "pi_unknown", "metadata": {"storefront": "derlg", "payment_id": "nonsense"}}
        await tell(derlg, unknown)
        foreign = event | {"id": "evt_foreign"}
        foreign["data"]["object"] |= {"id": "pi_foreign", "metadata": {"payment_id": str(uuid4())}}
        await tell(derlg, foreign)
        assert await alerts(derlg) == ["Money arrived for an unknown payment"] * 2
        assert await derlg.rows("SELECT DISTINCT outcome FROM inbox") == [{"outcome": "unknown_intent"}]

    async def test_a_changes_intent_names_its_booking(
        self, derlg: StorefrontClient, sandbox: str, processor: Processor
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
        changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
        change_id = changed["pending_change"]["id"]
        intent = await open_intent(traveler, change_id=change_id)
        async with httpx.AsyncClient(base_url=sandbox, headers=KEY) as client:
            made = (await client.get(f"/v1/payment_intents/{intent['payment_intent_id']}")).json()
        named = {name: made["metadata"][name] for name in ("booking_id", "change_id", "purchase_kind")}
        assert named == {"booking_id": booking["id"], "change_id": change_id, "purchase_kind": "BOOKING_CHANGE"}


class TestAtTheProcessorsOwnDesk:
    async def test_a_refund_becomes_one_of_ours(
        self, derlg: StorefrontClient, sandbox: str, processor: Processor
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
        intent_id = booking["payment"]["stripe_payment_intent_id"]
        await processor.call("refunds", payment_intent=intent_id, amount="5000")
        await tell_all(derlg, sandbox, intent_id)
        await tell_all(derlg, sandbox, intent_id)
        assert await derlg.rows("SELECT amount::text, cause, status FROM refunds") == [
            {"amount": "50.00", "cause": "PROVIDER", "status": "SUCCEEDED"}
        ]
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert after["refunded_usd"] == "50.00"

    async def test_a_refund_of_nothing_of_ours_stays_unhandled(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str, processor: Processor, clock: FrozenClock, work: Work
    ) -> None:
        """It was refunded before we knew of the money: tried again when we do."""
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await processor.call("refunds", payment_intent=sale.intent_id)
        event = await event_about(sandbox, sale.intent_id, "refund.created")
        assert read(await tell(derlg, event))["status"] == "stored"
        clock.advance(timedelta(minutes=1))
        assert await reconciliation.retry_events(work, payables=PAYABLES) == 0
        await tell(derlg, await event_about(sandbox, sale.intent_id, "payment_intent.succeeded"))
        assert await reconciliation.retry_events(work, payables=PAYABLES) == 1
        assert (await sale.payment())["status"] == "REFUNDED"

    async def test_a_refund_that_waits_is_asked_about_by_its_own_id(
        self, derlg: StorefrontClient, sandbox: str, work: Work
    ) -> None:
        traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await open_intent(traveler, booking_id=booking["id"])
        await pay(sandbox, intent["payment_intent_id"], card="pm_card_pendingRefund")
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        read(await admin.post(f"/payments/{intent['payment_id']}/refund", json={"reason": "Bad weather"}), 202)
        (row,) = await derlg.rows("SELECT id FROM refunds")
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        (first,) = await derlg.rows("SELECT status, provider_refund_id, attempts FROM refunds")
        assert (first["status"], first["attempts"]) == ("PENDING", 1)
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        (second,) = await derlg.rows("SELECT provider_refund_id, attempts FROM refunds")
        assert (second["provider_refund_id"], second["attempts"]) == (first["provider_refund_id"], 2)

    async def test_a_dispute_is_told_to_the_desk(self, derlg: StorefrontClient, sale: Sale, sandbox: str) -> None:
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await tell_all(derlg, sandbox, sale.intent_id)
        dispute = {
            "id": "du_1", "object": "dispute", "amount": 20000, "currency": "usd", "charge": "ch_1",
            "payment_intent": sale.intent_id, "reason": "fraudulent", "status": "needs_response",
        }  # fmt: skip
        event = await event_about(sandbox, sale.intent_id, "payment_intent.succeeded")
        event |= {"id": "evt_dispute", "type": "charge.dispute.created", "data": {"object": dispute}}
        assert read(await tell(derlg, event))["status"] == "processed"
        assert (await sale.payment())["dispute_status"] == "needs_response"
        assert await alerts(derlg) == ["A payment is disputed"]
        other = event | {"id": "evt_other", "data": {"object": dispute | {"payment_intent": "pi_of_another_shop"}}}
        assert read(await tell(derlg, other))["status"] == "processed"
        assert await derlg.rows("SELECT outcome FROM inbox WHERE event_id = 'evt_other'") == [{"outcome": "not_ours"}]

    async def test_money_that_bought_nothing_leaves_no_receipt(
        self, derlg: StorefrontClient, sale: Sale, sandbox: str, work: Work
    ) -> None:
        read(await sale.traveler.delete(f"/bookings/{sale.booking_id}"))
        (await pay(sandbox, sale.intent_id)).raise_for_status()
        await tell_all(derlg, sandbox, sale.intent_id)
        (row,) = await derlg.rows("SELECT id FROM refunds")
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        assert (await sale.payment())["status"] == "REFUNDED"
        assert await derlg.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'mail.refund_issued'") == []


async def test_a_later_payment_gives_back_first(derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
    """The change's payment covers the refund; the booking's own is left alone."""
    traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    clock.advance(timedelta(minutes=1))
    changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
    intent = await open_intent(traveler, change_id=changed["pending_change"]["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(derlg, sandbox, intent["payment_intent_id"])
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 2}))
    rows = await derlg.rows("SELECT payment_id, amount::text FROM refunds")
    assert rows == [{"payment_id": UUID(intent["payment_id"]), "amount": "100.00"}]
    payment = read(await admin.get(f"/payments/{intent['payment_id']}"))
    assert payment["booking_id"] == booking["id"]
    assert refusal(await traveler.get(f"/payments/{uuid4()}"), 404) == "PAYMENT_NOT_FOUND"


async def test_jobs_and_timers_do_what_they_are_named_for(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    waiting = await hold(traveler, await put_trip_on_sale(derlg))
    await open_intent(traveler, booking_id=waiting["id"])
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    read(await traveler.delete(f"/bookings/{waiting['id']}"))
    own = jobs.job_kinds(PAYABLES)
    await derlg.rows("DELETE FROM pgqueuer WHERE entrypoint <> ALL ($1)", [kind.name for kind in own])
    assert sorted(await do_jobs(work, own, ends_before="mail.refund_issued")) == [
        "payments.cancel_intent", "payments.read_card", "payments.send_refund",
    ]  # fmt: skip
    assert await derlg.rows("SELECT status FROM refunds") == [{"status": "SUCCEEDED"}]
    clock.advance(timedelta(minutes=10))
    for timer in jobs.timers(PAYABLES):
        await timer.handler(work)
    assert (read(await traveler.get(f"/bookings/{booking['id']}")))["status"] == "REFUNDED"


async def test_what_is_not_there_is_refused(derlg: StorefrontClient) -> None:
    nobody, now = uuid4(), derlg.runtime.clock.now()
    async with derlg.database.unit_of_work() as tx:
        for call in (
            queries.get_payment(tx, payment_id=nobody), queries.lock_payment(tx, payment_id=nobody),
            queries.get_refund(tx, refund_id=nobody), queries.lock_refund(tx, refund_id=nobody),
            queries.settle_refund(tx, refund_id=nobody, state=RefundState.FAILED, failure_reason=None,
                                  provider_refund_id=None, now=now),
            qr_queries.get_code(tx, payment_id=nobody), payout_queries.get_payout(tx, refund_id=nobody),
        ):  # fmt: skip
            with pytest.raises(Refusal):
                await call


async def test_an_event_that_another_handled_meanwhile_is_left_alone(
    derlg: StorefrontClient, sale: Sale, sandbox: str, work: Work
) -> None:
    await pay(sandbox, sale.intent_id, card="pm_card_chargeDeclined")
    event = await event_about(sandbox, sale.intent_id, "payment_intent.payment_failed")
    await tell(derlg, event)
    read_again = work.vendors.payments.read_event(payload=json.dumps(event).encode())
    now = derlg.runtime.clock.now()
    kept = InboxEvent(
        provider="stripe", event_id=read_again.id, name=read_again.name, payload="{}", is_live=False, received_at=now
    )
    async with derlg.database.unit_of_work() as tx:
        is_new = await events.handle(
            tx, kept=kept, event=read_again, payables=PAYABLES, storefront=derlg.storefront, now=now,
            origin=SYSTEM_ORIGIN,
        )  # fmt: skip
    assert not is_new
    assert (await sale.payment())["payment_attempts"] == 1
