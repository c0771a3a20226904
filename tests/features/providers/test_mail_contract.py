"""What every carrier does alike: Resend and SendGrid as the sandbox plays them, SMTP on a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import pytest

from sojourn.providers.mail.port import Attachment, MailRefused, MailSender, MailUnavailable, OutgoingMail
from sojourn.providers.mail.resend import ResendMail
from sojourn.providers.mail.sendgrid import SendGridMail
from sojourn.providers.mail.smtp import SmtpMail, SmtpSecurity

from .mails import MAIL, PDF, SUBJECT, a_mail
from .smtp_inbox import SmtpInbox


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A mail as its reader sees it."""

    sender: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str
    unsubscribe: str
    attachments: list[tuple[str, bytes]]


@dataclass(frozen=True, kw_only=True)
class Carrier:
    sender: MailSender
    read: Callable[[], Awaitable[list[Seen]]]
    break_down_once: Callable[[], Awaitable[None]]


def seen_in_smtp(message: EmailMessage) -> Seen:
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    parts = [(part.get_filename() or "", part.get_payload(decode=True)) for part in message.iter_attachments()]
    return Seen(
        sender=str(message["From"].addresses[0].addr_spec),
        to=str(message["To"].addresses[0].addr_spec),
        subject=str(message["Subject"]),
        html=html.get_content().replace("\r\n", "\n").rstrip(),
        text=text.get_content().replace("\r\n", "\n").rstrip(),
        reply_to=str(message["Reply-To"] or ""),
        unsubscribe=str(message["List-Unsubscribe"] or ""),
        attachments=[(name, content) for name, content in parts if isinstance(content, bytes)],
    )


def smtp_carrier(inbox: SmtpInbox) -> Carrier:
    async def read() -> list[Seen]:
        return [seen_in_smtp(message) for message in inbox.received]

    async def break_down_once() -> None:
        inbox.answers["DATA"] = "451 try later"

    sender = SmtpMail(host="127.0.0.1", port=inbox.port, security=SmtpSecurity.NONE)
    return Carrier(sender=sender, read=read, break_down_once=break_down_once)


def http_carrier(sender: MailSender, browser: httpx.AsyncClient) -> Carrier:
    async def attachment(url: str) -> bytes:
        return (await browser.get(url)).raise_for_status().content

    async def read() -> list[Seen]:
        return [
            Seen(
                sender=mail["from"].rpartition("<")[2].rstrip(">"),
                to=mail["to"][0].rpartition("<")[2].rstrip(">"),
                subject=mail["subject"],
                html=mail["html"],
                text=mail["text"],
                reply_to=", ".join(mail["reply_to"]),
                unsubscribe=mail["headers"].get("List-Unsubscribe", ""),
                attachments=[(part["filename"], await attachment(part["url"])) for part in mail["attachments"]],
            )
            for mail in (await browser.get("/mail")).raise_for_status().json()
        ]

    async def break_down_once() -> None:
        (await browser.put("/_sandbox/faults", json={"mail": {"fail_next": 1, "status": 500}})).raise_for_status()

    return Carrier(sender=sender, read=read, break_down_once=break_down_once)


@pytest.fixture(params=["resend", "sendgrid", "smtp"])
async def carrier(request: pytest.FixtureRequest, sandbox: str, inbox: SmtpInbox) -> AsyncIterator[Carrier]:
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as browser:
        (await browser.post("/_sandbox/reset")).raise_for_status()
        running = {
            "resend": lambda: http_carrier(ResendMail(api_key="re_test", base_url=sandbox), browser),
            "sendgrid": lambda: http_carrier(SendGridMail(api_key="SG.test", base_url=sandbox), browser),
            "smtp": lambda: smtp_carrier(inbox),
        }[request.param]()
        assert running.sender.name == request.param
        yield running
        await running.sender.aclose()


async def test_everything_arrives(carrier: Carrier) -> None:
    assert await carrier.sender.send(MAIL)
    assert await carrier.read() == [
        Seen(
            sender="bookings@sojourn.example",
            to="sokha@example.com",
            subject=SUBJECT,
            html=MAIL.html,
            text=MAIL.text,
            reply_to="help@sojourn.example",
            unsubscribe=MAIL.headers["List-Unsubscribe"],
            attachments=[("វិក្កយបត្រ 发票 2026-1.pdf", PDF), ("visit.ics", b"BEGIN:VCALENDAR\r\n")],
        )
    ]


async def test_a_bare_mail_arrives(carrier: Carrier) -> None:
    await carrier.sender.send(a_mail(reply_to=None, headers={}, attachments=[], tags={}, to="sokha@example.com"))
    [mail] = await carrier.read()
    assert (mail.to, mail.reply_to, mail.unsubscribe, mail.attachments) == ("sokha@example.com", "", "", [])


async def test_each_mail_has_its_own_id(carrier: Carrier) -> None:
    mails = [a_mail(idempotency_key=f"welcome:{number}") for number in range(4)]
    ids = await asyncio.gather(*(carrier.sender.send(mail) for mail in mails))
    assert len(set(ids)) == len(await carrier.read()) == 4


async def test_a_breakdown_leaves_the_mail_for_a_later_try(carrier: Carrier) -> None:
    await carrier.break_down_once()
    with pytest.raises(MailUnavailable) as refusal:
        await carrier.sender.send(MAIL)
    assert refusal.value.is_retryable
    assert refusal.value.code
    assert await carrier.read() == []
    await carrier.sender.send(MAIL)
    assert len(await carrier.read()) == 1


