"""One push from its cause to the device's screen: once, whatever happens on the way."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.trail import acts_on
from tests.support.work import do_jobs

from sojourn.care.notifications.service import DELIVER, deliver
from sojourn.people.effects import PASSWORD_CHANGED, account_mail
from sojourn.people.roles import Role
from sojourn.platform.jobs.queue import enqueue
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.push.port import PushUnavailable
from sojourn.providers.work import Work

ROWS = """
SELECT id, kind, recipient, status, provider, provider_id, attempts, last_error, language FROM notifications
 WHERE channel = 'PUSH' ORDER BY id
"""


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(email=f"traveler-{new_id()}@example.com")


@pytest.fixture
async def trip_id(derlg: StorefrontClient) -> UUID:
    return await put_trip_on_sale(derlg)


async def device(who: StorefrontClient, prefix: str = "token", **more: object) -> str:
    """A token that no other test's device has: the sandbox is shared."""
    token = f"{prefix}-{new_id()}"
    body = {"token": token, "platform": "android", **more}
    read(await who.post("/notifications/devices", json=body), 201)
    return token


async def wait_for_push(work: Work) -> UUID:
    """Do every job up to the deliveries, and leave only the push waiting: its id."""
    await do_jobs(work, ends_before=DELIVER)
    async with work.runtime.db.read() as connection:
        await connection.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", DELIVER)
        waiting: UUID = await connection.fetchval("SELECT id FROM notifications WHERE channel = 'PUSH'")
    return waiting


async def set_faults(sandbox: str, **push: int) -> None:
    async with httpx.AsyncClient(base_url=sandbox, timeout=10) as switchboard:
        answer = await switchboard.put("/_sandbox/faults", params={"account": "sojourn-derlg"}, json={"push": push})
    answer.raise_for_status()


async def test_every_device_hears_of_a_paid_booking_in_its_language(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, screen: Mailbox, sandbox: str
) -> None:
    phone, tablet = await device(traveler), await device(traveler, language="zh")
    booking = await hold_and_pay(traveler, sandbox, trip_id)
    done = await do_jobs(work)
    assert done.count(DELIVER) == 3
    (push,) = await screen(phone)
    assert push["title"] == "Your trip is booked"
    assert "$200.00" in push["body"]
    assert push["link"] == f"https://derlg.com/bookings/{booking['id']}"
    assert (push["data"]["kind"], push["data"]["subject_id"]) == ("BOOKING_CONFIRMED", booking["id"])
    (other,) = await screen(tablet)
    assert other["title"] != push["title"]
    assert len(await mailbox(traveler.email)) == 1
    rows = await traveler.rows(ROWS)
    assert {(row["status"], row["provider"], row["language"]) for row in rows} == {
        ("SENT", "fcm", "en"),
        ("SENT", "fcm", "zh"),
    }
    assert {row["provider_id"] for row in rows} == {push["id"], other["id"]}


