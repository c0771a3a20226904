"""SendGrid's v3 HTTP API."""

from base64 import b64encode

from sojourn.providers.mail.checking import Mailbox, check, read_mailbox
from sojourn.providers.mail.http_api import JsonMailApi
from sojourn.providers.mail.port import OutgoingMail


def _person(mailbox: Mailbox) -> dict[str, str]:
    return {"email": mailbox.address, "name": mailbox.name} if mailbox.name else {"email": mailbox.address}


def _body(mail: OutgoingMail) -> dict[str, object]:
    check(mail)
    body: dict[str, object] = {
        "personalizations": [{"to": [_person(read_mailbox(mail.to, "to"))]}],
        "from": _person(read_mailbox(mail.sender, "sender")),
        "subject": mail.subject,
        # SendGrid wants them in this order.
        "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
        "custom_args": {**mail.tags, "idempotency_key": mail.idempotency_key},
    }
    if mail.reply_to is not None:
        body["reply_to"] = _person(read_mailbox(mail.reply_to, "reply_to"))
    # Empty lists and objects are refused there.
    if mail.headers:
        body["headers"] = dict(mail.headers)
    if mail.attachments:
        body["attachments"] = [
            {
                "filename": attachment.filename,
                "content": b64encode(attachment.content).decode("ascii"),
                "type": attachment.content_type,
                "disposition": "attachment",
            }
            for attachment in mail.attachments
        ]
    return body


class SendGridMail:
    """`MailSender` over SendGrid, which knows no idempotency: a retry after a lost answer may arrive twice."""

    name = "sendgrid"

    def __init__(self, *, api_key: str, base_url: str = "https://api.sendgrid.com", timeout: float = 15.0) -> None:
        self._api = JsonMailApi(api_key=api_key, base_url=base_url, timeout=timeout)

    async def send(self, mail: OutgoingMail) -> str:
        answer = await self._api.post("/v3/mail/send", _body(mail), {})
        # The mail is accepted whether or not the header came through a proxy; our own key finds it by custom_args.
        return answer.headers.get("X-Message-Id") or mail.idempotency_key

    async def aclose(self) -> None:
        await self._api.aclose()