INJECTED = "x\r\nBcc: everyone@example.com"


@pytest.mark.parametrize(
    ("mail", "field"),
    [
        (a_mail(subject=INJECTED), "subject"),
        (a_mail(subject="x\nBcc: everyone@example.com"), "subject"),
        (a_mail(subject="x\rBcc: everyone@example.com"), "subject"),
        (a_mail(subject="x\x00"), "subject"),
        (a_mail(subject="x\u2028Bcc: everyone@example.com"), "subject"),
        (a_mail(sender=f"{INJECTED} <a@example.com>"), "sender"),
        (a_mail(to="a@example.com\nRCPT TO:<b@example.com>"), "to"),
        (a_mail(to=f'"{INJECTED}" <a@example.com>'), "to"),
        (a_mail(reply_to="a@example.com\r\n"), "reply_to"),
        (a_mail(headers={"X-Kind": INJECTED}), "headers.X-Kind"),
        (a_mail(headers={"X-Kind\r\nBcc": "everyone@example.com"}), "headers"),
        (a_mail(headers={"X Kind": "x"}), "headers"),
        (a_mail(idempotency_key="a\r\nb"), "idempotency_key"),
        (
            a_mail(attachments=[Attachment(filename=INJECTED, content=b"", content_type="a/b")]),
            "attachments.0.filename",
        ),
    ],
)
async def test_nothing_in_a_mail_starts_a_header(carrier: Carrier, mail: OutgoingMail, field: str) -> None:
    with pytest.raises(MailRefused) as refusal:
        await carrier.sender.send(mail)
    assert (refusal.value.code, refusal.value.field) == ("header_injection", field)
    assert await carrier.read() == []


ODD_FILE = Attachment(filename="../etc/passwd", content=b"", content_type="text/plain")
NO_NAME = Attachment(filename=" ", content=b"", content_type="text/plain")
ODD_TYPE = Attachment(filename="x", content=b"", content_type="pdf")
NESTED = Attachment(filename="x", content=b"", content_type="multipart/mixed; boundary=b")


@pytest.mark.parametrize(
    ("mail", "code", "field"),
    [
        (a_mail(to=""), "address_invalid", "to"),
        (a_mail(to="nobody"), "address_invalid", "to"),
        (a_mail(to="a@example.com, b@example.com"), "address_invalid", "to"),
        (a_mail(to="a@example.com> <b@example.com"), "address_invalid", "to"),
        (a_mail(to="Sokha <a@b@example.com>"), "address_invalid", "to"),
        (a_mail(sender="Sojourn"), "address_invalid", "sender"),
        (a_mail(reply_to="a@"), "address_invalid", "reply_to"),
        (a_mail(headers={"BCC": "everyone@example.com"}), "header_reserved", "headers.BCC"),
        (a_mail(headers={"Content-Type": "text/plain"}), "header_reserved", "headers.Content-Type"),
        (a_mail(headers={"X-A": "1", "x-a": "2"}), "header_reserved", "headers.x-a"),
        (a_mail(idempotency_key=""), "key_invalid", "idempotency_key"),
        (a_mail(idempotency_key="ក"), "key_invalid", "idempotency_key"),
        (a_mail(idempotency_key="k" * 257), "key_invalid", "idempotency_key"),
        (a_mail(tags={"kind": "two words"}), "tag_invalid", "tags"),
        (a_mail(subject=" "), "text_missing", "subject"),
        (a_mail(text=""), "text_missing", "text"),
        (a_mail(html="<p>\ud83d</p>"), "text_unencodable", "html"),
        (a_mail(attachments=[ODD_FILE]), "filename_invalid", "attachments.0.filename"),
        (a_mail(attachments=[NO_NAME]), "filename_invalid", "attachments.0.filename"),
        (a_mail(attachments=[ODD_TYPE]), "content_type_invalid", "attachments.0.content_type"),
        (a_mail(attachments=[NESTED]), "content_type_invalid", "attachments.0.content_type"),
    ],
)
async def test_a_mail_no_carrier_takes_is_refused_by_field(
    carrier: Carrier, mail: OutgoingMail, code: str, field: str
) -> None:
    with pytest.raises(MailRefused) as refusal:
        await carrier.sender.send(mail)
    assert (refusal.value.code, refusal.value.field, refusal.value.is_retryable) == (code, field, False)
    assert await carrier.read() == []


@pytest.mark.parametrize("carrier", ["resend", "sendgrid"], indirect=True)
async def test_a_name_with_signs_of_its_own_stays_a_name(carrier: Carrier) -> None:
    await carrier.sender.send(a_mail(to='Sok "Sam", the <guide> <sam@example.com>'))
    [mail] = await carrier.read()
    assert mail.to == "sam@example.com"


@pytest.mark.parametrize("carrier", ["resend"], indirect=True)
async def test_resend_never_sends_a_key_twice(carrier: Carrier) -> None:
    first = await carrier.sender.send(MAIL)
    assert await carrier.sender.send(MAIL) == first
    assert len(await carrier.read()) == 1
    with pytest.raises(MailRefused) as refusal:
        await carrier.sender.send(a_mail(text="another text under the same key"))
    assert refusal.value.code == "invalid_idempotent_request"
