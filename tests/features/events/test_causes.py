"""What happens to purchases is told, in the transaction and the statement of its cause."""

import json
from datetime import timedelta
from typing import Any

from tests.features.orders.conftest import Shop
from tests.support.client import StorefrontClient, read
from tests.support.selling import events_of, hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell, tell_all
from tests.support.work import do_jobs

from sojourn.channels.events import jobs
from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import tidy_lapsed_holds


async def told(client: StorefrontClient) -> list[dict[str, Any]]:
    """The signed-in customer's events as they are kept, oldest first."""
    rows = await client.rows("SELECT kind, payload FROM user_events WHERE user_id = $1 ORDER BY id", client.user_id)
    return [{"kind": row["kind"], **row["payload"]} for row in rows]


async def test_a_payment_and_its_booking(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    about = {"booking_id": booking["id"], "reference": booking["booking_ref"]}
    payment_id = booking["payment"]["id"]
    assert await told(traveler) == [
        {
            "kind": "payment.succeeded", **about, "payment_id": payment_id, "status": "SUCCEEDED", "amount": "200.00",
            "currency": "USD",
        },
        {"kind": "booking.confirmed", **about, "status": "CONFIRMED"},
    ]  # fmt: skip


async def test_told_three_times_it_is_kept_once(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    for _ in range(2):
        await tell_all(derlg, sandbox, booking["payment"]["stripe_payment_intent_id"])
    assert len(await told(traveler)) == 2


async def test_keeping_events_costs_the_webhook_no_round_trip(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    await pay(sandbox, intent)
    [succeeded] = [e for e in await events_of(sandbox, intent) if e["type"] == "payment_intent.succeeded"]
    async with derlg.statements() as said:
        read(await tell(derlg, succeeded))
    [keeping] = [statement for statement in said if "user_events" in statement]
    assert "INSERT INTO pgqueuer" in keeping


async def test_a_declined_card(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    await pay(sandbox, intent, card="pm_card_chargeDeclined")
    await tell_all(derlg, sandbox, intent)
    [failed] = await told(traveler)
    assert (failed["kind"], failed["booking_id"], failed["status"]) == ("payment.failed", booking["id"], "FAILED")
    assert failed["reason"] == "generic_decline"


async def test_a_cancellation_and_its_refund(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    await do_jobs(work)
    cancelled, refunded = (await told(traveler))[2:]
    assert (cancelled["kind"], cancelled["status"]) == ("booking.cancelled", "CANCELLED")
    assert cancelled["reason"] == "CANCELLED_BY_CUSTOMER"
    assert (refunded["kind"], refunded["status"], refunded["amount"]) == ("payment.refunded", "REFUNDED", "200.00")
    assert refunded["booking_id"] == booking["id"]


async def test_a_part_given_back_by_the_desk(derlg: StorefrontClient, sandbox: str, work: Work) -> None:
    traveler, admin = await derlg.sign_in_as(), await derlg.sign_in_as(Role.ADMIN)
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    body = {"amount": "50.00", "reason": "A day of rain"}
    read(await admin.post(f"/payments/{booking['payment']['id']}/refund", json=body), 202)
    await do_jobs(work)
    refunded = (await told(traveler))[-1]
    assert (refunded["kind"], refunded["status"], refunded["amount"]) == (
        "payment.refunded", "PARTIALLY_REFUNDED", "50.00",
    )  # fmt: skip


async def test_a_hold_that_lapses_and_money_that_comes_too_late(
    derlg: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    trip_id = await put_trip_on_sale(derlg, seats=2)
    late, quick = await derlg.sign_in_as(), await derlg.sign_in_as()
    booking = await hold(late, trip_id)
    intent = (await open_intent(late, booking_id=booking["id"]))["payment_intent_id"]
    clock.advance(timedelta(minutes=16))
    await tidy_lapsed_holds(work)
    [expired] = await told(late)
    assert (expired["kind"], expired["status"], expired["reason"]) == ("booking.expired", "CANCELLED", "HOLD_EXPIRED")
    await hold(quick, trip_id)
    await pay(sandbox, intent)
    await tell_all(derlg, sandbox, intent)
    await do_jobs(work)
    kinds = [(event["kind"], event.get("reason")) for event in (await told(late))[1:]]
    assert kinds == [("payment.returned", "LATE"), ("payment.refunded", None)]


async def test_a_change_that_is_paid_for_names_its_booking(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    changed = read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
    change_id = changed["pending_change"]["id"]
    intent = (await open_intent(traveler, change_id=change_id))["payment_intent_id"]
    await pay(sandbox, intent, card="pm_card_chargeDeclined")
    await pay(sandbox, intent)
    await tell_all(derlg, sandbox, intent)
    news = (await told(traveler))[2:]
    assert sorted(event["kind"] for event in news) == ["booking.modified", "payment.failed", "payment.succeeded"]
    assert {event["booking_id"] for event in news} == {booking["id"]}
    assert {event.get("booking_change_id") for event in news if event["kind"] != "booking.modified"} == {change_id}


async def test_an_order(holyone: StorefrontClient, sandbox: str) -> None:
    shop, customer = Shop(await holyone.sign_in_as(Role.ADMIN), sandbox), await holyone.sign_in_as()
    await shop.sell("professional", "MAIN", fee="249.00", government="50.00")
    order = await shop.paid(customer)
    succeeded, confirmed = await told(customer)
    assert (succeeded["kind"], succeeded["order_id"]) == ("payment.succeeded", order["id"])
    assert (confirmed["kind"], confirmed["status"]) == ("order.confirmed", "CONFIRMED")
    await shop.move(order, status="IN_PROGRESS")
    read(await shop.office.patch(f"/orders/{order['id']}/cancel", json={}))
    moved, cancelled = (await told(customer))[2:]
    assert (moved["kind"], moved["status"]) == ("order.status_changed", "IN_PROGRESS")
    assert (cancelled["kind"], cancelled["status"]) == ("order.cancelled", "CANCELLED")


async def test_without_redis_no_job_is_queued_to_publish(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    assert await derlg.rows("SELECT payload FROM pgqueuer WHERE entrypoint = 'events.publish'") == []


async def test_they_are_forgotten_after_seven_days(
    derlg: StorefrontClient, sandbox: str, work: Work, clock: FrozenClock
) -> None:
    traveler = await derlg.sign_in_as()
    await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    clock.advance(timedelta(days=7))
    await jobs.forget_old(work)
    assert len(await told(traveler)) == 2
    clock.advance(timedelta(seconds=1))
    await jobs.forget_old(work)
    assert await told(traveler) == []


async def test_what_is_kept_is_what_the_stream_documents(derlg: StorefrontClient, sandbox: str) -> None:
    """Nothing but ids, words and amounts as text: no names, no addresses, no card."""
    traveler = await derlg.sign_in_as()
    await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    text = json.dumps(await told(traveler))
    assert traveler.email not in text
    assert "4242" not in text
