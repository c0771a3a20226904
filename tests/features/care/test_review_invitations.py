"""After a journey its traveller is asked, once, how it was."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.selling import TRAVEL_DATE, hold_and_pay, put_trip_on_sale
from tests.support.work import do_jobs

from sojourn.platform.kit.clock import FrozenClock, start_of_day
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work
from sojourn.sales.bookings.jobs import complete_ended

# A trip of three days is over when the fourth begins, where the agency is.
OVER = start_of_day(TRAVEL_DATE + timedelta(days=3), "Asia/Phnom_Penh")
WAIT = """
SELECT (extract(epoch FROM execute_after - created) / 60)::integer AS minutes FROM pgqueuer
 WHERE entrypoint = 'mail.review_invitation'
"""
INVITATIONS = "SELECT recipient FROM notifications WHERE kind = 'REVIEW_INVITATION'"


@pytest.fixture
async def traveler(derlg: StorefrontClient) -> StorefrontClient:
    return await derlg.sign_in_as(email=f"traveler-{new_id()}@example.com")


async def travel(traveler: StorefrontClient, work: Work, clock: FrozenClock, sandbox: str, *, until: datetime) -> Any:
    """A booking that was travelled and completed at `until`; what its confirmation set going is done."""
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(traveler))
    await do_jobs(work)
    clock.advance(until - clock.now())
    await complete_ended(work)
    return booking


async def test_once_the_morning_after_with_the_way_to_the_review_and_the_way_out(
    traveler: StorefrontClient, work: Work, mailbox: Mailbox, sandbox: str, clock: FrozenClock
) -> None:
    booking = await travel(traveler, work, clock, sandbox, until=OVER + timedelta(minutes=30))
    await complete_ended(work)
    assert await traveler.rows(WAIT) == [{"minutes": 570}]
    await do_jobs(work)
    (mail,) = (mail for mail in await mailbox(traveler.email) if mail["tags"].get("kind") == "review_invitation")
    assert mail["subject"] == "How was Angkor at dawn?"
    assert f"/bookings/{booking['id']}/review" in mail["text"]
    assert booking["booking_ref"] in mail["text"]
    url: str = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert (await traveler.visitor().post(url.partition("/v1")[2])).is_success
    assert read(await traveler.get("/users/me/preferences"))["is_review_mail_wanted"] is False


@pytest.mark.parametrize(("hours", "minutes"), [(10, 0), (11, 23 * 60), (47, 11 * 60)], ids=["at ten", "later", "down"])
async def test_whatever_was_late_it_is_at_ten(
    traveler: StorefrontClient, work: Work, sandbox: str, clock: FrozenClock, hours: int, minutes: int
) -> None:
    await travel(traveler, work, clock, sandbox, until=OVER + timedelta(hours=hours))
    assert await traveler.rows(WAIT) == [{"minutes": minutes}]


async def test_who_has_written_or_does_not_want_to_be_asked_is_not(
    derlg: StorefrontClient, traveler: StorefrontClient, work: Work, sandbox: str, clock: FrozenClock
) -> None:
    silent = await derlg.sign_in_as()
    read(await silent.patch("/users/me/preferences", json={"is_review_mail_wanted": False}))
    await hold_and_pay(silent, sandbox, await put_trip_on_sale(derlg))
    booking = await travel(traveler, work, clock, sandbox, until=OVER)
    assert len(await derlg.rows(WAIT)) == 2
    read(await traveler.post("/reviews", json={"booking_id": booking["id"], "rating": 5}), 201)
    await do_jobs(work)
    assert await derlg.rows(INVITATIONS) == []
