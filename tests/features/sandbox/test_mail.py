"""The mail provider and the mailbox."""

import base64
import secrets
from typing import Any

import httpx
import pytest

from sojourn.sandbox.process import run_sandbox

from .conftest import Shop

AUTH = {"Authorization": "Bearer re_test_1"}


def _mail(to: str, **more: object) -> dict[str, Any]:
    return {"from": "DerLg <hello@derlg.test>", "to": to, "subject": "ការកក់ DLG-7", "html": "<p>Hi</p>", **more}


@pytest.fixture
def inbox() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def test_a_mail_through_resend_lands_in_the_mailbox(shop: Shop, inbox: str) -> None:
    content = secrets.token_bytes(300)
    attachment = {
        "filename": "វិក្កយបត្រ.pdf",
        "content": base64.b64encode(content).decode(),
        "content_type": "application/pdf",
    }
    sent = await shop.http.post(
        "/emails",
        headers=AUTH,
        json=_mail(
            inbox, text="Hi", reply_to="desk@derlg.test", attachments=[attachment], headers={"X-Booking": "DLG-7"}
        ),
    )
    assert sent.status_code == 200
    [mail] = (await shop.http.get("/mail", params={"to": inbox.upper()})).json()
    assert mail["id"] == sent.json()["id"]
    assert (mail["to"], mail["from"], mail["subject"]) == ([inbox], "DerLg <hello@derlg.test>", "ការកក់ DLG-7")
    assert (mail["html"], mail["text"], mail["headers"]) == ("<p>Hi</p>", "Hi", {"X-Booking": "DLG-7"})
    [file] = mail["attachments"]
    assert (file["filename"], file["size"]) == ("វិក្កយបត្រ.pdf", 300)
    fetched = await shop.http.get(file["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (content, "application/pdf")
    assert (await shop.http.get(f"/mail/{mail['id']}")).json() == mail
    shown = await shop.http.get(f"/mail/{mail['id']}/html")
    assert shown.text == "<p>Hi</p>"
    assert shown.headers["content-security-policy"].startswith("sandbox")


async def test_a_mail_through_sendgrid_lands_there_too(shop: Shop, inbox: str) -> None:
    sent = await shop.http.post(
        "/v3/mail/send",
        headers={"Authorization": "Bearer SG.x"},
        json={
            "personalizations": [{"to": [{"email": inbox, "name": "Sok"}], "custom_args": {"booking": "DLG-7"}}],
            "from": {"email": "hello@derlg.test", "name": "DerLg"},
            "subject": "Paid",
            "content": [{"type": "text/plain", "value": "Hi"}, {"type": "text/html", "value": "<p>Hi</p>"}],
            "attachments": [{"content": "aGk=", "filename": "a.txt", "type": "text/plain"}],
        },
    )
    assert sent.status_code == 202
    [mail] = (await shop.http.get("/mail", params={"to": inbox, "subject": "paid"})).json()
    assert mail["id"] == sent.headers["x-message-id"]
    assert (mail["to"], mail["text"], mail["html"]) == ([f"Sok <{inbox}>"], "Hi", "<p>Hi</p>")
    assert (await shop.http.get(mail["attachments"][0]["url"])).content == b"hi"


async def test_a_repeated_request_sends_one_mail(shop: Shop, inbox: str) -> None:
    headers = {**AUTH, "Idempotency-Key": inbox}
    first = await shop.http.post("/emails", headers=headers, json=_mail(inbox))
    second = await shop.http.post("/emails", headers=headers, json=_mail(inbox))
    assert first.json() == second.json()
    other = await shop.http.post("/emails", headers=headers, json=_mail(inbox, text="changed"))
    assert (other.status_code, other.json()["name"]) == (409, "invalid_idempotent_request")
    assert len((await shop.http.get("/mail", params={"to": inbox})).json()) == 1


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"to": "nobody"}, "validation_error"),
        ({"to": []}, "validation_error"),
        ({"subject": None}, "validation_error"),
        ({"subject": "two\r\nBcc: x@example.com"}, "validation_error"),
        ({"from": "a@b"}, "validation_error"),
        ({"html": None}, "missing_required_field"),
        ({"attachments": [{"filename": "a", "content": "no base64!"}]}, "validation_error"),
        ({"color": "red"}, "validation_error"),
    ],
)
async def test_mails_that_cannot_be_sent_are_refused(shop: Shop, inbox: str, change: dict[str, Any], name: str) -> None:
    answer = await shop.http.post("/emails", headers=AUTH, json={**_mail(inbox), **change})
    assert (answer.status_code, answer.json()["statusCode"], answer.json()["name"]) == (422, 422, name)
    assert (await shop.http.get("/mail", params={"to": inbox})).json() == []


