"""What each kind of message looks like, shown with sample data before a real one is sent."""

from enum import StrEnum
from typing import TYPE_CHECKING

from sojourn.care.notifications.mails import CONTEXTS, Brand, Envelope, MailContext, MailKind
from sojourn.care.notifications.models import Channel
from sojourn.people.users.fields import LanguageIn
from sojourn.platform.i18n import Language
from sojourn.platform.kit.lazily import lazily
from sojourn.platform.kit.wire import Wire

if TYPE_CHECKING:
    from sojourn.care.notifications import rendering
else:
    rendering = lazily("sojourn.care.notifications.rendering")

SAMPLE_READER = "Anna Berg"


class TemplateOut(Wire):
    """A kind of message. The preferences are the switches its reader has; null: it always comes."""

    kind: MailKind
    channels: list[Channel]
    mail_preference: str | None
    push_preference: str | None


class PreviewFormat(StrEnum):
    HTML = "html"
    TEXT = "text"
    JSON = "json"


class PreviewChoice(Wire):
    """`html` is the mail as a browser shows it, `text` its plain part, `json` all of it and the push."""

    language: LanguageIn = Language.EN
    format: PreviewFormat = PreviewFormat.JSON


class PushPreview(Wire):
    title: str
    body: str
    link: str


class PreviewOut(Wire):
    """A message with sample data; `push` is null for a kind that goes by mail alone."""

    kind: MailKind
    language: Language
    subject: str
    html: str
    text: str
    push: PushPreview | None


def list_templates() -> list[TemplateOut]:
    """Every kind, in the order they are declared in."""
    return [_describe(CONTEXTS[kind]) for kind in MailKind]


def _describe(context: type[MailContext]) -> TemplateOut:
    ways = ((Channel.MAIL, context.is_mailed), (Channel.PUSH, context.push is not None))
    return TemplateOut(
        kind=context.kind,
        channels=[channel for channel, is_used in ways if is_used],
        mail_preference=context.mail_preference,
        push_preference=context.push.preference if context.push else None,
    )


def preview(kind: MailKind, *, language: Language, brand: Brand) -> PreviewOut:
    """A kind's sample, as `brand` would send it. Its unsubscribe link leads nowhere."""
    sample = CONTEXTS[kind].sample()
    envelope = Envelope(recipient_name=SAMPLE_READER, unsubscribe_url=brand.frontend_url)
    mail = rendering.render_mail(context=sample, language=language, brand=brand, envelope=envelope)
    push = rendering.render_push(context=sample, language=language, brand=brand) if sample.push else None
    return PreviewOut(
        kind=kind,
        language=language,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        push=PushPreview(title=push.title, body=push.body, link=push.link) if push else None,
    )
