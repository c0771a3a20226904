"""Travel reminders: every booking once, on the morning before, and sensibly after downtime."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.features.stock.conftest import open_shop
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.selling import TRAVEL_DATE, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.work import do_jobs

from sojourn.care.notifications.handlers_bookings import send_reminders
from sojourn.platform.kit.clock import FrozenClock, start_of_day
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

MIDNIGHT = start_of_day(TRAVEL_DATE, "Asia/Phnom_Penh")  # as the day of travel begins
REMINDERS = "SELECT recipient, channel, context FROM notifications WHERE kind = 'BOOKING_REMINDER' ORDER BY id"


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(email=f"traveler-{new_id()}@example.com")


def set_to(clock: FrozenClock, moment: datetime) -> None:
    clock.advance(moment - clock.now())


async def buy(traveler: StorefrontClient, sandbox: str, **wanted: object) -> Any:
    body = {"travel_date": TRAVEL_DATE.isoformat(), "people_count": 2, "pickup_location": "Airport", **wanted}
    booking = read(await traveler.post("/bookings", json=body), 201)
    intent = await open_intent(traveler, booking_id=booking["id"])
    (await pay(sandbox, intent["payment_intent_id"])).raise_for_status()
    await tell_all(traveler, sandbox, intent["payment_intent_id"])
    return booking


async def test_all_four_kinds_of_booking_are_reminded_once_by_mail_and_push(
    derlg: StorefrontClient, traveler: StorefrontClient, work: Work, mailbox: Mailbox, screen: Mailbox, sandbox: str,
    clock: FrozenClock,
) -> None:  # fmt: skip
    shop, trip_id = await open_shop(derlg), await put_trip_on_sale(derlg)
    until = {"end_date": (TRAVEL_DATE + timedelta(days=2)).isoformat()}
    bought = [
        await buy(traveler, sandbox, trip_id=str(trip_id)),
        await buy(traveler, sandbox, booking_type="HOTEL_ONLY", hotel_room_id=shop.room_id, **until),
        await buy(traveler, sandbox, booking_type="TRANSPORT_ONLY", vehicle_id=shop.vehicle["id"], **until),
        await buy(traveler, sandbox, booking_type="GUIDE_ONLY", guide_id=shop.guide["id"], **until),
    ]
    await do_jobs(work)
    before = len(await mailbox(traveler.email))
    token = f"token-{new_id()}"
    read(await traveler.post("/notifications/devices", json={"token": token, "platform": "ios"}), 201)
    set_to(clock, MIDNIGHT - timedelta(hours=15))
    await asyncio.gather(send_reminders(work), send_reminders(work))
    await send_reminders(work)
    await do_jobs(work)
    mails = (await mailbox(traveler.email))[before:]
    assert len(mails) == 4
    for booking in bought:
        (mail,) = (mail for mail in mails if booking["booking_ref"] in mail["text"])
        assert mail["subject"].startswith("Tomorrow: ")
        (push,) = (push for push in await screen(token) if push["data"]["subject_id"] == booking["id"])
        assert (push["title"], push["sends"]) == ("Tomorrow: your trip begins", 1)


@pytest.mark.parametrize(
    ("hours", "day"),
    [(-15.02, None), (-15, "TOMORROW"), (-0.5, "TOMORROW"), (0.5, "TODAY"), (6, "TODAY"), (11.9, "TODAY"), (12, None)],
    ids=["08:59", "09:00", "23:30", "after midnight", "at six", "before noon", "at noon"],
)
async def test_the_first_run_after_downtime_says_what_is_still_true(
    traveler: StorefrontClient, work: Work, sandbox: str, clock: FrozenClock, hours: float, day: str | None
) -> None:
    await hold_and_pay(traveler, sandbox, await put_trip_on_sale(traveler))
    await do_jobs(work)
    set_to(clock, MIDNIGHT + timedelta(hours=hours))
    await send_reminders(work)
    assert [row["context"]["day"] for row in await traveler.rows(REMINDERS)] == ([day] if day else [])


async def test_after_two_days_of_downtime_who_has_left_hears_nothing_and_who_leaves_tomorrow_does(
    derlg: StorefrontClient, traveler: StorefrontClient, work: Work, sandbox: str, clock: FrozenClock
) -> None:
    trip_id = await put_trip_on_sale(derlg)
    for days in (0, 1, 2, 3):
        day = TRAVEL_DATE + timedelta(days=days)
        await buy(traveler, sandbox, trip_id=str(trip_id), travel_date=day.isoformat())
    await do_jobs(work)
    set_to(clock, MIDNIGHT + timedelta(days=1, hours=14))
    await send_reminders(work)
    told = [row["context"] for row in await traveler.rows(REMINDERS)]
    assert [(context["travel_date"], context["day"]) for context in told] == [
        ((TRAVEL_DATE + timedelta(days=2)).isoformat(), "TOMORROW")
    ]


async def test_a_cancelled_booking_is_not_reminded(
    traveler: StorefrontClient, work: Work, sandbox: str, clock: FrozenClock
) -> None:
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(traveler))
    read(await traveler.post(f"/bookings/{booking['id']}/cancel", json={}))
    set_to(clock, MIDNIGHT - timedelta(hours=12))
    await send_reminders(work)
    assert await traveler.rows(REMINDERS) == []
