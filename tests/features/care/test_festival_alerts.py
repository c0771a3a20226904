"""Festival alerts: only to who wants them, once a festival and year, however many and whatever was missed."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.client import StorefrontClient, read
from tests.support.mailbox import Mailbox
from tests.support.work import do_jobs

from sojourn.care.notifications.festivals import send_festival_alerts
from sojourn.care.notifications.service import BATCH
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.providers.work import Work

# The clock of the tests begins on 2026-12-01, at ten in the morning in Phnom Penh.
TODAY = date(2026, 12, 1)
ALERTS = "SELECT user_id, channel, language, occasion, context FROM notifications WHERE kind = 'FESTIVAL_ALERT'"
INSERT_FESTIVAL = """
INSERT INTO festivals (id, slug, name, name_kh, what_to_know, kind, is_public_holiday, created_at, updated_at)
VALUES ($1, $2, 'Water Festival', 'បុណ្យអុំទូក', 'Boats race by day.', 'CULTURAL', true, now(), now()) RETURNING id
"""
INSERT_DAYS = """
INSERT INTO festival_days (festival_id, year, starts_on, ends_on, is_confirmed, source)
VALUES ($1, $2, $3, $4, $5, 'a calendar') RETURNING year
"""
INSERT_READERS = """
INSERT INTO users (id, email, name, role, referral_code, preferences, created_at, updated_at)
SELECT gen_random_uuid(), 'reader-' || n || '@example.com', 'Reader', 'CUSTOMER', 'R' || n,
       '{"is_festival_mail_wanted": true}', now(), now()
  FROM generate_series(1, $1::integer) AS n RETURNING id
