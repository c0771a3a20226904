"""Both sides are reminded of a consultation an hour before, once."""

from datetime import timedelta
from typing import Any

from tests.features.consultations.conftest import THURSDAY, Practice
from tests.support.client import StorefrontClient, read
from tests.support.work import do_jobs

from sojourn.care.consultations.reminders import send_reminders
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work

REMINDERS = "SELECT recipient, channel, context FROM notifications WHERE kind = 'CONSULTATION_REMINDER' ORDER BY id"


async def reminded(who: StorefrontClient) -> list[dict[str, Any]]:
    return await who.rows(REMINDERS)


async def test_an_hour_before_once_for_each_side_in_its_own_zone(
    practice: Practice, customer: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    await practice.book(customer, await practice.order(customer), zone="Europe/Paris")
    await do_jobs(work)
    clock.advance(THURSDAY - timedelta(hours=1, seconds=1) - clock.now())
    await send_reminders(work)
    assert await reminded(customer) == []
    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        await send_reminders(work)
    rows = await reminded(customer)
    assert sorted((row["recipient"], row["context"]["time_zone"]) for row in rows) == sorted(
        [(customer.email, "Europe/Paris"), (practice.consultant.email, "Asia/Phnom_Penh")]
    )
    assert await do_jobs(work) == ["notifications.deliver"] * 2


async def test_who_is_moved_is_reminded_of_the_new_time(
    practice: Practice, customer: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    clock.advance(THURSDAY - timedelta(minutes=30) - clock.now())
    await send_reminders(work)
    later = (THURSDAY + timedelta(days=1)).isoformat()
    read(await practice.office.post(f"/consultations/{booked['id']}/move", json={"startsAt": later}))
    await do_jobs(work)
    clock.advance(timedelta(days=1))
    await send_reminders(work)
    assert len({row["context"]["starts_at"] for row in await reminded(customer)}) == 2
    assert len(await reminded(customer)) == 4


async def test_what_has_begun_or_was_cancelled_is_not_reminded(
    practice: Practice, customer: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    order_id = await practice.order(customer)
    await practice.book(customer, order_id)
    other = await practice.book(customer, order_id, THURSDAY + timedelta(hours=1))
    read(await customer.post(f"/consultations/{other['id']}/cancel", json={"reason": "Not needed"}))
    await do_jobs(work)
    clock.advance(THURSDAY - clock.now())
    await send_reminders(work)
    assert await reminded(customer) == []
