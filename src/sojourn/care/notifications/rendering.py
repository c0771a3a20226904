"""A mail as it is sent: subject, HTML and plain text, in one of the languages, in a storefront's colours.

The words live in `texts/<language>.yaml`, what a mail is made of in `templates/bodies/<kind>.j2`: one body a kind, set
twice, once with the blocks of `blocks.mjml.j2` and once with those of `blocks.txt.j2`. Words are ours and trusted;
values are not: they are escaped where they enter the HTML, and are single clean lines by the types in `mails`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import mjml
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic import BaseModel, ConfigDict, field_validator

from sojourn.care.notifications.mails import BookingTerms, Brand, Envelope, MailContext, MailKind, MailLine, one_line
from sojourn.platform.colors import ink_on
from sojourn.platform.i18n import Language, format_date, format_datetime, format_money, format_number

_PACKAGE = "sojourn.care.notifications"
# Khmer stacks signs above and below its letters and needs the room.
_LINE_HEIGHTS = {Language.EN: "1.5", Language.KM: "1.8", Language.ZH: "1.6"}
_LIST_MARKS = {Language.EN: ", ", Language.KM: ", ", Language.ZH: "、"}
# Fields whose codes are read out as words, and the table of the texts that has the words.
_CODED_FIELDS = {
    "role": "roles",
    "old_status": "statuses",
    "new_status": "statuses",
    "failure": "failures",
    "news": "news",
    "day": "days",
    "alert_type": "alerts",
}
# A stranger's name is greeted only when it looks like one: nobody gets to send advertisements as a "name".
_NAME_LIMIT = 60
_NO_NAME = re.compile(r"[/@<>]|\.\w{2}")

_LOADER = PackageLoader(_PACKAGE, "templates")
_HTML = Environment(loader=_LOADER, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_TEXT = Environment(
    loader=_LOADER,
    autoescape=False,  # noqa: S701 - plain text has no markup to escape
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class MissingUnsubscribeUrlError(ValueError):
    """A mail nobody has to get was about to go without a way out of it."""


@dataclass(frozen=True, kw_only=True)
class RenderedMail:
    subject: str
    html: str
    text: str


class Texts(BaseModel):
    """One language's words. Every table and every kind must be there; what is in each kind is its body's business."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    common: dict[str, str]
    labels: dict[str, str]
    roles: dict[str, str]
    statuses: dict[str, str]
    failures: dict[str, str]
    news: dict[str, str]
    days: dict[str, str]
    alerts: dict[str, str]
    mails: dict[MailKind, dict[str, str]]

    @field_validator("mails")
    @classmethod
    def _every_kind(cls, mails: dict[MailKind, dict[str, str]]) -> dict[MailKind, dict[str, str]]:
        if missing := set(MailKind) - set(mails):
            raise ValueError(f"no words for {sorted(missing)}")
        return mails


@cache
def load_texts(language: Language) -> Texts:
    """The words of `language`. Raises pydantic.ValidationError when the file lacks a kind or is malformed."""
    source = resources.files(_PACKAGE).joinpath("texts", f"{language}.yaml").read_text(encoding="utf-8")
    return Texts.model_validate(yaml.safe_load(source))


def body_name(kind: MailKind) -> str:
    """Where the body of `kind` is found by the template loader."""
    return f"bodies/{kind.value.lower()}.j2"


def render_mail(
    *, context: MailContext, language: Language, brand: Brand, envelope: Envelope | None = None
) -> RenderedMail:
    """Write one mail. Raises MissingUnsubscribeUrlError when an optional kind comes without its unsubscribe link."""
    envelope = envelope or Envelope()
    if context.is_optional and not envelope.unsubscribe_url:
        raise MissingUnsubscribeUrlError(context.kind)
    writer = _Writer(context=context, language=language, brand=brand)
    unsubscribe_url = envelope.unsubscribe_url if context.is_optional else None
    return RenderedMail(
        subject=writer.words("subject"),
        html=mjml.mjml2html(_HTML_PAGE.render(writer, envelope.recipient_name, unsubscribe_url)),
        text=_tidy(_TEXT_PAGE.render(writer, envelope.recipient_name, unsubscribe_url)),
    )


@dataclass(frozen=True, kw_only=True)
class RenderedPush:
    """What a device shows, and what a tap opens."""

    title: str
    body: str
    link: str


def render_push(*, context: MailContext, language: Language, brand: Brand) -> RenderedPush:
    """Write the push of a kind that has one. Raises ValueError for another."""
    if context.push is None:
        raise ValueError(f"{context.kind} is not pushed")
    writer = _Writer(context=context, language=language, brand=brand)
    link = getattr(context, context.push.link) if context.push.link else brand.frontend_url
    body = writer.words("push" if writer.has_words("push") else "intro")
    return RenderedPush(title=writer.words("heading"), body=body, link=link)


