"""Refunds of KHQR payments: a person pays them out and says so."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.khqr import ask_bank, open_qr, scan
from tests.support.selling import hold, hold_and_pay, put_trip_on_sale

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work


async def booked(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work, **code: str
) -> tuple[StorefrontClient, Any, Any]:
    """A booking of 200 dollars that was paid by code: its traveller, itself, the code."""
    traveler = await derlg.sign_in_as()
    booking = await hold(traveler, await put_trip_on_sale(derlg))
    made = await open_qr(traveler, booking_id=booking["id"], **code)
    await scan(bank, made, at=clock.now(), payer="dara@aclb")
    clock.advance(timedelta(seconds=2))
    assert await ask_bank(work) >= 1
    return traveler, read(await traveler.get(f"/bookings/{booking['id']}")), made


async def test_from_the_cancellation_to_the_mail(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    traveler, booking, _code = await booked(derlg, bank, clock, work)
    admin = await derlg.sign_in_as(Role.ADMIN)
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["status"] == "CANCELLED"
    page = await admin.get("/admin/refunds", params={"is_open": "true"})
    (task,) = read(page)
    assert page.json()["meta"]["total"] == 1
    assert task["purchase_reference"] == booking["booking_ref"]
    assert (task["amount"], task["currency"], task["status"], task["cause"]) == (
        "200.00", "USD", "PENDING", "CANCELLATION",
    )  # fmt: skip
    assert (task["payee_account"], task["customer_email"]) == ("dara@aclb", traveler.email)
    assert (task["booking_id"], task["order_id"], task["reference"]) == (booking["id"], None, None)

    done = read(await admin.post(f"/admin/refunds/{task['refund_id']}/settle", json={"reference": " ACLB-771 "}))
    assert (done["status"], done["reference"], done["paid_out_by"]) == ("SUCCEEDED", "ACLB-771", str(admin.user_id))
    after = read(await traveler.get(f"/bookings/{booking['id']}"))
    assert (after["status"], after["refunded_usd"]) == ("REFUNDED", "200.00")
    assert read(await admin.get("/admin/refunds", params={"is_open": "true"})) == []
    assert len(read(await admin.get("/admin/refunds"))) == 1
    trail = await derlg.rows(
        "SELECT action, actor_kind, actor_id, amount::text, detail ->> 'payout_reference' AS under FROM audit_entries "
        "WHERE action IN ('refund.succeeded', 'refund.paid_out') ORDER BY action"
    )
    assert trail == [
        {"action": "refund.paid_out", "actor_kind": "USER", "actor_id": admin.user_id, "amount": "200.00",
         "under": "ACLB-771"},
        {"action": "refund.succeeded", "actor_kind": "USER", "actor_id": admin.user_id, "amount": "200.00",
         "under": None},
    ]  # fmt: skip
    assert await derlg.rows("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'mail.refund_issued'") == [{"count": 1}]


async def test_parts_in_riel_add_up_to_the_dollars(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    traveler, booking, code = await booked(derlg, bank, clock, work, currency="KHR")
    assert (booking["paid_usd"], booking["loyalty_points_earned"]) == ("200.00", 200)
    admin = await derlg.sign_in_as(Role.ADMIN)
    clock.advance(timedelta(days=2))
    read(await traveler.patch(f"/bookings/{booking['id']}", json={"people_count": 1}))
    (half,) = read(await admin.get("/admin/refunds"))
    assert (half["cause"], half["currency"]) == ("MODIFICATION", "KHR")
    assert Decimal(half["amount"]) == Decimal(code["amount"]) / 2
    read(await admin.post(f"/admin/refunds/{half['refund_id']}/settle", json={"reference": "one half"}))
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["refunded_usd"] == "100.00"
    payment = read(await traveler.get(f"/payments/{code['payment_id']}"))
    assert (payment["status"], payment["refund_amount_usd"]) == ("PARTIALLY_REFUNDED", "100.00")
    too_much = {"amount": code["amount"], "reason": "Guide fell ill"}
    answer = await admin.post(f"/payments/{code['payment_id']}/refund", json=too_much)
    assert refusal(answer, 422) == "REFUND_EXCEEDS_CAPTURED"
    assert answer.json()["error"]["details"]["currency"] == "KHR"
    rest = read(await admin.post(f"/payments/{code['payment_id']}/refund", json={"reason": "Guide fell ill"}), 202)
    assert rest["refunds"][-1]["amount"] == half["amount"]
    task = read(await admin.get("/admin/refunds", params={"is_open": "true"}))[0]
    assert task["reason"] == "Guide fell ill"
    read(await admin.post(f"/admin/refunds/{task['refund_id']}/settle", json={"reference": "the rest"}))
    assert read(await traveler.get(f"/bookings/{booking['id']}"))["refunded_usd"] == "200.00"
    assert read(await traveler.get(f"/payments/{code['payment_id']}"))["status"] == "REFUNDED"


async def test_said_twice_it_is_done_once(derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work) -> None:
    traveler, booking, _code = await booked(derlg, bank, clock, work)
    first, second = await derlg.sign_in_as(Role.ADMIN), await derlg.sign_in_as(Role.ADMIN)
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    (task,) = read(await first.get("/admin/refunds"))
    path = f"/admin/refunds/{task['refund_id']}/settle"
    answers = await asyncio.gather(
        *(who.post(path, json={"reference": under}) for who, under in ((first, "A-1"), (second, "B-2")))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (kept,) = await derlg.rows("SELECT reference FROM payouts")
    again = read(await second.post(path, json={"reference": kept["reference"]}))
    assert again["reference"] == kept["reference"]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refusal(refused, 409) == "REFUND_ALREADY_PAID_OUT"
    assert refused.json()["error"]["details"]["reference"] == kept["reference"]
    assert await derlg.rows("SELECT count(*) FROM audit_entries WHERE action = 'refund.paid_out'") == [{"count": 1}]


async def test_who_may_and_what_for(derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work) -> None:
    traveler, booking, _code = await booked(derlg, bank, clock, work)
    admin = await derlg.sign_in_as(Role.ADMIN)
    card = await hold_and_pay(traveler, bank, await put_trip_on_sale(derlg))
    read(await traveler.delete(f"/bookings/{booking['id']}"))
    read(await traveler.delete(f"/bookings/{card['id']}"))
    tasks = read(await admin.get("/admin/refunds"))
    assert [task["booking_id"] for task in tasks] == [booking["id"]]  # the card's is the processor's to send
    path = f"/admin/refunds/{tasks[0]['refund_id']}/settle"
    assert refusal(await traveler.post(path, json={"reference": "mine now"}), 403) == "NOT_ALLOWED"
    assert refusal(await traveler.get("/admin/refunds"), 403) == "NOT_ALLOWED"
    assert faulty_fields(await admin.post(path, json={"reference": "  "})) == ["reference"]
    nobody = await admin.post(f"/admin/refunds/{uuid4()}/settle", json={"reference": "A-1"})
    assert refusal(nobody, 404) == "REFUND_NOT_FOUND"
    (other,) = await derlg.rows("SELECT id FROM refunds WHERE id <> $1::uuid", tasks[0]["refund_id"])
    answer = await admin.post(f"/admin/refunds/{other['id']}/settle", json={"reference": "A-1"})
    assert refusal(answer, 404) == "REFUND_NOT_FOUND"


async def test_the_list_takes_as_many_questions_for_many_as_for_one(
    derlg: StorefrontClient, bank: str, clock: FrozenClock, work: Work
) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)

    async def asked() -> int:
        async with derlg.statements() as said:
            read(await admin.get("/admin/refunds", params={"is_open": "true"}))
        return len([statement for statement in said if "payouts" in statement])

    for _ in range(2):
        traveler, booking, _code = await booked(derlg, bank, clock, work)
        read(await traveler.delete(f"/bookings/{booking['id']}"))
    first = await asked()
    for _ in range(3):
        traveler, booking, _code = await booked(derlg, bank, clock, work)
        read(await traveler.delete(f"/bookings/{booking['id']}"))
    assert await asked() == first
