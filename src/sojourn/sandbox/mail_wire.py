"""What Resend and SendGrid take, read into letters."""

import base64
import binascii
from email.utils import parseaddr
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sojourn.sandbox.mailbox import Attached, Letter


def _check_address(value: str) -> str:
    address = parseaddr(value)[1]
    name, at, host = address.rpartition("@")
    if not (at and name and "." in host) or any(sign in value for sign in "\r\n"):
        raise PydanticCustomError("address", "Invalid address. Use `email@example.com` or `Name <email@example.com>`.")
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _check_base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("base64", "The content is not valid base64.") from None
    return value


Address = Annotated[str, AfterValidator(_check_address)]
Addresses = Annotated[list[Address], BeforeValidator(_as_list), Field(max_length=50)]
Base64 = Annotated[str, AfterValidator(_check_base64)]
Line = Annotated[str, Field(min_length=1, max_length=998, pattern=r"^[^\r\n]*$")]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ResendAttachment(_Wire):
    filename: Line
    content: Base64
    content_type: str = "application/octet-stream"
    content_id: str | None = None


class ResendTag(_Wire):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")]
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")]


class ResendMail(_Wire):
    from_: Annotated[Address, Field(alias="from")]
    to: Annotated[Addresses, Field(min_length=1)]
    subject: Line
    html: str | None = None
    text: str | None = None
    cc: Addresses = []
    bcc: Addresses = []
    reply_to: Addresses = []
    headers: dict[Line, Line] = {}
    attachments: list[ResendAttachment] = []
    tags: list[ResendTag] = []

    @model_validator(mode="after")
    def _has_body(self) -> "ResendMail":
        if not self.html and not self.text:
            raise PydanticCustomError("body", "Missing `html` or `text` field.")
        return self

    def letter(self) -> Letter:
        return Letter(
            sender=self.from_,
            to=self.to,
            subject=self.subject,
            html=self.html,
            text=self.text,
            cc=self.cc,
            bcc=self.bcc,
            reply_to=self.reply_to,
            headers=self.headers,
            tags={tag.name: tag.value for tag in self.tags},
            attachments=[
                Attached(filename=item.filename, content_type=item.content_type, content=base64.b64decode(item.content))
                for item in self.attachments
            ],
            provider="resend",
        )


class SendGridAddress(_Wire):
    email: Address
    name: Annotated[str, Field(pattern=r"^[^\r\n]*$")] | None = None

    def written(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


class SendGridPersonalization(_Wire):
    to: Annotated[list[SendGridAddress], Field(min_length=1)]
    cc: list[SendGridAddress] = []
    bcc: list[SendGridAddress] = []
    subject: Line | None = None
    headers: dict[Line, Line] = {}
    custom_args: dict[str, str] = {}
    send_at: int | None = None


class SendGridContent(_Wire):
    type: Line
    value: Annotated[str, Field(min_length=1)]


class SendGridAttachment(_Wire):
    content: Base64
    filename: Line
    type: str = "application/octet-stream"
    disposition: str = "attachment"
    content_id: str | None = None


class SendGridMail(_Wire):
    personalizations: Annotated[list[SendGridPersonalization], Field(min_length=1, max_length=1000)]
    from_: Annotated[SendGridAddress, Field(alias="from")]
    subject: Line | None = None
    content: Annotated[list[SendGridContent], Field(min_length=1)]
    reply_to: SendGridAddress | None = None
    attachments: list[SendGridAttachment] = []
    headers: dict[Line, Line] = {}
    categories: list[str] = []
    custom_args: dict[str, str] = {}
    tracking_settings: dict[str, dict[str, bool | str]] = {}

    @model_validator(mode="after")
    def _has_subject(self) -> "SendGridMail":
        if self.subject is None and any(item.subject is None for item in self.personalizations):
            raise PydanticCustomError("subject", "The subject is required.")
        return self

    def letters(self) -> list[Letter]:
        """One letter a personalization, as SendGrid sends them."""
        bodies = {item.type.partition(";")[0].strip(): item.value for item in self.content}
        attachments = [
            Attached(filename=item.filename, content_type=item.type, content=base64.b64decode(item.content))
            for item in self.attachments
        ]
        return [
            Letter(
                sender=self.from_.written(),
                to=[address.written() for address in item.to],
                subject=item.subject or self.subject or "",
                html=bodies.get("text/html"),
                text=bodies.get("text/plain"),
                cc=[address.written() for address in item.cc],
                bcc=[address.written() for address in item.bcc],
                reply_to=[self.reply_to.written()] if self.reply_to else [],
                headers={**self.headers, **item.headers},
                tags={**self.custom_args, **item.custom_args, **dict.fromkeys(self.categories, "")},
                attachments=attachments,
                provider="sendgrid",
            )
            for item in self.personalizations
        ]
