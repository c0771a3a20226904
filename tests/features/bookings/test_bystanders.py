"""Somebody books, pays, changes and cancels beside somebody else who has done the same, in every state there is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from tests.features.orders.conftest import grant
from tests.support.bystanders import book_everything, nobody_else_is_touched, pay_code
from tests.support.client import StorefrontClient, read
from tests.support.khqr import open_qr, scan
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.work import do_jobs

from sojourn.people.roles import Role
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import complete_ended, tidy_lapsed_holds


@pytest.fixture
async def beside(
    derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
) -> AsyncIterator[tuple[StorefrontClient, UUID]]:
    """A traveller who has nothing yet, and the trip that somebody else has booked in every way. What is that
    somebody's is at the end of the test as it was."""
    trip_id = await put_trip_on_sale(derlg, seats=40)
    admin = await derlg.sign_in_as(Role.ADMIN)
    await book_everything(await derlg.sign_in_as(), sandbox, clock, trip_id, admin, work)
    async with nobody_else_is_touched(derlg):
        yield await derlg.sign_in_as(), trip_id


async def test_an_open_hold_is_extended_changed_and_given_up(
    beside: tuple[StorefrontClient, UUID], clock: FrozenClock
) -> None:
    guest, trip_id = beside
    booking = await hold(guest, trip_id)
    first = await open_intent(guest, booking_id=booking["id"])
    assert await open_intent(guest, booking_id=booking["id"]) == first
    extended = read(await guest.post(f"/bookings/{booking['id']}/extend"))
    changed = read(await guest.patch(f"/bookings/{booking['id']}", json={"people_count": 3}))
    assert (changed["total_usd"], len(changed["lines"])) == ("300.00", 1)
    second = await open_intent(guest, booking_id=booking["id"])
    assert (second["amount"], second["expires_at"][:19]) == ("300.00", extended["reserved_until"][:19])
    clock.advance(timedelta(minutes=15))
    code = await open_qr(guest, booking_id=booking["id"])
    assert code["payment_id"] not in {first["payment_id"], second["payment_id"]}
    read(await guest.delete(f"/bookings/{booking['id']}"))
    states = {row["id"]: row["status"] for row in read(await guest.get("/payments"))}
    assert states == {one["payment_id"]: "FAILED" for one in (first, second, code)}


async def test_a_hold_that_lapses_is_tidied_alone(
    beside: tuple[StorefrontClient, UUID], clock: FrozenClock, work: Work
) -> None:
    guest, trip_id = beside
    await grant(guest, 300)
    booking = await hold(guest, trip_id, loyalty_points=100)
    await open_intent(guest, booking_id=booking["id"])
    clock.advance(timedelta(minutes=16))
    await tidy_lapsed_holds(work)
    assert await guest.rows("SELECT id::text, status FROM bookings WHERE user_id = $1", guest.user_id) == [
        {"id": booking["id"], "status": "EXPIRED"}
    ]
    assert read(await guest.get("/loyalty/balance"))["reserved"] == 0


async def test_paid_changed_refunded_and_travelled(
    beside: tuple[StorefrontClient, UUID], sandbox: str, clock: FrozenClock, work: Work
) -> None:
    guest, trip_id = beside
    await grant(guest, 300)
    booking = await hold_and_pay(guest, sandbox, trip_id, loyalty_points=100)
    path = f"/bookings/{booking['id']}"
    assert (booking["status"], booking["paid_usd"], booking["loyalty_points_earned"]) == ("CONFIRMED", "199.00", 199)
    dearer = read(await guest.patch(path, json={"people_count": 3}))
    assert dearer["pending_change"]["amount_due"] == "100.00"
    intent = await open_intent(guest, change_id=dearer["pending_change"]["id"])
    for card in ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa"):
        await pay(sandbox, intent["payment_intent_id"], card=card)
        await tell_all(guest, sandbox, intent["payment_intent_id"])
    assert read(await guest.get(path))["paid_usd"] == "299.00"
    paid = read(await guest.get(f"/payments/{intent['payment_id']}"))
    assert (paid["booking_id"], paid["refunds"]) == (booking["id"], [])
    failed = "SELECT payload ->> 'booking_id' AS of FROM user_events WHERE user_id = $1 AND kind = 'payment.failed'"
    assert await guest.rows(failed, guest.user_id) == [{"of": booking["id"]}]
    attempts = "SELECT payment_attempts FROM payments WHERE id = $1"
    assert await guest.rows(attempts, intent["payment_id"]) == [{"payment_attempts": 2}]
    read(await guest.patch(path, json={"people_count": 2}))
    await do_jobs(work)
    after = read(await guest.get(path))
    assert (after["total_usd"], after["refunded_usd"]) == ("199.00", "100.00")
    clock.advance(timedelta(days=60))
    await complete_ended(work)
    assert read(await guest.get(path))["status"] == "COMPLETED"
    balance = read(await guest.get("/loyalty/balance"))
    # 200 left, 33 of the 100 spent returned with a third of the money, 199 and 100 earned but for a third each.
    assert (balance["available"], balance["pending"], balance["debt"]) == (200 + 33 + 132 + 66, 0, 0)


