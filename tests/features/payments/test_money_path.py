"""The money path over HTTP, with the provider's real SDK on our side and the sandbox on the other."""

import asyncio
import copy
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.selling import events_of, hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell, tell_all

from sojourn.modules import PAYABLES
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.payments import reconciliation, refunds


def success(events: list[dict[str, Any]]) -> dict[str, Any]:
    return next(event for event in events if event["type"] == "payment_intent.succeeded")


async def paid_intent(traveler: StorefrontClient, sandbox: str, booking_id: str) -> Any:
    intent = await open_intent(traveler, booking_id=booking_id)
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    return intent


async def jobs_of(client: StorefrontClient, kind: str) -> list[dict[str, Any]]:
    rows = await client.rows("SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", kind)
    return [json.loads(row["payload"]) for row in rows]


class TestIntent:
    async def test_asks_for_what_is_due_and_twice_for_the_same(self, derlg: StorefrontClient) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        first = await open_intent(traveler, booking_id=booking["id"], amount="200.00", currency="usd")
        second = await open_intent(traveler, booking_id=booking["id"])
        assert first == second
        assert first["client_secret"]
        assert len(await derlg.rows("SELECT id FROM payments")) == 1

    @pytest.mark.parametrize("lie", [{"amount": "1.00"}, {"currency": "KHR"}, {"amount": "200.01"}])
    async def test_refuses_an_amount_that_is_not_due(self, derlg: StorefrontClient, lie: dict[str, str]) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        answer = await traveler.post("/payments/create-intent", json={"booking_id": booking["id"], **lie})
        assert refusal(answer, 422) == "AMOUNT_MISMATCH"

    async def test_refuses_what_cannot_be_paid(self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler, other = await derlg.sign_in_as(), await derlg.sign_in_as()
        held, gone = await hold(traveler, trip_id), await hold(traveler, trip_id)
        paid = await hold_and_pay(traveler, sandbox, trip_id)
        read(await traveler.delete(f"/bookings/{gone['id']}"))

        async def code(client: StorefrontClient, booking_id: str, status: int) -> str:
            return refusal(await client.post("/payments/create-intent", json={"booking_id": booking_id}), status)

        assert await code(traveler, paid["id"], 409) == "ALREADY_PAID"
        assert await code(traveler, gone["id"], 409) == "PURCHASE_CANCELLED"
        assert await code(other, held["id"], 404) == "PURCHASE_NOT_FOUND"
        assert await code(traveler, str(uuid4()), 404) == "PURCHASE_NOT_FOUND"
        clock.advance(timedelta(minutes=15))
        assert await code(traveler, held["id"], 409) == "HOLD_EXPIRED"
        assert faulty_fields(await traveler.post("/payments/create-intent", json={}))


class TestSettlement:
    async def test_confirms_the_booking_once(self, derlg: StorefrontClient, sandbox: str, work: Work) -> None:
        trip_id = await put_trip_on_sale(derlg, price="100.40")
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, trip_id)
        assert booking["status"] == "CONFIRMED"
        assert booking["payment"]["status"] == "SUCCEEDED"
        assert booking["loyalty_points_earned"] == 200
        (job,) = await jobs_of(derlg, "payments.read_card")
        await reconciliation.read_card(work, payment_id=UUID(job["payment_id"]))
        payment = read(await traveler.get(f"/payments/{booking['payment']['id']}"))
        assert (payment["card_brand"], payment["card_last4"]) == ("visa", "4242")
        history = read(await traveler.get("/loyalty/history"))
        assert [(entry["points"], entry["status"]) for entry in history] == [(200, "PENDING")]
        claims = await derlg.rows("SELECT expires_at FROM claims WHERE released_at IS NULL")
        assert claims == [{"expires_at": None}]
        assert len(await jobs_of(derlg, "mail.booking_confirmed")) == 1

    async def test_three_webhooks_and_two_confirms_at_once(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        confirm = {"booking_id": booking["id"], "payment_intent_id": intent["payment_intent_id"]}
        answers = await asyncio.gather(
            *(tell(derlg, event) for _ in range(3)),
            *(traveler.post("/payments/confirm", json=confirm) for _ in range(2)),
        )
        assert [answer.status_code for answer in answers] == [200] * 5
        assert len(await derlg.rows("SELECT id FROM payments WHERE captured_amount > 0")) == 1
        assert len(await derlg.rows("SELECT id FROM loyalty_transactions")) == 1
        assert len(await jobs_of(derlg, "mail.booking_confirmed")) == 1
        assert len(await derlg.rows("SELECT id FROM audit_entries WHERE action = 'payment.captured'")) == 1
        payment = read(await traveler.get(f"/payments/{intent['payment_id']}"))
        assert (payment["card_brand"], payment["card_last4"]) == ("visa", "4242")
        assert await derlg.rows("SELECT handled_at FROM inbox WHERE handled_at IS NULL") == []

    async def test_in_any_order(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        intent = await open_intent(traveler, booking_id=booking["id"])
        declined = await pay(sandbox, intent["payment_intent_id"], card="pm_card_chargeDeclined")
        assert declined.status_code == 402
        await pay(sandbox, intent["payment_intent_id"])
        for event in reversed(await events_of(sandbox, intent["payment_intent_id"])):
            read(await tell(derlg, event))
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["payment"]["status"]) == ("CONFIRMED", "SUCCEEDED")
        assert await jobs_of(derlg, "mail.payment_failed") == []

    async def test_a_declined_card_may_be_followed_by_another(self, derlg: StorefrontClient, sandbox: str) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await open_intent(traveler, booking_id=booking["id"])
        await pay(sandbox, intent["payment_intent_id"], card="pm_card_chargeDeclinedInsufficientFunds")
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        failed = read(await traveler.get(f"/payments/{intent['payment_id']}"))
        assert (failed["status"], failed["failure_code"]) == ("FAILED", "insufficient_funds")
        assert len(await jobs_of(derlg, "mail.payment_failed")) == 1
        answer = await traveler.post(
            "/payments/confirm",
            json={"booking_id": booking["id"], "payment_intent_id": intent["payment_intent_id"]},
        )
        assert refusal(answer, 402) == "PAYMENT_NOT_SUCCEEDED"
        assert await open_intent(traveler, booking_id=booking["id"]) == intent
        await pay(sandbox, intent["payment_intent_id"])
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"

    async def test_confirm_takes_no_ones_word(self, derlg: StorefrontClient, sandbox: str) -> None:
        trip_id = await put_trip_on_sale(derlg)
        traveler, other = await derlg.sign_in_as(), await derlg.sign_in_as()
        booking, cheap = await hold(traveler, trip_id), await hold(other, trip_id, people=1)
        unpaid = await open_intent(traveler, booking_id=booking["id"])
        paid = await paid_intent(other, sandbox, cheap["id"])

        async def confirm(client: StorefrontClient, booking_id: str, intent_id: str) -> httpx.Response:
            body = {"booking_id": booking_id, "payment_intent_id": intent_id}
            return await client.post("/payments/confirm", json=body)

        unpaid_id, paid_id = unpaid["payment_intent_id"], paid["payment_intent_id"]
        assert refusal(await confirm(traveler, booking["id"], unpaid_id), 402) == "PAYMENT_NOT_SUCCEEDED"
        assert refusal(await confirm(traveler, booking["id"], paid_id), 422) == "PAYMENT_INTENT_MISMATCH"
        assert refusal(await confirm(traveler, booking["id"], "pi_invented"), 422) == "PAYMENT_INTENT_MISMATCH"
        assert refusal(await confirm(traveler, cheap["id"], paid_id), 404) == "PURCHASE_NOT_FOUND"
        assert refusal(await traveler.get(f"/payments/{paid['payment_id']}"), 404) == "PAYMENT_NOT_FOUND"
        assert [payment["id"] for payment in read(await traveler.get("/payments"))] == [unpaid["payment_id"]]
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"


class TestMoneyThatBuysNothing:
    @pytest.mark.parametrize(
        "lie", [{"amount_received": 100}, {"currency": "khr"}, {"livemode": True}, {"amount_received": 10**11}]
    )
    async def test_a_mismatch_confirms_nothing_and_goes_back(
        self, derlg: StorefrontClient, sandbox: str, lie: dict[str, object]
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = copy.deepcopy(success(await events_of(sandbox, intent["payment_intent_id"])))
        event["data"]["object"] |= lie
        event["livemode"] = bool(lie.get("livemode", False))
        read(await tell(derlg, event))
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"
        rows = await derlg.rows("SELECT disposition FROM payments")
        assert rows == [{"disposition": "MISMATCH"}]
        assert len(await derlg.rows("SELECT id FROM refunds WHERE cause = 'MISMATCH'")) == 1
        assert len(await jobs_of(derlg, "mail.staff_alert")) == 1

    async def test_late_and_still_free_is_honoured(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        clock.advance(timedelta(minutes=20))
        event["created"] = int(clock.now().timestamp())
        read(await tell(derlg, event))
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["late_payment"], after["total_usd"]) == ("CONFIRMED", True, "200.00")

    async def test_late_and_gone_goes_back_in_full(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
    ) -> None:
        trip_id = await put_trip_on_sale(derlg, seats=2)
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, trip_id)
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        clock.advance(timedelta(minutes=20))
        await hold(await derlg.sign_in_as(), trip_id)
        event["created"] = int(clock.now().timestamp())
        read(await tell(derlg, event))
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["cancellation_reason"]) == ("CANCELLED", "HOLD_EXPIRED")
        assert await derlg.rows("SELECT amount::text, cause FROM refunds") == [{"amount": "200.00", "cause": "LATE"}]
        assert len(await jobs_of(derlg, "mail.late_payment_refunded")) == 1

    async def test_paid_after_the_owner_cancelled_goes_back(self, derlg: StorefrontClient, sandbox: str) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        assert await derlg.rows("SELECT disposition FROM payments") == [{"disposition": "CANCELLED_PURCHASE"}]
        assert len(await jobs_of(derlg, "mail.payment_returned")) == 1
        assert await derlg.rows("SELECT amount::text FROM refunds") == [{"amount": "200.00"}]

    async def test_a_second_success_is_a_duplicate(self, derlg: StorefrontClient, sandbox: str) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        first = await paid_intent(traveler, sandbox, booking["id"])
        changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
        assert changed["total_usd"] == "100.00"
        second = await paid_intent(traveler, sandbox, booking["id"])
        await tell_all(derlg, sandbox, second["payment_intent_id"])
        await tell_all(derlg, sandbox, first["payment_intent_id"])
        rows = await derlg.rows("SELECT disposition FROM payments ORDER BY amount DESC")
        assert [row["disposition"] for row in rows] == ["DUPLICATE", "APPLIED"]
        assert await derlg.rows("SELECT amount::text, cause FROM refunds") == [
            {"amount": "200.00", "cause": "DUPLICATE"}
        ]


