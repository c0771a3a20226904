"""The vendors of rooms against a server that plays them: what they are asked, and what becomes of a bad answer."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest
from tests.features.providers.scripted_server import DROPPED, ScriptedServer, scripted_server

from sojourn.providers.meetings.google_meet import GoogleMeetRooms
from sojourn.providers.meetings.jitsi import JitsiRooms
from sojourn.providers.meetings.port import Meeting, MeetingRooms, MeetingsUnavailable, Room
from sojourn.providers.meetings.zoom import ZoomRooms
from sojourn.settings import SettingsError, load_settings
from sojourn.vendors import choose_vendors

# 10:00 in Phnom Penh.
MEETING = Meeting(
    key="c-1", title="Consultation 1", minutes=30,
    starts_at=datetime(2026, 12, 3, 10, 0, tzinfo=timezone(timedelta(hours=7))),
)  # fmt: skip
TOKEN = {"access_token": "t1", "expires_in": 3600}


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def zoom(vendor: ScriptedServer) -> AsyncIterator[ZoomRooms]:
    rooms = ZoomRooms(
        account_id="acc 1",
        client_id="id",
        client_secret="s:1",
        base_url=f"{vendor.url}/v2",
        token_url=f"{vendor.url}/t",
    )
    yield rooms
    await rooms.aclose()


@pytest.fixture
async def meet(vendor: ScriptedServer) -> AsyncIterator[GoogleMeetRooms]:
    rooms = GoogleMeetRooms(
        client_id="id", client_secret="s", refresh_token="r/1", base_url=f"{vendor.url}/v2", token_url=f"{vendor.url}/t"
    )
    yield rooms
    await rooms.aclose()


async def test_jitsi_rooms_cannot_be_guessed() -> None:
    rooms = JitsiRooms(base_url="https://meet.example/")
    links = {rooms.find_ready().link for _ in range(100)} | {(await rooms.open(MEETING)).link}
    assert len(links) == 101
    assert all(link.startswith("https://meet.example/sojourn-") and len(link) == 69 for link in links)
    await rooms.move("x", MEETING)
    await rooms.close("x")
    await rooms.aclose()


async def test_a_meeting_at_zoom_from_start_to_end(zoom: ZoomRooms, vendor: ScriptedServer) -> None:
    assert zoom.find_ready() is None
    vendor.will_answer(200, TOKEN)
    vendor.will_answer(201, {"id": 81234567890, "join_url": "https://zoom.example/j/81234567890?pwd=x"})
    vendor.will_answer(204, b"")
    vendor.will_answer(404, {"code": 3001})
    room = await zoom.open(MEETING)
    assert room == Room(link="https://zoom.example/j/81234567890?pwd=x", id="81234567890")
    await zoom.move("81234567890", MEETING)
    await zoom.close("81234567890")
    granted, opened, moved, closed = vendor.asked
    assert granted.line == "POST /t HTTP/1.1"
    assert b64decode(granted.headers["authorization"].removeprefix("Basic ")) == b"id:s:1"
    assert granted.body == b"grant_type=account_credentials&account_id=acc+1"
    assert opened.line == "POST /v2/users/me/meetings HTTP/1.1"
    assert {asked.headers["authorization"] for asked in (opened, moved, closed)} == {"Bearer t1"}
    times = {"start_time": "2026-12-03T03:00:00Z", "duration": 30, "timezone": "UTC"}
    said = json.loads(opened.body)
    assert said.items() >= {"topic": "Consultation 1", "type": 2, **times}.items()
    assert said["settings"] == {"waiting_room": True, "join_before_host": False}
    assert (moved.line, json.loads(moved.body)) == ("PATCH /v2/meetings/81234567890 HTTP/1.1", times)
    assert closed.line == "DELETE /v2/meetings/81234567890 HTTP/1.1"


async def test_a_space_at_google(meet: GoogleMeetRooms, vendor: ScriptedServer) -> None:
    assert meet.find_ready() is None
    vendor.will_answer(200, TOKEN)
    vendor.will_answer(200, {"name": "spaces/abc", "meetingUri": "https://meet.example/abc-defg-hij"})
    assert await meet.open(MEETING) == Room(link="https://meet.example/abc-defg-hij", id="spaces/abc")
    await meet.move("spaces/abc", MEETING)
    await meet.close("spaces/abc")
    granted, opened = vendor.asked
    assert granted.body == b"grant_type=refresh_token&refresh_token=r%2F1"
    assert (opened.line, json.loads(opened.body)) == (
        "POST /v2/spaces HTTP/1.1", {"config": {"accessType": "TRUSTED"}},
    )  # fmt: skip


async def test_a_token_that_is_refused_is_fetched_anew_once(zoom: ZoomRooms, vendor: ScriptedServer) -> None:
    vendor.will_answer(200, TOKEN)
    vendor.will_answer(401)
    vendor.will_answer(200, {"access_token": "t2", "expires_in": 3600})
    vendor.will_answer(204, b"")
    await zoom.move("1", MEETING)
    assert vendor.asked[-1].headers["authorization"] == "Bearer t2"
    vendor.will_answer(401)
    vendor.will_answer(200, TOKEN)
    vendor.will_answer(401)
    with pytest.raises(MeetingsUnavailable) as fault:
        await zoom.move("1", MEETING)
    assert fault.value.code == "meetings_http_401"


async def test_a_token_that_ends_soon_is_not_used_again(zoom: ZoomRooms, vendor: ScriptedServer) -> None:
    for token in ("t1", "t2"):
        vendor.will_answer(200, {"access_token": token, "expires_in": 30})
        vendor.will_answer(204, b"")
        await zoom.move("1", MEETING)
        assert vendor.asked[-1].headers["authorization"] == f"Bearer {token}"


async def test_many_at_once_share_one_token(zoom: ZoomRooms, vendor: ScriptedServer) -> None:
    vendor.will_answer(200, TOKEN)
    for _ in range(5):
        vendor.will_answer(204, b"")
    await asyncio.gather(*(zoom.move(str(n), MEETING) for n in range(5)))
    assert [asked.line for asked in vendor.asked].count("POST /t HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, b"oops", "meetings_http_500"),
        (429, {"code": 429}, "meetings_http_429"),
        (404, {}, "meetings_http_404"),
        (201, b"<html>", "meetings_answer_unreadable"),
        (201, [1], "meetings_answer_unreadable"),
        (201, {"id": 1}, "meetings_answer_unreadable"),
        (201, {"join_url": "https://zoom.example/j/1", "id": None}, "meetings_answer_unreadable"),
        (204, b"", "meetings_answer_unreadable"),
    ],
)
async def test_a_bad_answer_is_tried_again(
    zoom: ZoomRooms, vendor: ScriptedServer, status: int, body: object, code: str
) -> None:
    vendor.will_answer(200, TOKEN)
    vendor.will_answer(status, body)
    with pytest.raises(MeetingsUnavailable) as fault:
        await zoom.open(MEETING)
    assert (fault.value.code, fault.value.is_retryable) == (code, True)


@pytest.mark.parametrize("at_the_token", [True, False])
async def test_a_line_that_breaks(zoom: ZoomRooms, vendor: ScriptedServer, at_the_token: bool) -> None:
    if not at_the_token:
        vendor.will_answer(200, TOKEN)
    vendor.answers.append(DROPPED)
    with pytest.raises(MeetingsUnavailable) as fault:
        await zoom.open(MEETING)
    assert fault.value.code == "meetings_unreachable"


async def chosen(**told: str) -> MeetingRooms:
    given = {
        "SOJOURN_ENVIRONMENT": "test", "DATABASE_URL": "postgresql://x/y", "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1", "RESEND_API_KEY": "re_1", **told,
    }  # fmt: skip
    vendors = choose_vendors(load_settings(given, known=("holyone",)).per_storefront["holyone"])
    await vendors.aclose()
    return vendors.meetings


async def test_the_settings_choose_the_vendor() -> None:
    assert (await chosen()).name == "jitsi"
    own = await chosen(JITSI_BASE_URL="https://talk.example")
    assert (room := own.find_ready()) is not None
    assert room.link.startswith("https://talk.example/")
    zoom = {"ZOOM_ACCOUNT_ID": "a", "ZOOM_CLIENT_ID": "b", "ZOOM_CLIENT_SECRET": "c"}
    assert (await chosen(MEETING_VENDOR="zoom", **zoom)).name == "zoom"
    google = {"GOOGLE_MEET_CLIENT_ID": "a", "GOOGLE_MEET_CLIENT_SECRET": "b", "GOOGLE_MEET_REFRESH_TOKEN": "c"}
    assert (await chosen(MEETING_VENDOR="google_meet", **google)).name == "google_meet"


@pytest.mark.parametrize(
    ("vendor_name", "word"),
    [("zoom", "ZOOM_ACCOUNT_ID"), ("google_meet", "GOOGLE_MEET_CLIENT_ID"), ("teams", "MEETING_VENDOR='teams'")],
)
async def test_what_is_missing_is_named(vendor_name: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        await chosen(MEETING_VENDOR=vendor_name)