async def test_paid_by_code_and_by_card_and_given_back(
    beside: tuple[StorefrontClient, UUID], derlg: StorefrontClient, sandbox: str, clock: FrozenClock, work: Work
) -> None:
    guest, trip_id = beside
    by_code = await hold(guest, trip_id)
    code = await pay_code(guest, sandbox, clock, by_code, payer="dara@aclb")
    by_card = await hold_and_pay(guest, sandbox, trip_id)
    for booking in (by_code, by_card):
        shown = read(await guest.get(f"/bookings/{booking['id']}/cancellation-preview"))
        assert (shown["refund_amount"], shown["points_taken_back"]) == ("200.00", 200)
        read(await guest.post(f"/bookings/{booking['id']}/cancel", json={"quote_id": shown["quote_id"]}))
    await do_jobs(work)
    assert read(await guest.get(f"/bookings/{by_card['id']}"))["status"] == "REFUNDED"
    assert read(await guest.get(f"/bookings/{by_code['id']}"))["status"] == "CANCELLED"
    admin = await derlg.sign_in_as(Role.ADMIN)
    answer = await admin.get("/admin/refunds", params={"is_open": "true"})
    open_ones = read(answer)
    assert ([one["payee_account"] for one in open_ones], answer.json()["meta"]["total"]) == (
        ["dara@aclb", "not@yet"],
        2,
    )
    everything = await admin.get("/admin/refunds", params={"per_page": 1})
    assert ([one["payee_account"] for one in read(everything)], everything.json()["meta"]["total"]) == (
        ["dara@aclb"],
        3,
    )
    [task] = [one for one in open_ones if one["payee_account"] == "dara@aclb"]
    assert (len(open_ones), task["payment_id"], task["booking_id"]) == (2, code["payment_id"], by_code["id"])
    read(await admin.post(f"/admin/refunds/{task['refund_id']}/settle", json={"reference": "B-2"}))
    assert read(await guest.get(f"/bookings/{by_code['id']}"))["status"] == "REFUNDED"
    balance = read(await guest.get("/loyalty/balance"))
    assert (balance["available"], balance["pending"], balance["debt"]) == (0, 0, 0)


async def test_a_change_that_waits_is_called_off(
    beside: tuple[StorefrontClient, UUID], sandbox: str, clock: FrozenClock
) -> None:
    guest, trip_id = beside
    booking = await hold_and_pay(guest, sandbox, trip_id)
    path = f"/bookings/{booking['id']}"
    for people in (3, 4, 5):
        changed = read(await guest.patch(path, json={"people_count": people}))
        if people == 3:
            intent = await open_intent(guest, change_id=changed["pending_change"]["id"])
            await pay(sandbox, intent["payment_intent_id"])
            await tell_all(guest, sandbox, intent["payment_intent_id"])
        clock.advance(timedelta(minutes=16))
    read(await guest.delete(path))
    changes = "SELECT id, status FROM booking_changes WHERE booking_id = $1 ORDER BY created_at"
    rows = await guest.rows(changes, UUID(booking["id"]))
    assert [row["status"] for row in rows] == ["APPLIED", "CANCELLED", "CANCELLED"]
    kept = "SELECT id FROM claims WHERE purchase_id = ANY ($1) AND released_at IS NULL"
    assert await guest.rows(kept, [UUID(booking["id"]), *(row["id"] for row in rows)]) == []


async def test_two_codes_of_one_payer_are_told_apart(
    beside: tuple[StorefrontClient, UUID], sandbox: str, clock: FrozenClock
) -> None:
    guest, trip_id = beside
    bookings = [await hold(guest, trip_id) for _ in range(2)]
    first, second = [await open_qr(guest, booking_id=booking["id"]) for booking in bookings]
    again = [await open_qr(guest, booking_id=booking["id"]) for booking in bookings]
    assert [one["qr_string"] for one in again] == [first["qr_string"], second["qr_string"]]
    pictures = [await guest.get(f"/payments/{code['payment_id']}/qr.svg") for code in (first, second)]
    assert pictures[0].content != pictures[1].content
    await scan(sandbox, second, at=clock.now(), payer="dara@aclb")
    clock.advance(timedelta(seconds=2))
    looks = [read(await guest.get(f"/payments/{code['payment_id']}/status"))["status"] for code in (first, second)]
    assert looks == ["PENDING", "SUCCEEDED"]
