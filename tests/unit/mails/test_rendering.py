"""Mails as they are sent: whole in every language and brand, harmless whatever the values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError

from sojourn.care.notifications import mails
from sojourn.care.notifications.mails import Brand, Envelope, MailContext, MailKind, read_context
from sojourn.care.notifications.rendering import MissingUnsubscribeUrlError, RenderedMail, render_mail
from sojourn.platform.i18n import Language

GOLDEN = Path(__file__).parent / "golden"
# An MJML tag that is misspelt or misplaced comes out as it went in.
MJML_TAGS = {"mj-text", "mj-table", "mj-button", "mj-section", "mj-column", "mj-raw"}
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(2)>"\' onclick="x {{7*7}} {0} {brand_name} </mj-text>'
    "&lt;b&gt;\r\nBcc: victim@mail.example\u202e\x00\u2028end"
)
ONE_LINE = (
    '<script>alert(1)</script><img src=x onerror=alert(2)>"\' onclick="x {{7*7}} {0} {brand_name} </mj-text>'
    "&lt;b&gt; Bcc: victim@mail.example end"
)


class Page(HTMLParser):
    """The tags, attributes and visible text of an HTML document."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def links_of(context: MailContext) -> set[str]:
    return {value for value in context.model_dump().values() if isinstance(value, str) and value.startswith("https://")}


def test_every_mail_in_every_language_and_brand(
    context: MailContext, language: Language, brand: Brand, envelope: Envelope
) -> None:
    mail = render_mail(context=context, language=language, brand=brand, envelope=envelope)
    page = Page(mail.html)
    assert mail.subject == mail.subject.strip()
    assert "Anna Berg" in mail.text
    assert "Anna Berg" in page.text
    assert f'lang="{language}"' in mail.html
    for link in links_of(context):
        assert link in mail.text
        assert link in page.links
    assert not page.tags & MJML_TAGS
    for part in (mail.subject, page.text, mail.text):
        assert "None" not in part
        assert "{{" not in part
    assert not set("<>{}") & set(mail.text.replace("->", ""))
    assert "\n\n\n" not in mail.text


def test_nothing_is_fetched_when_a_mail_is_opened(
    context: MailContext, language: Language, brand: Brand, envelope: Envelope
) -> None:
    page = Page(render_mail(context=context, language=language, brand=brand, envelope=envelope).html)
    assert not page.tags & {"img", "link", "script", "iframe"}
    assert "src" not in page.attributes