"""


async def festival(derlg: StorefrontClient, starts_on: date, *, is_confirmed: bool = True) -> UUID:
    festival_id = new_id()
    await derlg.rows(INSERT_FESTIVAL, festival_id, f"festival-{festival_id}")
    await held(derlg, festival_id, starts_on, is_confirmed=is_confirmed)
    return festival_id


async def held(derlg: StorefrontClient, festival_id: UUID, starts_on: date, *, is_confirmed: bool = True) -> None:
    await derlg.rows(INSERT_DAYS, festival_id, starts_on.year, starts_on, starts_on + timedelta(days=2), is_confirmed)


async def reader(derlg: StorefrontClient, **wishes: bool) -> StorefrontClient:
    guest = await derlg.sign_in_as(email=f"reader-{new_id()}@example.com")
    if wishes:
        read(await guest.patch("/users/me/preferences", json=wishes))
    return guest


async def device(who: StorefrontClient) -> str:
    token = f"token-{new_id()}"
    read(await who.post("/notifications/devices", json={"token": token, "platform": "android"}), 201)
    return token


async def alerts(derlg: StorefrontClient) -> list[dict[str, Any]]:
    return await derlg.rows(ALERTS)


async def test_only_who_wants_them_by_the_channel_they_want(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox, screen: Mailbox
) -> None:
    festival_id = await festival(derlg, TODAY + timedelta(days=2), is_confirmed=False)
    nobody = await reader(derlg)
    by_mail = await reader(derlg, is_festival_mail_wanted=True)
    by_push = await reader(derlg, is_festival_push_wanted=True)
    by_both = await reader(derlg, is_festival_mail_wanted=True, is_festival_push_wanted=True)
    read(await by_both.patch("/users/me/language", json={"language": "km"}))
    tokens = {who.email: await device(who) for who in (nobody, by_mail, by_push, by_both)}
    for _ in range(2):
        await send_festival_alerts(work)
    await do_jobs(work)
    assert [len(await mailbox(who.email)) for who in (nobody, by_mail, by_push, by_both)] == [0, 1, 0, 1]
    assert [len(await screen(tokens[who.email])) for who in (nobody, by_mail, by_push, by_both)] == [0, 0, 1, 1]
    (mail,) = await mailbox(by_mail.email)
    assert mail["subject"] == "Water Festival begins on December 3, 2026"
    assert "Boats race by day." in mail["text"]
    assert "not been announced yet" in mail["text"]
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (push,) = await screen(tokens[by_both.email])
    assert push["title"] == "បុណ្យអុំទូក"
    assert push["link"] == f"https://derlg.com/festivals/festival-{festival_id}"


async def test_one_click_ends_the_mails_and_leaves_the_pushes(
    derlg: StorefrontClient, work: Work, mailbox: Mailbox
) -> None:
    await festival(derlg, TODAY + timedelta(days=1))
    who = await reader(derlg, is_festival_mail_wanted=True, is_festival_push_wanted=True)
    await send_festival_alerts(work)
    await do_jobs(work)
    (mail,) = await mailbox(who.email)
    url: str = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert (await derlg.post(url.partition("/v1")[2])).is_success
    wishes = read(await who.get("/users/me/preferences"))
    assert (wishes["is_festival_mail_wanted"], wishes["is_festival_push_wanted"]) == (False, True)


@pytest.mark.parametrize(("days", "is_told"), [(0, False), (1, True), (3, True), (4, False)])
async def test_one_to_three_days_ahead(derlg: StorefrontClient, work: Work, days: int, is_told: bool) -> None:
    await festival(derlg, TODAY + timedelta(days=days))
    await reader(derlg, is_festival_mail_wanted=True)
    await send_festival_alerts(work)
    assert bool(await alerts(derlg)) is is_told


async def test_it_is_told_once_a_year_through_every_run_and_again_the_year_after(
    derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    festival_id = await festival(derlg, TODAY + timedelta(days=3))
    who = await reader(derlg, is_festival_mail_wanted=True)
    await send_festival_alerts(work)
    # A channel that is added meanwhile is no second occasion.
    read(await who.patch("/users/me/preferences", json={"is_festival_push_wanted": True}))
    await device(who)
    for _ in range(4):
        clock.advance(timedelta(days=1))
        await send_festival_alerts(work)
    assert [row["occasion"] for row in await alerts(derlg)] == ["2026"]
    clock.advance(timedelta(days=360))
    await held(derlg, festival_id, clock.now().date() + timedelta(days=2))
    await send_festival_alerts(work)
    assert sorted((row["occasion"], row["channel"]) for row in await alerts(derlg)) == [
        ("2026", "MAIL"),
        ("2027", "MAIL"),
        ("2027", "PUSH"),
    ]


async def test_what_was_missed_is_made_up_for_by_day_and_nobody_is_woken(
    derlg: StorefrontClient, work: Work, clock: FrozenClock
) -> None:
    await festival(derlg, TODAY + timedelta(days=3))
    await reader(derlg, is_festival_mail_wanted=True)
    clock.advance(timedelta(days=1, hours=21, minutes=59))  # 07:59 two days later
    await send_festival_alerts(work)
    assert await alerts(derlg) == []
    clock.advance(timedelta(minutes=1))
    await send_festival_alerts(work)
    assert len(await alerts(derlg)) == 1


async def test_closed_accounts_hear_nothing(derlg: StorefrontClient, work: Work) -> None:
    await festival(derlg, TODAY + timedelta(days=1))
    who = await reader(derlg, is_festival_mail_wanted=True)
    read(await who.delete(f"/users/{who.user_id}"))
    await send_festival_alerts(work)
    assert await alerts(derlg) == []


async def test_many_are_told_in_batches_by_two_workers_at_once(derlg: StorefrontClient, work: Work) -> None:
    readers = 2 * BATCH + 50
    await derlg.rows(INSERT_READERS, readers)
    await festival(derlg, TODAY + timedelta(days=1))
    await asyncio.gather(send_festival_alerts(work), send_festival_alerts(work))
    rows = await alerts(derlg)
    assert len(rows) == len({row["user_id"] for row in rows}) == readers
    (queued,) = await derlg.rows("SELECT count(*) AS jobs FROM pgqueuer")
    assert queued["jobs"] == readers
    transactions = await derlg.rows("SELECT count(*) AS kept FROM notifications GROUP BY xmin::text")
    assert max(transaction["kept"] for transaction in transactions) <= BATCH
