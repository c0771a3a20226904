"""A mail server in this process, on the test's own loop: what it takes lies in `received`."""

# ruff: noqa: N802  (the server looks its hooks up by these names)

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class SmtpInbox:
    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    # Answers to give instead of the usual ones, by SMTP verb, each once.
    answers: dict[str, str] = field(default_factory=dict)

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers.pop("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers.pop("RCPT")
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.answers:
            return self.answers.pop("DATA")
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=SMTP_LINES)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@asynccontextmanager
async def smtp_inbox(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> AsyncIterator[SmtpInbox]:
    inbox = SmtpInbox()
    loop = asyncio.get_running_loop()

    def authenticate(*args: Any) -> AuthResult:
        sent = args[-1]
        assert isinstance(sent, LoginPassword)
        # Not handled: the server itself answers 535.
        return AuthResult(handled=False, success=(sent.login.decode(), sent.password.decode()) == login)

    def connection() -> SMTP:
        return SMTP(
            inbox,
            hostname="inbox.example",
            loop=loop,
            enable_SMTPUTF8=False,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticate if login else None,
            auth_required=login is not None,
            auth_require_tls=login is not None and tls is None,
        )

    server = await loop.create_server(connection, host="127.0.0.1", port=0, ssl=tls)
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        await server.wait_closed()
