"""Resend's HTTP API."""

from base64 import b64encode

from sojourn.providers.mail.checking import check, read_mailbox
from sojourn.providers.mail.http_api import JsonMailApi
from sojourn.providers.mail.port import MailUnavailable, OutgoingMail


def _body(mail: OutgoingMail) -> dict[str, object]:
    check(mail)
    body: dict[str, object] = {
        "from": str(read_mailbox(mail.sender, "sender")),
        "to": [str(read_mailbox(mail.to, "to"))],
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "headers": dict(mail.headers),
        "tags": [{"name": name, "value": value} for name, value in mail.tags.items()],
        "attachments": [
            {
                "filename": attachment.filename,
                "content": b64encode(attachment.content).decode("ascii"),
                "content_type": attachment.content_type,
            }
            for attachment in mail.attachments
        ],
    }
    if mail.reply_to is not None:
        body["reply_to"] = str(read_mailbox(mail.reply_to, "reply_to"))
    return body


class ResendMail:
    """`MailSender` over Resend. A repeat with the same idempotency key within 24 h is answered, not sent again."""

    name = "resend"

    def __init__(self, *, api_key: str, base_url: str = "https://api.resend.com", timeout: float = 15.0) -> None:
        # 409 with this code: our first try is still on its way there.
        busy = frozenset({"concurrent_idempotent_requests"})
        self._api = JsonMailApi(api_key=api_key, base_url=base_url, timeout=timeout, retry_codes=busy)

    async def send(self, mail: OutgoingMail) -> str:
        answer = await self._api.post("/emails", _body(mail), {"Idempotency-Key": mail.idempotency_key})
        try:
            sent = answer.json()
        except ValueError:
            sent = None
        message_id = sent.get("id") if isinstance(sent, dict) else None
        if not isinstance(message_id, str) or not message_id:
            # Trying again is safe: the key keeps it from leaving twice.
            raise MailUnavailable("the carrier's answer has no id", code="mail_answer_unreadable")
        return message_id

    async def aclose(self) -> None:
        await self._api.aclose()