def hostile(value: object) -> object:
    if isinstance(value, dict):
        return {key: hostile(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hostile(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


def poisoned(context: MailContext) -> MailContext:
    """The context with every free text hostile; codes, links, numbers and dates refuse to be."""
    values = context.model_dump()
    for field, value in context.model_dump().items():
        attempt = values | {field: hostile(value)}
        try:
            values = type(context).model_validate(attempt).model_dump()
        except ValidationError:
            continue
    return type(context).model_validate(values)


def test_hostile_values_stay_text(context: MailContext, language: Language, brand: Brand) -> None:
    envelope = Envelope(recipient_name=HOSTILE, unsubscribe_url="https://derlg.example/unsubscribe/abc")
    bad = poisoned(context)
    mail = render_mail(context=bad, language=language, brand=brand, envelope=envelope)
    page = Page(mail.html)
    assert not page.tags & {"script", "img"}
    assert not {name for name in page.attributes if name.startswith("on")}
    assert mail.subject.isprintable()
    assert "\u202e" not in mail.text
    if ONE_LINE in repr(bad.model_dump()).replace("\\'", "'"):
        assert ONE_LINE in page.text
        assert ONE_LINE in mail.text


def test_poison_reaches_most_kinds(samples: dict[MailKind, MailContext]) -> None:
    reached = {kind for kind, context in samples.items() if ONE_LINE in poisoned(context).model_dump().values()}
    assert len(reached) >= 14


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://x.example/\nBcc", 'https://x/"onclick="', "//x", ""])
def test_only_web_links(link: str) -> None:
    with pytest.raises(ValidationError):
        mails.VerifyEmail(link=link, expires_at=datetime(2026, 11, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    "name",
    ["Win at http://evil.example", "evil.example", "www.evil.example", "a/b", "<b>Bo</b>", "x@y", "N" * 61, "", "  "],
)
def test_advertisements_are_not_greeted(name: str, samples: dict[MailKind, MailContext], brand: Brand) -> None:
    mail = render_mail(
        context=samples[MailKind.VERIFY_EMAIL],
        language=Language.EN,
        brand=brand,
        envelope=Envelope(recipient_name=name),
    )
    assert "\nHello,\n" in mail.text
    assert "Dear" not in mail.html


def test_contexts_survive_the_job_row(context: MailContext) -> None:
    assert read_context(context.kind, context.model_dump(mode="json")) == context


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        read_context(MailKind.WELCOME, {"surprise": 1})


def test_optional_mails_need_a_way_out(context: MailContext, language: Language, brand: Brand) -> None:
    url = "https://derlg.example/unsubscribe/abc"
    if not context.is_optional:
        mail = render_mail(context=context, language=language, brand=brand, envelope=Envelope(unsubscribe_url=url))
        assert url not in mail.html + mail.text
        return
    with pytest.raises(MissingUnsubscribeUrlError):
        render_mail(context=context, language=language, brand=brand)
    mail = render_mail(context=context, language=language, brand=brand, envelope=Envelope(unsubscribe_url=url))
    assert url in Page(mail.html).links
    assert url in mail.text


def test_only_these_kinds_are_optional(samples: dict[MailKind, MailContext]) -> None:
    optional = {kind for kind, context in samples.items() if context.is_optional}
    assert optional == {
        MailKind.WELCOME, MailKind.POINTS_EXPIRING, MailKind.FESTIVAL_ALERT, MailKind.REVIEW_INVITATION,
    }  # fmt: skip


def written(context: MailContext, brand: Brand) -> RenderedMail:
    return render_mail(context=context, language=Language.EN, brand=brand)


def changed(context: MailContext, **changes: object) -> MailContext:
    return type(context).model_validate(context.model_dump() | changes)


def test_a_modification_shows_only_what_changed(samples: dict[MailKind, MailContext], brand: Brand) -> None:
    before = mails.BookingTerms(travel_date=date(2026, 12, 24), people_count=3, extras=("Lunch",))
    after = before.model_copy(update={"people_count": 4, "extras": ()})
    sample = samples[MailKind.BOOKING_MODIFIED]
    text = written(changed(sample, before=before, after=after, price_difference=Decimal(119)), brand).text
    assert "Travellers: 3 -> 4" in text
    assert "Extras: Lunch -> —" in text
    assert "Travel date" not in text
    assert "$119.00 has been charged" in text
    assert "The price stays the same." in written(changed(sample, price_difference=Decimal(0)), brand).text
    assert "we are refunding $5.00" in written(changed(sample, price_difference=Decimal(-5)), brand).text


def test_a_cancellation_says_what_comes_back(samples: dict[MailKind, MailContext], brand: Brand) -> None:
    sample = samples[MailKind.BOOKING_CANCELLED]
    assert "50 % of what you paid is refunded" in written(sample, brand).text
    assert "everything you paid" in written(changed(sample, cancelled_by="AGENCY", refund_percent=100), brand).text
    nothing = changed(sample, refund_percent=0, refund_amount=Decimal(0), points_returned=0, points_taken_back=0)
    text = written(nothing, brand).text
    assert "there is no refund" in text
    assert "points" not in text.lower()
    assert "Banks" not in text
    order = changed(samples[MailKind.ORDER_CANCELLED], refund_amount=Decimal(0), reason=None)
    assert "There is no refund for this order." in written(order, brand).text
    assert "Reason" not in written(order, brand).text


def test_what_is_absent_is_not_mentioned(samples: dict[MailKind, MailContext], brand: Brand) -> None:
    bare = changed(
        samples[MailKind.BOOKING_CONFIRMED], end_date=None, pickup_location=None, meeting_point=None, points_pending=0
    )
    text = written(bare, brand).text
    assert not [word for word in ("Return date", "Pick-up", "Meeting point", "points") if word in text]
    empty = changed(samples[MailKind.ONBOARDING], checklist=(), next_steps=())
    assert "Please have ready" not in written(empty, brand).text
    assert "What happens next" not in written(empty, brand).text


@pytest.mark.parametrize(("color", "ink"), [("#0f766e", "#ffffff"), ("#f4b400", "#1f2933"), ("#000000", "#ffffff")])
def test_the_brand_can_be_read(color: str, ink: str, samples: dict[MailKind, MailContext], brand: Brand) -> None:
    painted = Brand(**{**vars(brand), "primary_color": color})
    html = written(samples[MailKind.PASSWORD_CHANGED], painted).html
    assert color in html
    assert f"color:{ink};" in html


@pytest.mark.parametrize(
    ("kind", "language"), [(MailKind.BOOKING_CONFIRMED, Language.EN), (MailKind.BOOKING_CANCELLED, Language.KM)]
)
def test_golden_text(
    kind: MailKind, language: Language, samples: dict[MailKind, MailContext], derlg: Brand, envelope: Envelope
) -> None:
    mail = render_mail(context=samples[kind], language=language, brand=derlg, envelope=envelope)
    golden = GOLDEN / f"{kind.lower()}.{language}.txt"
    assert f"Subject: {mail.subject}\n\n{mail.text}" == golden.read_text(encoding="utf-8")