class TestWebhookUnderAttack:
    async def test_forged_old_and_unreadable_are_refused(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        assert refusal(await tell(derlg, event, secret="whsec_guessed"), 400) == "BAD_SIGNATURE"
        assert refusal(await derlg.post("/payments/webhook", json=event), 400) == "BAD_SIGNATURE"
        header = {"Stripe-Signature": "t=1,v1=" + "0" * 64}
        assert refusal(await derlg.post("/payments/webhook", json=event, headers=header), 400) == "BAD_SIGNATURE"
        assert refusal(await tell(derlg, {"id": "evt_1", "object": "event"}), 400) == "UNREADABLE_EVENT"
        assert await derlg.rows("SELECT event_id FROM inbox") == []
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"

    async def test_replayed_is_processed_once(self, derlg: StorefrontClient, sandbox: str) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        assert [read(await tell(derlg, event))["status"] for _ in range(3)] == [
            "processed", "already_processed", "already_processed",
        ]  # fmt: skip

    async def test_one_storefronts_signature_opens_no_other(
        self, derlg: StorefrontClient, holyone: StorefrontClient, sandbox: str
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        assert refusal(await tell(holyone, event, secret="whsec_derlg"), 400) == "BAD_SIGNATURE"
        assert read(await tell(holyone, event))["status"] == "processed"
        assert await holyone.rows("SELECT outcome FROM inbox") == [{"outcome": "unknown_intent"}]


class TestRefunds:
    async def test_parts_never_exceed_the_whole(self, derlg: StorefrontClient, sandbox: str, work: Work) -> None:
        traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
        booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
        path = f"/payments/{booking['payment']['id']}/refund"
        part = {"amount": "60.00", "reason": "Guide was late"}
        answers = await asyncio.gather(*(admin.post(path, json=part) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [202, 202, 202, 422, 422]
        assert refusal(await traveler.post(path, json=part), 403) == "NOT_ALLOWED"
        for row in await derlg.rows("SELECT id FROM refunds"):
            await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
            await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        payment = read(await admin.get(f"/payments/{booking['payment']['id']}"))
        assert (payment["status"], payment["refund_amount"]) == ("PARTIALLY_REFUNDED", "180.00")
        rest = read(await admin.post(path, json={"reason": "The rest as well"}), 202)
        assert rest["refunds"][-1]["amount"] == "20.00"
        assert refusal(await admin.post(path, json={"reason": "Once more"}), 409) == "NOTHING_TO_REFUND"

    async def test_cancel_refund_and_points_taken_back(self, derlg: StorefrontClient, sandbox: str, work: Work) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        (row,) = await derlg.rows("SELECT id FROM refunds")
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        after = read(await traveler.get(f"/bookings/{booking['id']}"))
        assert (after["status"], after["refunded_usd"]) == ("REFUNDED", "200.00")
        balance = read(await traveler.get("/loyalty/balance"))
        assert (balance["available"], balance["pending"]) == (0, 0)
        await tell_all(derlg, sandbox, booking["payment"]["stripe_payment_intent_id"])
        assert len(await jobs_of(derlg, "mail.refund_issued")) == 1

    async def test_a_failing_refund_gives_the_balance_back_and_alerts(
        self, derlg: StorefrontClient, sandbox: str, work: Work
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await open_intent(traveler, booking_id=booking["id"])
        await pay(sandbox, intent["payment_intent_id"], card="pm_card_refundFail")
        await tell_all(derlg, sandbox, intent["payment_intent_id"])
        read(await traveler.delete(f"/bookings/{booking['id']}"))
        (row,) = await derlg.rows("SELECT id FROM refunds")
        await refunds.send(work, payables=PAYABLES, refund_id=row["id"])
        async for _ in _until_failed(derlg, sandbox, intent["payment_intent_id"]):
            pass
        (refund,) = await derlg.rows("SELECT status FROM refunds")
        assert refund["status"] == "FAILED"
        (payment,) = await derlg.rows("SELECT status, refunded_amount::text FROM payments")
        assert payment == {"status": "SUCCEEDED", "refunded_amount": "0.00"}
        assert len(await jobs_of(derlg, "mail.staff_alert")) == 1


async def _until_failed(client: StorefrontClient, sandbox: str, intent_id: str) -> Any:
    """Deliver what the provider says until the refund has failed there (it does so a moment later)."""
    async with asyncio.timeout(10):
        while True:
            events = await events_of(sandbox, intent_id)
            if any(event["type"] == "refund.failed" for event in events):
                break
            yield
            await asyncio.sleep(0.05)
    for event in events:
        read(await tell(client, event))


class TestLostWebhooks:
    async def test_reconciliation_finds_the_payment(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        await paid_intent(traveler, sandbox, booking["id"])
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0
        clock.advance(timedelta(minutes=3))
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 1
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
        assert await reconciliation.ask_about_waiting(work, payables=PAYABLES) == 0

    async def test_a_stored_event_that_failed_is_tried_again(
        self, derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
    ) -> None:
        traveler = await derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(derlg))
        intent = await paid_intent(traveler, sandbox, booking["id"])
        event = success(await events_of(sandbox, intent["payment_intent_id"]))
        async with derlg.database.read() as connection:
            await connection.execute("ALTER TABLE loyalty_lots RENAME TO loyalty_lots_gone")
        try:
            assert read(await tell(derlg, event))["status"] == "stored"
        finally:
            async with derlg.database.read() as connection:
                await connection.execute("ALTER TABLE loyalty_lots_gone RENAME TO loyalty_lots")
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "RESERVED"
        clock.advance(timedelta(minutes=1))
        assert await reconciliation.retry_events(work, payables=PAYABLES) == 1
        assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CONFIRMED"
