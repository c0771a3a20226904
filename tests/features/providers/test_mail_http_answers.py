"""Which answers of Resend and SendGrid end a mail, and which leave it for later."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sojourn.providers.mail.port import MailRefused, MailSender, MailUnavailable
from sojourn.providers.mail.resend import ResendMail
from sojourn.providers.mail.sendgrid import SendGridMail

from .mails import MAIL, PDF, a_mail
from .scripted_server import DROPPED, SILENT, ScriptedServer


@pytest.fixture(params=[ResendMail, SendGridMail])
async def sender(request: pytest.FixtureRequest, scripted: ScriptedServer) -> AsyncIterator[MailSender]:
    running: MailSender = request.param(api_key="key", base_url=scripted.url, timeout=0.5)
    yield running
    await running.aclose()


def asked(scripted: ScriptedServer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(scripted.asked[0].body)
    return body


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_mail_the_carrier_will_never_take(sender: MailSender, scripted: ScriptedServer, status: int) -> None:
    scripted.will_answer(status, {"name": "validation_error", "message": "The `to` field is odd."})
    with pytest.raises(MailRefused) as refusal:
        await sender.send(MAIL)
    assert refusal.value.code == "validation_error"


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 408, 429, 500, 502, 503])
@pytest.mark.parametrize("body", [{"errors": [{"message": "no"}]}, b"<html>", [], {"name": 5}])
async def test_what_is_not_the_mails_fault_is_tried_again(
    sender: MailSender, scripted: ScriptedServer, status: int, body: object
) -> None:
    scripted.will_answer(status, body)
    with pytest.raises(MailUnavailable) as refusal:
        await sender.send(MAIL)
    assert refusal.value.code == f"http_{status}"


@pytest.mark.parametrize("silence", [DROPPED, SILENT])
async def test_a_carrier_that_says_nothing(sender: MailSender, scripted: ScriptedServer, silence: object) -> None:
    scripted.answers.append(silence)
    with pytest.raises(MailUnavailable) as refusal:
        await sender.send(MAIL)
    assert refusal.value.code == "mail_unreachable"


@pytest.mark.parametrize("sender", [ResendMail], indirect=True)
@pytest.mark.parametrize("body", [b"", b"<html>", [], {}, {"id": 5}, {"id": ""}])
async def test_resend_must_name_the_mail(sender: MailSender, scripted: ScriptedServer, body: object) -> None:
    scripted.will_answer(200, body)
    with pytest.raises(MailUnavailable) as refusal:
        await sender.send(MAIL)
    assert refusal.value.code == "mail_answer_unreadable"


@pytest.mark.parametrize("sender", [ResendMail], indirect=True)
async def test_resend_still_busy_with_the_first_try(sender: MailSender, scripted: ScriptedServer) -> None:
    scripted.will_answer(409, {"name": "concurrent_idempotent_requests"})
    with pytest.raises(MailUnavailable):
        await sender.send(MAIL)
    scripted.will_answer(409, {"name": "invalid_idempotent_request"})
    with pytest.raises(MailRefused):
        await sender.send(MAIL)


@pytest.mark.parametrize("sender", [ResendMail], indirect=True)
async def test_what_resend_is_asked(sender: MailSender, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, {"id": "mail-1"})
    assert await sender.send(MAIL) == "mail-1"
    assert scripted.asked[0].line == "POST /emails HTTP/1.1"
    assert scripted.asked[0].headers["authorization"] == "Bearer key"
    assert scripted.asked[0].headers["idempotency-key"] == MAIL.idempotency_key
    body = asked(scripted)
    assert body["from"] == '"Sojourn, Phnom Penh" <bookings@sojourn.example>'
    assert body["tags"] == [{"name": "kind", "value": "booking_confirmed"}]
    assert b64decode(body["attachments"][0]["content"]) == PDF


@pytest.mark.parametrize("sender", [SendGridMail], indirect=True)
async def test_what_sendgrid_is_asked(sender: MailSender, scripted: ScriptedServer) -> None:
    scripted.will_answer(202, b"", headers=("X-Message-Id: mail-2",))
    assert await sender.send(MAIL) == "mail-2"
    assert scripted.asked[0].line == "POST /v3/mail/send HTTP/1.1"
    body = asked(scripted)
    assert body["from"] == {"email": "bookings@sojourn.example", "name": "Sojourn, Phnom Penh"}
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert body["custom_args"] == {"kind": "booking_confirmed", "idempotency_key": MAIL.idempotency_key}


@pytest.mark.parametrize("sender", [SendGridMail], indirect=True)
async def test_sendgrid_is_sent_no_empty_lists(sender: MailSender, scripted: ScriptedServer) -> None:
    scripted.will_answer(202, b"")
    bare = a_mail(headers={}, attachments=[], reply_to=None, tags={})
    assert await sender.send(bare) == MAIL.idempotency_key
    assert set(asked(scripted)) == {"personalizations", "from", "subject", "content", "custom_args"}
