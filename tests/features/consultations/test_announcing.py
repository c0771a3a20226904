"""What both sides and their calendars are told, and the rooms that are arranged with vendors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from tests.features.consultations.conftest import THURSDAY, Practice, StartPractice
from tests.features.providers.scripted_server import ScriptedServer, scripted_server
from tests.support.client import StorefrontClient, read
from tests.support.trail import acts_on
from tests.support.work import do_jobs, work_for

from sojourn.care.consultations.jobs import cancel_orphans
from sojourn.care.consultations.queries import list_upcoming
from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.meetings.port import MeetingsUnavailable
from sojourn.providers.meetings.zoom import ZoomRooms
from sojourn.providers.work import Work

Mails = Callable[[str], Awaitable[list[tuple[dict[str, Any], str]]]]


@pytest.fixture
def mails(sandbox: str) -> Mails:
    """What was delivered to an address, oldest first, each with the text of its one attachment ("" without)."""

    async def found(to: str) -> list[tuple[dict[str, Any], str]]:
        async with httpx.AsyncClient(base_url=sandbox, timeout=10) as reader:
            delivered = (await reader.get("/mail", params={"to": to, "limit": 100})).raise_for_status().json()
            texts = []
            for mail in reversed(delivered):
                files = mail["attachments"]
                answer = await reader.get(files[0]["url"]) if files else None
                texts.append((mail, answer.content.decode() if answer else ""))
        return texts

    return found


def event_in(text: str) -> Any:
    [event] = Calendar.from_ical(text).walk("VEVENT")
    return event


async def test_both_sides_hear_of_every_change(
    practice: Practice, customer: StorefrontClient, work: Work, mails: Mails, clock: FrozenClock
) -> None:
    order_id = await practice.order(customer)
    booked = await practice.book(customer, order_id, zone="Europe/Paris", note="My bank statement")
    assert await do_jobs(work) == ["consultations.announce", "notifications.deliver", "notifications.deliver"]
    path = f"/consultations/{booked['id']}"
    clock.advance(timedelta(minutes=5))
    read(await customer.post(f"{path}/move", json={"startsAt": (THURSDAY + timedelta(hours=1)).isoformat()}))
    await do_jobs(work)
    read(await practice.consultant.post(f"{path}/cancel", json={"reason": "I am ill"}))
    await do_jobs(work)

    told = await mails(customer.email)
    assert [mail["subject"] for mail, _ in told] == [
        "Your consultation is booked: December 3, 2026 04:00 (Central European Time)",
        "Your consultation has a new time: December 3, 2026 05:00 (Central European Time)",
        "Your consultation has been cancelled: December 3, 2026 05:00 (Central European Time)",
    ]
    booking, moving, cancelling = (mail["text"] for mail, _ in told)
    assert booked["meetingLink"] in booking
    assert "Your consultant: Chan Sophea" in booking
    assert "It does not count" in cancelling
    assert "I am ill" in cancelling
    assert booked["meetingLink"] in moving
    assert booked["meetingLink"] not in cancelling

    [first, *_rest] = own = await mails(practice.consultant.email)
    assert len(own) == 3
    assert "10:00 (Cambodia Time)" in first[0]["subject"], "each side reads its own clock"
    assert "Customer: Sok Dara" in first[0]["text"]
    assert "My bank statement" in first[0]["text"]
    for address, letters in ((customer.email, told), (practice.consultant.email, own)):
        events = [event_in(text) for _, text in letters]
        assert {event["UID"] for event in events} == {f"consultation-{booked['id']}@holyonetravels.com"}
        assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
        assert [event["STATUS"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
        assert [event.decoded("DTSTART") - THURSDAY for event in events] == [timedelta(0)] + [timedelta(hours=1)] * 2
        assert all(event["ATTENDEE"] == f"mailto:{address}" for event in events)
    kinds = [mail["attachments"][0]["content_type"] for mail, _ in told]
    assert kinds == [f"text/calendar; charset=utf-8; method={m}" for m in ("REQUEST", "REQUEST", "CANCEL")]
    assert [Calendar.from_ical(text)["METHOD"] for _, text in told] == ["REQUEST", "REQUEST", "CANCEL"]


async def test_the_mail_is_in_the_language_of_the_order(
    practice: Practice, customer: StorefrontClient, work: Work, mails: Mails
) -> None:
    await practice.book(customer, await practice.order(customer, language="zh"))
    await do_jobs(work)
    [(mail, text)] = await mails(customer.email)
    assert mail["subject"].startswith("咨询通知：您的咨询已预约")
    assert "咨询：专业套餐" in event_in(text)["SUMMARY"]
    assert "Professional" not in mail["text"]
    [(mail, text)] = await mails(practice.consultant.email)
    assert "Professional visa package" in mail["text"]
    assert "Professional visa package" in event_in(text)["SUMMARY"]


async def test_a_change_that_was_overtaken_is_not_told(
    practice: Practice, customer: StorefrontClient, work: Work, mails: Mails
) -> None:
    booked = await practice.book(customer, await practice.order(customer))
    read(await customer.post(f"/consultations/{booked['id']}/cancel"))
    await do_jobs(work)
    [(mail, _)] = await mails(customer.email)
    assert mail["subject"].startswith("Your consultation has been cancelled")


async def test_a_request_is_told_to_the_consultant_alone(
    start_practice: StartPractice, sandbox: str, mails: Mails
) -> None:
    async with start_practice(CONSULTATIONS_NEED_APPROVAL="true") as practice:
        customer = await practice.office.visitor().sign_in_as()
        asked = await practice.book(customer, await practice.order(customer))
        async with work_for(practice.office, sandbox) as work:
            await do_jobs(work)
            moved = {"startsAt": (THURSDAY + timedelta(hours=1)).isoformat()}
            read(await customer.post(f"/consultations/{asked['id']}/move", json=moved))
            await do_jobs(work)
            assert await mails(customer.email) == []
            asked_for = [(mail["subject"][:40], text) for mail, text in await mails(practice.consultant.email)]
            assert asked_for == [("A consultation is asked for: December 3,", "")] * 2
            read(await practice.consultant.post(f"/consultations/{asked['id']}/approve"))
            await do_jobs(work)
        [(mail, text)] = await mails(customer.email)
        assert mail["subject"].startswith("Your consultation is booked")
        assert event_in(text)["SEQUENCE"] == 1
        assert len(await mails(practice.consultant.email)) == 3


async def test_consultations_go_with_their_cancelled_order(
    practice: Practice, customer: StorefrontClient, work: Work, mails: Mails
) -> None:
    order_id = await practice.order(customer)
    booked = await practice.book(customer, order_id)
    kept = await practice.book(customer, await practice.order(customer), THURSDAY + timedelta(hours=2))
    await customer.rows("UPDATE orders SET status = 'CANCELLED' WHERE id = $1::text::uuid RETURNING id", order_id)
    for _ in range(2):
        await cancel_orphans(work)
    assert (await acts_on(customer, booked["id"])).count(("consultation.cancelled", None)) == 1
    assert read(await customer.get(f"/consultations/{booked['id']}"))["status"] == "CANCELLED"
    assert read(await customer.get(f"/consultations/{kept['id']}"))["status"] == "SCHEDULED"
    assert "2026-12-03T10:00+07:00" in await practice.slots(customer, "2026-12-03")
    await do_jobs(work)
    subjects = [mail["subject"].partition(":")[0] for mail, _ in await mails(customer.email)]
    assert sorted(subjects) == ["Your consultation has been cancelled", "Your consultation is booked"]


async def test_what_is_to_come_is_listed_soonest_first(
    practice: Practice, customer: StorefrontClient, clock: FrozenClock
) -> None:
    order_id = await practice.order(customer, sessions=3)
    later = await practice.book(customer, order_id, THURSDAY + timedelta(hours=2))
    sooner = await practice.book(customer, order_id)
    gone = await practice.book(customer, order_id, THURSDAY + timedelta(hours=4))
    read(await customer.post(f"/consultations/{gone['id']}/cancel"))

    async def upcoming(who: StorefrontClient, limit: int = 5) -> list[str]:
        async with customer.database.read() as connection:
            found = await list_upcoming(connection, user_id=who.user_id, now=clock.now(), limit=limit)
        return [str(one.id) for one in found]

    for who in (customer, practice.consultant):
        assert await upcoming(who) == [sooner["id"], later["id"]]
    assert await upcoming(customer, 1) == [sooner["id"]]
    assert await upcoming(practice.office) == []
    clock.advance(timedelta(days=2, minutes=29))
    assert await upcoming(customer) == [sooner["id"], later["id"]], "it is still going on"
    clock.advance(timedelta(minutes=1))
    assert await upcoming(customer) == [later["id"]]


class TestRoomsThatTakeACall:
    @pytest.fixture
    async def zoom(self) -> AsyncIterator[ScriptedServer]:
        async with scripted_server() as server:
            yield server

    @pytest.fixture
    async def at_zoom(self, work: Work, zoom: ScriptedServer) -> AsyncIterator[Work]:
        rooms = ZoomRooms(
            account_id="acc", client_id="id", client_secret="secret", base_url=zoom.url, token_url=f"{zoom.url}/token"
        )
        yield replace(work, vendors=replace(work.vendors, meetings=rooms))
        await rooms.aclose()

    async def test_nobody_is_told_before_the_room_is_there(
        self, practice: Practice, customer: StorefrontClient, at_zoom: Work, zoom: ScriptedServer, mails: Mails
    ) -> None:
        booked = await practice.book(customer, await practice.order(customer))
        path = f"/consultations/{booked['id']}"
        # As it would be had the web process been told of Zoom.
        await customer.rows("UPDATE consultations SET meeting_link = NULL, meeting_provider = NULL RETURNING id")
        zoom.will_answer(200, {"access_token": "t1", "expires_in": 3600})
        zoom.will_answer(500)
        with pytest.raises(MeetingsUnavailable):
            await do_jobs(at_zoom)
        assert await mails(customer.email) == []
        zoom.will_answer(201, {"id": 987, "join_url": "https://zoom.example/j/987"})
        await do_jobs(at_zoom)
        assert read(await customer.get(path))["meetingLink"] == "https://zoom.example/j/987"
        [(mail, text)] = await mails(customer.email)
        assert "https://zoom.example/j/987" in mail["text"]
        assert event_in(text)["LOCATION"] == "https://zoom.example/j/987"

        zoom.will_answer(204, b"")
        read(await customer.post(f"{path}/move", json={"startsAt": (THURSDAY + timedelta(hours=1)).isoformat()}))
        await do_jobs(at_zoom)
        zoom.will_answer(204, b"")
        read(await customer.post(f"{path}/cancel"))
        await do_jobs(at_zoom)
        assert [asked.line.rpartition(" ")[0] for asked in zoom.asked[2:]] == [
            "POST /users/me/meetings", "PATCH /meetings/987", "DELETE /meetings/987",
        ]  # fmt: skip
        assert b'"start_time":"2026-12-03T04:00:00Z"' in zoom.asked[3].body