async def test_the_same_cause_twice_is_one_push(
    traveler: StorefrontClient, trip_id: UUID, work: Work, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    booking = await hold(traveler, trip_id)
    intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
    await pay(sandbox, intent, card="pm_card_chargeDeclined")
    for _ in range(2):
        await tell_all(traveler, sandbox, intent)
    await do_jobs(work)
    (push,) = await screen(token)
    assert (push["title"], push["sends"]) == ("Your payment did not go through", 1)


async def test_a_crash_between_sending_and_marking_shows_one_push(
    traveler: StorefrontClient, trip_id: UUID, work: Work, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    await hold_and_pay(traveler, sandbox, trip_id)
    kept = await wait_for_push(work)
    await deliver(work, kept)
    # As the row would stand had the worker died before its second unit of work.
    await traveler.rows("UPDATE notifications SET status = 'QUEUED', provider_id = NULL WHERE id = $1", kept)
    await deliver(work, kept)
    (push,) = await screen(token)
    assert (push["sends"], push["key"]) == (2, str(kept))
    await deliver(work, kept)
    assert (await screen(token))[0]["sends"] == 2


@pytest.mark.parametrize("fate", ["unregistered", "mismatch", "malformed"])
async def test_a_dead_token_is_forgotten_and_the_mail_still_comes(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, sandbox: str, fate: str
) -> None:
    await device(traveler, fate)
    living = await device(traveler)
    await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    assert [row["token"] for row in await traveler.rows("SELECT token FROM devices")] == [living]
    outcomes = {row["status"]: row["last_error"] for row in await traveler.rows(ROWS)}
    assert outcomes["SENT"] is None
    assert "FCM answered 4" in outcomes["FAILED"]
    assert len(await mailbox(traveler.email)) == 1


async def test_a_service_that_is_down_is_tried_again_when_it_asks_to_be(
    traveler: StorefrontClient, trip_id: UUID, work: Work, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    await hold_and_pay(traveler, sandbox, trip_id)
    kept = await wait_for_push(work)
    await set_faults(sandbox, fail_next=1, status=429, retry_after=90)
    with pytest.raises(PushUnavailable) as fault:
        await deliver(work, kept)
    assert fault.value.after == timedelta(seconds=90)
    (waiting,) = await traveler.rows(ROWS)
    assert (waiting["status"], waiting["attempts"]) == ("QUEUED", 1)
    assert "QUOTA_EXCEEDED" in waiting["last_error"]
    await deliver(work, kept)
    assert len(await screen(token)) == 1


async def test_what_waits_for_a_device_that_changed_hands_is_not_shown_there(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, work: Work, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    await hold_and_pay(traveler, sandbox, trip_id)
    kept = await wait_for_push(work)
    buyer = await derlg.sign_in_as()
    read(await buyer.post("/notifications/devices", json={"token": token, "platform": "ios"}), 201)
    await deliver(work, kept)
    assert await screen(token) == []
    (row,) = await traveler.rows(ROWS)
    assert (row["status"], row["last_error"]) == ("FAILED", "device_gone: the device is gone")


async def test_who_wants_no_pushes_still_gets_the_mail(
    traveler: StorefrontClient, trip_id: UUID, work: Work, mailbox: Mailbox, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    shown = read(await traveler.patch("/users/me/preferences", json={"is_purchase_push_wanted": False}))
    assert not shown["is_purchase_push_wanted"]
    await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work)
    assert await screen(token) == []
    assert len(await mailbox(traveler.email)) == 1


async def test_what_concerns_the_accounts_safety_is_no_push(
    traveler: StorefrontClient, work: Work, screen: Mailbox, clock: FrozenClock
) -> None:
    token = await device(traveler)
    async with traveler.database.unit_of_work() as tx:
        await enqueue(tx, account_mail(PASSWORD_CHANGED, user_id=traveler.user_id, at=clock.now()))
    await do_jobs(work)
    assert await screen(token) == []


async def test_the_desk_sees_pushes_and_can_repeat_one(
    traveler: StorefrontClient, derlg: StorefrontClient, trip_id: UUID, work: Work, screen: Mailbox, sandbox: str
) -> None:
    token = await device(traveler)
    await hold_and_pay(traveler, sandbox, trip_id)
    await do_jobs(work, ends_before=DELIVER)
    await set_faults(sandbox, fail_next=1, status=400)
    (waiting,) = await derlg.rows(ROWS)
    await deliver(work, waiting["id"])
    admin = await derlg.sign_in_as(Role.ADMIN)
    (seen,) = read(await admin.get("/admin/notifications", params={"channel": "PUSH"}))
    assert (seen["channel"], seen["status"], seen["kind"]) == ("PUSH", "FAILED", "BOOKING_CONFIRMED")
    read(await admin.post(f"/admin/notifications/{seen['id']}/retry"))
    assert await acts_on(admin, seen["id"]) == [("notification.repeated", admin.user_id)]
    await do_jobs(work)
    assert len(await screen(token)) == 1
    mails = read(await admin.get("/admin/notifications", params={"channel": "MAIL"}))
    assert {mail["channel"] for mail in mails} == {"MAIL"}
