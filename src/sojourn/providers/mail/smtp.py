"""Any mail server, by SMTP."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from hashlib import sha256

import aiosmtplib

from sojourn.providers.mail.checking import Mailbox, check, read_mailbox
from sojourn.providers.mail.header_folding import POLICY
from sojourn.providers.mail.port import Attachment, MailRefused, MailUnavailable, OutgoingMail

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpSecurity(StrEnum):
    TLS = "tls"  # from the first byte, usually port 465
    STARTTLS = "starttls"  # required, never given up silently; usually port 587
    NONE = "none"


def _address(mailbox: Mailbox) -> Address:
    username, _, domain = mailbox.address.rpartition("@")
    return Address(display_name=mailbox.name, username=username, domain=domain)


def _message_id(mail: OutgoingMail, sender: Mailbox) -> str:
    domain = sender.address.rpartition("@")[2]
    return f"<{sha256(mail.idempotency_key.encode()).hexdigest()[:40]}@{domain}>"


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    media_type, *parameters = attachment.content_type.split(";")
    maintype, _, subtype = media_type.partition("/")
    named = dict(parameter.strip().split("=", 1) for parameter in parameters)
    message.add_attachment(
        attachment.content, maintype=maintype, subtype=subtype, filename=attachment.filename, params=named
    )


def compose(mail: OutgoingMail, *, now: datetime) -> EmailMessage:
    """The whole message, text before HTML, attachments last. Raises MailRefused."""
    check(mail)
    sender = read_mailbox(mail.sender, "sender")
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(sender)
    message["To"] = _address(read_mailbox(mail.to, "to"))
    if mail.reply_to is not None:
        message["Reply-To"] = _address(read_mailbox(mail.reply_to, "reply_to"))
    message["Subject"] = mail.subject
    message["Date"] = now
    message["Message-ID"] = _message_id(mail, sender)
    for name, value in mail.headers.items():
        message[name] = value
    for name, value in mail.tags.items():
        message[f"X-Tag-{name}"] = value
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        _attach(message, attachment)
    return message


def _translate(error: Exception) -> MailRefused | MailUnavailable:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailRefused("the server takes no address like this", code="smtp_not_supported", field="to")
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    # A refused sender is a matter between us and the server: staff repair it, and the mail must still go out.
    if code >= 500 and not isinstance(error, aiosmtplib.SMTPSenderRefused):
        return MailRefused(f"the server answered {code}", code=f"smtp_{code}")
    return MailUnavailable(f"the server answered {code or 'nothing'}", code=f"smtp_{code or 'lost'}")


class SmtpMail:
    """`MailSender` over one mail server, a connection per mail. `timeout` in seconds, per command.

    A password is never sent in the clear to another machine: `SmtpSecurity.NONE` with a user name raises ValueError
    unless the host is this one.
    """

    name = "smtp"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: SmtpSecurity,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 20.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        if security is SmtpSecurity.NONE and username is not None and host not in _LOOPBACK:
            raise ValueError("SMTP would send the password in the clear: use TLS or STARTTLS")
        self._host = host
        self._port = port
        self._security = security
        self._username = username
        self._password = password
        self._timeout = timeout
        self._tls_context = tls_context

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            timeout=self._timeout,
            use_tls=self._security is SmtpSecurity.TLS,
            start_tls=self._security is SmtpSecurity.STARTTLS,
            tls_context=self._tls_context,
        )

    async def send(self, mail: OutgoingMail) -> str:
        sender, to = read_mailbox(mail.sender, "sender"), read_mailbox(mail.to, "to")
        message = compose(mail, now=datetime.now(UTC))
        client = self._client()
        try:
            # TLS and the login happen in here. None of it is this mail's fault, so all of it may be tried again.
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"no session: {type(error).__name__}", code="smtp_no_session") from error
        try:
            await client.send_message(message, sender=sender.address, recipients=[to.address])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _translate(error) from error
        finally:
            # The mail is already taken or refused; a server hanging up early changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        return str(message["Message-ID"])

    async def aclose(self) -> None:
        """Nothing is kept open between mails."""
