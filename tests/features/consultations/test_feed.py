"""A calendar at an address that nobody can guess, and that its owner can close."""

from datetime import timedelta

import pytest
from icalendar import Calendar
from structlog.testing import CapturingLogger
from tests.features.consultations.conftest import THURSDAY, Practice
from tests.support.client import StorefrontClient, read, refusal
from tests.support.trail import acts_on

from sojourn.platform.http import edge
from sojourn.platform.kit.clock import FrozenClock


async def address(who: StorefrontClient) -> str:
    url: str = read(await who.post("/consultations/feed"), 201)["url"]
    base, _, path = url.partition("/api/v1")
    assert base == "http://127.0.0.1:8000"
    return path


async def summaries(visitor: StorefrontClient, path: str) -> list[str]:
    answer = await visitor.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    calendar = Calendar.from_ical(answer.content)
    assert calendar["METHOD"] == "PUBLISH"
    return [f"{event.decoded('DTSTART'):%d %H:%M} {event['DESCRIPTION']}" for event in calendar.walk("VEVENT")]


async def test_each_side_subscribes_to_its_own(
    practice: Practice, customer: StorefrontClient, holyone: StorefrontClient, clock: FrozenClock
) -> None:
    second = await holyone.sign_in_as(name="Chan Thida")
    booked = await practice.book(customer, await practice.order(customer))
    await practice.book(second, await practice.order(second), THURSDAY + timedelta(hours=1))
    gone = await practice.book(second, await practice.order(second), THURSDAY + timedelta(hours=2))
    read(await second.post(f"/consultations/{gone['id']}/cancel"))
    own = await summaries(holyone, await address(customer))
    assert [line[:8] for line in own] == ["03 03:00"]
    assert "Chan Sophea" in own[0]
    assert booked["meetingLink"] in own[0]
    staff = await address(practice.consultant)
    assert ["Sok Dara" in line or "Chan Thida" in line for line in await summaries(holyone, staff)] == [True, True]
    clock.advance(timedelta(days=95))
    assert await summaries(holyone, staff) == []


async def test_a_new_address_closes_the_old_one(
    practice: Practice, customer: StorefrontClient, holyone: StorefrontClient
) -> None:
    first = await address(customer)
    second = await address(customer)
    assert refusal(await holyone.get(first), 404) == "CALENDAR_FEED_NOT_FOUND"
    assert await summaries(holyone, second) == []
    for _ in range(2):
        assert (await customer.delete("/consultations/feed")).status_code == 204
    own = [act for act, _ in await acts_on(customer, customer.user_id) if act.startswith("calendar_feed")]
    assert own == ["calendar_feed.created", "calendar_feed.created", "calendar_feed.revoked", "calendar_feed.revoked"]
    assert refusal(await holyone.get(second), 404) == "CALENDAR_FEED_NOT_FOUND"
    assert refusal(await holyone.get(f"/consultations/feed/{'x' * 43}.ics"), 404) == "CALENDAR_FEED_NOT_FOUND"
    assert refusal(await holyone.post("/consultations/feed"), 401) == "NOT_AUTHENTICATED"


async def test_an_account_that_is_closed_has_no_calendar(customer: StorefrontClient, holyone: StorefrontClient) -> None:
    path = await address(customer)
    await customer.rows("UPDATE users SET is_active = false WHERE id = $1 RETURNING id", customer.user_id)
    assert refusal(await holyone.get(path), 404) == "CALENDAR_FEED_NOT_FOUND"


async def test_the_secret_is_not_kept(
    customer: StorefrontClient, holyone: StorefrontClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await address(customer)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    kept = await customer.rows("SELECT encode(token_hash, 'escape') AS kept FROM calendar_feeds")
    told = await customer.rows("SELECT detail::text FROM audit_entries")
    log = CapturingLogger()
    monkeypatch.setattr(edge, "access_log", log)
    assert (await customer.delete("/consultations/feed")).status_code == 204
    assert (await holyone.get(path)).status_code == 404
    assert "/consultations/feed/{token}.ics" in str(log.calls)
    assert secret not in str(kept) + str(told) + str(log.calls)
