"""Which answers of FCM end a push, which end its device, and which leave it for later."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest

from sojourn.providers.push.account import read_service_account
from sojourn.providers.push.fcm import FcmPush
from sojourn.providers.push.port import DeadToken, OutgoingPush, PushRefused, PushUnavailable
from sojourn.up.firebase import pretended_service_account

from .scripted_server import DROPPED, SILENT, ScriptedServer

PUSH = OutgoingPush(
    token="a-device", title="Tomorrow", body="Angkor at dawn", link="https://derlg.com/bookings/1",
    data={"kind": "BOOKING_REMINDER"}, key="0192",
)  # fmt: skip
TOKEN = {"access_token": "ya29.first", "expires_in": 3600, "token_type": "Bearer"}
SENT = {"name": "projects/shop/messages/1"}


@pytest.fixture
async def fcm(scripted: ScriptedServer) -> AsyncIterator[FcmPush]:
    account = read_service_account(pretended_service_account("shop", sandbox=scripted.url))
    sender = FcmPush(account, base_url=scripted.url, timeout=0.5)
    yield sender
    await sender.aclose()


def error(status: str, code: str | None = None, *, field: str | None = None) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
    if field:
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]})
    return {"error": {"code": 400, "message": "No.", "status": status, "details": details}}


async def test_the_account_signs_for_a_token_which_is_used_until_it_ends(
    fcm: FcmPush, scripted: ScriptedServer
) -> None:
    for body in (TOKEN, SENT, SENT):
        scripted.will_answer(200, body)
    assert [await fcm.send(PUSH), await fcm.send(PUSH)] == [SENT["name"]] * 2
    grant, first, second = scripted.asked
    form = parse_qs(grant.body.decode())
    claims = jwt.decode(form["assertion"][0], options={"verify_signature": False})
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert claims["iss"] == "push@shop.iam.gserviceaccount.com"
    assert claims["aud"] == f"{scripted.url}/push/token"
    assert claims["exp"] - claims["iat"] == 3600
    assert first.line.startswith("POST /v1/projects/shop/messages:send ")
    assert first.headers["authorization"] == second.headers["authorization"] == "Bearer ya29.first"
    message = json.loads(first.body)["message"]
    assert message["notification"] == {"title": "Tomorrow", "body": "Angkor at dawn"}
    assert message["data"] == {"kind": "BOOKING_REMINDER", "link": "https://derlg.com/bookings/1"}
    assert message["android"]["notification"]["tag"] == message["apns"]["headers"]["apns-collapse-id"] == "0192"
    assert message["webpush"]["fcm_options"] == {"link": "https://derlg.com/bookings/1"}


async def test_a_token_that_is_refused_is_fetched_anew_once(fcm: FcmPush, scripted: ScriptedServer) -> None:
    again = TOKEN | {"access_token": "ya29.second"}
    for status, body in ((200, TOKEN), (401, error("UNAUTHENTICATED")), (200, again), (200, SENT)):
        scripted.will_answer(status, body)
    assert await fcm.send(PUSH) == SENT["name"]
    assert scripted.asked[-1].headers["authorization"] == "Bearer ya29.second"
    for status, body in ((401, error("UNAUTHENTICATED")), (200, TOKEN), (401, error("UNAUTHENTICATED"))):
        scripted.will_answer(status, body)
    with pytest.raises(PushUnavailable):
        await fcm.send(PUSH)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, error("NOT_FOUND", "UNREGISTERED")),
        (403, error("PERMISSION_DENIED", "SENDER_ID_MISMATCH")),
        (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.token")),
    ],
    ids=["unregistered", "another sender's", "no token"],
)
async def test_a_dead_token(fcm: FcmPush, scripted: ScriptedServer, status: int, body: object) -> None:
    scripted.will_answer(200, TOKEN)
    scripted.will_answer(status, body)
    with pytest.raises(DeadToken):
        await fcm.send(PUSH)


@pytest.mark.parametrize("status", [400, 404, 413])
@pytest.mark.parametrize("body", [error("INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.data"), b"<html>", []])
async def test_a_message_that_will_never_go(fcm: FcmPush, scripted: ScriptedServer, status: int, body: object) -> None:
    scripted.will_answer(200, TOKEN)
    scripted.will_answer(status, body)
    with pytest.raises(PushRefused) as refusal:
        await fcm.send(PUSH)
    assert not isinstance(refusal.value, DeadToken)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "QUOTA_EXCEEDED"),
        (503, error("UNAVAILABLE", "UNAVAILABLE"), "UNAVAILABLE"),
        (500, b"", "push_http_500"),
        (403, error("PERMISSION_DENIED"), "PERMISSION_DENIED"),
        (401, error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "THIRD_PARTY_AUTH_ERROR"),
    ],
    ids=["throttled", "down", "broken", "our account", "Apple's key"],
)
async def test_what_is_not_the_messages_fault_is_tried_again(
    fcm: FcmPush, scripted: ScriptedServer, status: int, body: object, code: str
) -> None:
    # A token that is refused is fetched anew, once.
    for _ in range(2 if status == 401 else 1):
        scripted.will_answer(200, TOKEN)
        scripted.will_answer(status, body)
    with pytest.raises(PushUnavailable) as fault:
        await fcm.send(PUSH)
    assert (fault.value.code, fault.value.after) == (code, None)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("120", 120, 120),
        ("999999999", 86_400, 86_400),
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 3_000, 3_600),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), 0, 0),
    ],
    ids=["seconds", "for ever", "a date", "a date gone by"],
)
async def test_how_long_to_wait_is_read_from_the_answer(
    fcm: FcmPush, scripted: ScriptedServer, header: str, low: int, high: int
) -> None:
    scripted.will_answer(200, TOKEN)
    scripted.will_answer(503, error("UNAVAILABLE"), headers=(f"Retry-After: {header}",))
    with pytest.raises(PushUnavailable) as fault:
        await fcm.send(PUSH)
    assert fault.value.after is not None
    assert timedelta(seconds=low) <= fault.value.after <= timedelta(seconds=high)


@pytest.mark.parametrize("silence", [DROPPED, SILENT])
@pytest.mark.parametrize("has_token", [True, False])
async def test_silence(fcm: FcmPush, scripted: ScriptedServer, silence: object, has_token: bool) -> None:
    if has_token:
        scripted.will_answer(200, TOKEN)
    scripted.answers.append(silence)
    with pytest.raises(PushUnavailable) as fault:
        await fcm.send(PUSH)
    assert fault.value.code == "push_unreachable"


@pytest.mark.parametrize(
    ("status", "body"), [(400, {}), (200, []), (200, {}), (200, {"access_token": "x"}), (200, b"")]
)
async def test_a_token_that_cannot_be_had_is_never_the_messages_fault(
    fcm: FcmPush, scripted: ScriptedServer, status: int, body: object
) -> None:
    scripted.will_answer(status, body)
    with pytest.raises(PushUnavailable):
        await fcm.send(PUSH)


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"project_id": "a", "private_key": "secret stuff"}'])
def test_an_account_that_is_none_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|private_key") as refusal:
        read_service_account(text)
    assert "secret stuff" not in str(refusal.value)


async def test_the_sandbox_plays_all_of_it(sandbox: str) -> None:
    sender = FcmPush(read_service_account(pretended_service_account("sandbox-shop", sandbox=sandbox)), base_url=sandbox)
    name = await sender.send(PUSH)
    assert name.startswith("projects/sandbox-shop/messages/")
    await sender.send(PUSH)
    for token in ("unregistered-1", "mismatch-1", "malformed-1"):
        with pytest.raises(DeadToken):
            await sender.send(OutgoingPush(token=token, title="a", body="b", link="http://c", data={}, key="d"))
    stranger = FcmPush(
        read_service_account(pretended_service_account("elsewhere", sandbox=sandbox)).model_copy(
            update={"project_id": "sandbox-shop"}
        ),
        base_url=sandbox,
    )
    with pytest.raises(PushUnavailable, match="403"):
        await stranger.send(PUSH)
    await stranger.aclose()
    await sender.aclose()
    async with httpx.AsyncClient(base_url=sandbox) as reader:
        pushes = [p for p in (await reader.get("/push")).json() if p["project"] == "sandbox-shop"]
        assert [(p["token"], p["title"], p["sends"]) for p in pushes] == [("a-device", "Tomorrow", 2)]
        page = (await reader.get("/pushes", params={"token": "a-device"})).text
        assert "Angkor at dawn" in page
        refused = await reader.post("/v1/projects/sandbox-shop/messages:send", json={"message": {}})
        assert refused.status_code == 401