class _Writer:
    """The words and values of one mail, written out in its language."""

    def __init__(self, *, context: MailContext, language: Language, brand: Brand) -> None:
        self.context = context
        self.language = language
        self.brand = brand
        self._texts = load_texts(language)
        # A mail about an appointment tells the time where its reader is.
        self._zone = ZoneInfo(zone) if (zone := getattr(context, "time_zone", None)) else brand.time_zone
        self._currency = str(getattr(context, "currency", ""))
        self.values = {field: self._written(field, getattr(context, field)) for field in type(context).model_fields}
        self._placeholders = {field: value for field, value in self.values.items() if value is not None} | {
            "brand_name": brand.name,
            "support_email": brand.support_email,
        }

    def words(self, key: str, **values: str) -> str:
        """The kind's own words for `key`, else the common ones, with their placeholders filled."""
        return self._pattern(key).format(**self._placeholders, **values)

    def has_words(self, key: str) -> bool:
        """Whether the kind has words of its own for `key`."""
        return key in self._texts.mails[self.context.kind]

    def html_words(self, key: str, **values: str) -> Markup:
        return escape(self._pattern(key)).format(**self._placeholders, **values)

    def facts(self, *fields: str) -> list[tuple[str, str]]:
        """Label and value of those of `fields` that have one."""
        return [(self._texts.labels[field], value) for field in fields if (value := self.values[field])]

    def changes(self, before: BookingTerms, after: BookingTerms) -> list[tuple[str, str, str]]:
        """Label, old and new value of every term that differs."""
        rows = []
        for field in BookingTerms.model_fields:
            old, new = getattr(before, field), getattr(after, field)
            if old != new:
                rows.append((self._texts.labels[field], self._term(field, old), self._term(field, new)))
        return rows

    def price_rows(self, lines: Sequence[MailLine]) -> list[tuple[str, str]]:
        return [
            (f"{line.description} × {line.quantity}" if line.quantity else line.description, self.money(line.amount))
            for line in lines
        ]

    def money(self, amount: Decimal) -> str:
        return format_money(amount, self._currency, self.language)

    def _pattern(self, key: str) -> str:
        own = self._texts.mails[self.context.kind]
        return own[key] if key in own else self._texts.common[key]

    def _term(self, field: str, value: object) -> str:
        if isinstance(value, tuple):
            return _LIST_MARKS[self.language].join(value) or "—"
        return self._written(field, value) or "—"

    def _written(self, field: str, value: object) -> str | None:
        """A field's value as the reader sees it; None for what is absent, or is not one value."""
        if isinstance(value, str):
            table = _CODED_FIELDS.get(field)
            return getattr(self._texts, table)[value] if table else value
        if isinstance(value, Decimal):
            return self.money(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return format_number(value, self.language)
        if isinstance(value, datetime):
            return format_datetime(value, self._zone, self.language)
        return format_date(value, self.language) if isinstance(value, date) else None


@dataclass(frozen=True, kw_only=True)
class _Page:
    """One of the two ways to set a mail: the same bodies with other blocks in another layout."""

    environment: Environment
    blocks: str
    layout: str

    def render(self, writer: _Writer, recipient_name: str | None, unsubscribe_url: str | None) -> str:
        words = writer.html_words if self.environment.autoescape else writer.words
        names: dict[str, object] = {
            "t": words,
            "v": writer.values,
            "mail": writer.context,
            "brand": writer.brand,
            "facts": writer.facts,
            "changes": writer.changes,
            "price_rows": writer.price_rows,
            "money": writer.money,
        }
        ui = self.environment.get_template(self.blocks).module
        body = self.environment.get_template(body_name(writer.context.kind)).render(names, ui=ui)
        name = _greetable(recipient_name)
        return self.environment.get_template(self.layout).render(
            names,
            lang=writer.language.value,
            line_height=_LINE_HEIGHTS[writer.language],
            ink=ink_on(writer.brand.primary_color),
            subject=writer.words("subject"),
            greeting=words("greeting", recipient_name=name) if name else words("greeting_plain"),
            # Its values were escaped where they entered it.
            body=Markup(body),  # noqa: S704
            unsubscribe_url=unsubscribe_url,
        )


_HTML_PAGE = _Page(environment=_HTML, blocks="blocks.mjml.j2", layout="layout.mjml.j2")
_TEXT_PAGE = _Page(environment=_TEXT, blocks="blocks.txt.j2", layout="layout.txt.j2")


def _greetable(name: str | None) -> str | None:
    """The name on one line, or None when it is too long or too much like an address to be one."""
    line = one_line(name or "")
    return line if line and len(line) <= _NAME_LIMIT and not _NO_NAME.search(line) else None


def _tidy(text: str) -> str:
    """No trailing blanks, and one empty line where the templates left several."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.splitlines())).strip() + "\n"
