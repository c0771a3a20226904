"""What only SMTP has: TLS, a login, an envelope, and headers of our own making."""

import ssl
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.utils import parseaddr

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.providers.mail.checking import Mailbox
from sojourn.providers.mail.port import Attachment, MailRefused, MailUnavailable
from sojourn.providers.mail.smtp import SmtpMail, SmtpSecurity, compose

from .mails import MAIL, PDF, SUBJECT, a_mail
from .smtp_inbox import SmtpInbox, smtp_inbox

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
AUTHORITY = trustme.CA()


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def plain(inbox: SmtpInbox) -> SmtpMail:
    return SmtpMail(host="127.0.0.1", port=inbox.port, security=SmtpSecurity.NONE)


async def test_the_message_is_whole(inbox: SmtpInbox) -> None:
    message_id = await plain(inbox).send(MAIL)
    [message] = inbox.received
    assert inbox.envelopes == [("bookings@sojourn.example", ["sokha@example.com"])]
    assert message["Subject"] == SUBJECT
    assert message["From"].addresses == (Address("Sojourn, Phnom Penh", "bookings", "sojourn.example"),)
    assert message["To"].addresses == (Address("សុខា", "sokha", "example.com"),)
    assert message["Reply-To"] == "help@sojourn.example"
    assert message["Message-ID"] == message_id
    assert message["Date"].datetime.utcoffset().total_seconds() == 0
    assert message["List-Unsubscribe"] == MAIL.headers["List-Unsubscribe"]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.text
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.html
    pdf, ics = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type(), pdf.get_content()) == (
        "វិក្កយបត្រ 发票 2026-1.pdf",
        "application/pdf",
        PDF,
    )
    assert ics["Content-Type"].params["method"] == "REQUEST"
    assert max(len(line) for line in message.as_bytes().split(b"\r\n")) <= 998


async def test_a_repeat_has_the_same_message_id_and_another_mail_another(inbox: SmtpInbox) -> None:
    sender = plain(inbox)
    first = await sender.send(MAIL)
    assert await sender.send(MAIL) == first
    assert await sender.send(a_mail(idempotency_key="another")) != first
    assert first.endswith("@sojourn.example>")


PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]) | st.sampled_from(' =?កខ中文"\\<>,;:.'),
    max_size=200,
)


def one_spaced(text: str) -> str:
    """A mail reader shows runs of blanks in a header as one."""
    return " ".join(text.split())


def decoded(header: str) -> str:
    return one_spaced(str(make_header(decode_header(header))))


@given(subject=PRINTABLE, name=PRINTABLE, filename=PRINTABLE)
@settings(deadline=None)
def test_any_text_comes_out_of_the_wire_format_as_it_went_in(subject: str, name: str, filename: str) -> None:
    subject, name = one_spaced(f"x{subject}"), one_spaced(name)
    filename = one_spaced(f"x{filename}".replace("/", "-").replace("\\", "-"))
    attachment = Attachment(filename=filename, content=PDF, content_type="application/pdf")
    sender = str(Mailbox(name=name, address="bookings@sojourn.example"))
    composed = compose(a_mail(subject=subject, sender=sender, attachments=[attachment]), now=NOW)
    wire = composed.as_bytes(policy=SMTP_LINES)
    read = message_from_bytes(wire, policy=SMTP_LINES)
    assert isinstance(read, EmailMessage)
    # The older reader: the newer one puts blanks between the encoded words of a long name.
    raw = message_from_bytes(wire)
    assert decoded(raw["Subject"]) == subject
    shown, address = parseaddr(raw["From"])
    assert (decoded(shown), address) == (name, "bookings@sojourn.example")
    assert [part.get_filename() for part in read.iter_attachments()] == [filename]
    assert all(line.isascii() and len(line) <= 998 for line in wire.partition(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
async def test_a_permanent_answer_refuses_the_mail(inbox: SmtpInbox, verb: str) -> None:
    inbox.answers[verb] = "550 no such user"
    with pytest.raises(MailRefused) as refusal:
        await plain(inbox).send(MAIL)
    assert refusal.value.code == "smtp_550"
    assert inbox.received == []


@pytest.mark.parametrize(("verb", "answer"), [("RCPT", "451 later"), ("DATA", "452 full"), ("MAIL", "553 not yours")])
async def test_a_passing_answer_leaves_the_mail_for_later(inbox: SmtpInbox, verb: str, answer: str) -> None:
    inbox.answers[verb] = answer
    with pytest.raises(MailUnavailable) as refusal:
        await plain(inbox).send(MAIL)
    assert refusal.value.code == f"smtp_{answer[:3]}"
    await plain(inbox).send(MAIL)
    assert len(inbox.received) == 1


async def test_an_address_the_server_cannot_spell_is_refused(inbox: SmtpInbox) -> None:
    with pytest.raises(MailRefused) as refusal:
        await plain(inbox).send(a_mail(to="សុខា@example.com"))
    assert refusal.value.code == "smtp_not_supported"


async def test_a_domain_in_another_script_is_sent_in_ascii(inbox: SmtpInbox) -> None:
    await plain(inbox).send(a_mail(to="sokha@例え.example"))
    assert inbox.envelopes[0][1] == ["sokha@xn--r8jz45g.example"]


async def test_starttls_with_a_login() -> None:
    async with smtp_inbox(starttls=server_tls(), login=("sojourn", "s3cret")) as inbox:
        sender = SmtpMail(
            host="127.0.0.1",
            port=inbox.port,
            security=SmtpSecurity.STARTTLS,
            username="sojourn",
            password="s3cret",
            tls_context=client_tls(),
        )
        await sender.send(MAIL)
        await sender.aclose()
        assert inbox.encrypted == [True]


async def test_tls_from_the_first_byte() -> None:
    async with smtp_inbox(tls=server_tls()) as inbox:
        sender = SmtpMail(host="127.0.0.1", port=inbox.port, security=SmtpSecurity.TLS, tls_context=client_tls())
        await sender.send(MAIL)
        assert len(inbox.received) == 1


async def test_a_wrong_password_keeps_the_mail_for_later() -> None:
    async with smtp_inbox(starttls=server_tls(), login=("sojourn", "s3cret")) as inbox:
        sender = SmtpMail(
            host="127.0.0.1",
            port=inbox.port,
            security=SmtpSecurity.STARTTLS,
            username="sojourn",
            password="wrong",
            tls_context=client_tls(),
        )
        with pytest.raises(MailUnavailable) as refusal:
            await sender.send(MAIL)
        assert refusal.value.code == "smtp_no_session"
        assert inbox.received == []


async def test_a_server_without_starttls_gets_nothing_in_the_clear(inbox: SmtpInbox) -> None:
    sender = SmtpMail(
        host="127.0.0.1", port=inbox.port, security=SmtpSecurity.STARTTLS, tls_context=client_tls(), timeout=5
    )
    with pytest.raises(MailUnavailable):
        await sender.send(MAIL)
    assert inbox.received == []


async def test_a_stranger_s_certificate_gets_nothing() -> None:
    async with smtp_inbox(starttls=server_tls()) as inbox:
        sender = SmtpMail(host="127.0.0.1", port=inbox.port, security=SmtpSecurity.STARTTLS)
        with pytest.raises(MailUnavailable):
            await sender.send(MAIL)
        assert inbox.received == []


def test_a_password_never_travels_in_the_clear() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        SmtpMail(host="mail.example.com", port=25, security=SmtpSecurity.NONE, username="sojourn", password="x")