async def test_refusals_of_both_vendors(shop: Shop, inbox: str) -> None:
    nobody = await shop.http.post("/emails", json=_mail(inbox))
    assert (nobody.status_code, nobody.json()["name"]) == (401, "missing_api_key")
    unreadable = await shop.http.post("/emails", headers=AUTH, content=b"{")
    assert unreadable.status_code == 422
    untitled = {
        "personalizations": [{"to": [{"email": inbox}]}],
        "from": {"email": "a@example.com"},
        "content": [{"type": "text/plain", "value": "Hi"}],
    }
    refused = await shop.http.post("/v3/mail/send", headers=AUTH, json=untitled)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (400, "The subject is required.")
    overlong = await shop.http.post("/emails", headers={**AUTH, "Idempotency-Key": "k" * 257}, json=_mail(inbox))
    assert (overlong.status_code, overlong.json()["name"]) == (400, "invalid_idempotency_key")
    empty = await shop.http.post("/v3/mail/send", headers=AUTH, json={"personalizations": []})
    assert empty.status_code == 400
    assert empty.json()["errors"][0]["field"] == "personalizations"


async def test_the_provider_can_be_down(shop: Shop, inbox: str) -> None:
    key = f"re_{inbox}"
    await shop.http.put("/_sandbox/faults", params={"account": key}, json={"mail": {"fail_next": 1, "status": 503}})
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
    statuses = [(await shop.http.post("/emails", headers=headers, json=_mail(inbox))).status_code for _ in range(2)]
    assert statuses == [503, 200]
    assert len((await shop.http.get("/mail", params={"to": inbox})).json()) == 1


async def test_newest_first_with_a_limit(shop: Shop, inbox: str) -> None:
    for subject in ("one", "two", "three"):
        await shop.http.post("/emails", headers=AUTH, json=_mail(inbox, subject=subject))
    listed = (await shop.http.get("/mail", params={"to": inbox, "limit": 2})).json()
    assert [mail["subject"] for mail in listed] == ["three", "two"]
    for params, field in (
        ({"limit": "many"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"from": "x"}, "from"),
    ):
        refused = await shop.http.get("/mail", params=params)
        assert (refused.status_code, refused.json()["field"]) == (400, field)


def test_the_mailbox_can_be_emptied() -> None:
    with run_sandbox() as base_url, httpx.Client(base_url=base_url, trust_env=False) as http:
        mail = _mail("a@example.com", attachments=[{"filename": "a", "content": "aGk="}])
        sent = http.post("/emails", headers=AUTH, json=mail).json()
        assert http.delete("/mail").json() == {"deleted": 1}
        assert http.get("/mail").json() == []
        assert http.get(f"/mail/{sent['id']}/attachments/0").status_code == 404


async def test_unknown_mails_and_files_are_404(shop: Shop) -> None:
    for path in ("/mail/none", "/mail/none/html", "/mail/none/attachments/0", f"/mail/none/attachments/{'9' * 5000}"):
        answer: httpx.Response = await shop.http.get(path)
        assert answer.status_code == 404
