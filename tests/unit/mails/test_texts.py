"""The words, the bodies and the fields agree: in every language, for every kind, nothing missing and nothing idle."""

from collections.abc import Iterator
from string import Formatter
from typing import get_args

import pytest
from jinja2 import Environment, PackageLoader, nodes
from pydantic import ValidationError

from sojourn.care.notifications.mails import CONTEXTS, BookingTerms, MailContext, MailKind, PaymentFailure
from sojourn.care.notifications.mails import PurchaseStatus as Status
from sojourn.care.notifications.mails import StaffInvitation as Invitation
from sojourn.care.notifications.rendering import Texts, body_name, load_texts
from sojourn.platform.i18n import Language

LOADER = PackageLoader("sojourn.care.notifications", "templates")
EVERY_MAIL = {"subject", "heading", "intro"}
# A kind that is pushed may have a text of its own for that; without it the push says the intro.
PUSH = {"push"}
LAYOUT_WORDS = {"greeting", "greeting_plain", "closing", "team", "support", "unsubscribe"}
ENGLISH = load_texts(Language.EN)
SCRIPTS = {Language.KM: ("\u1780", "\u17ff"), Language.ZH: ("\u4e00", "\u9fff")}


def calls(kind: MailKind, function: str) -> Iterator[tuple[list[str], set[str]]]:
    """Constant arguments and keyword names of each call of `function` in the body of `kind`."""
    environment = Environment(loader=LOADER, autoescape=True)
    source, _, _ = LOADER.get_source(environment, body_name(kind))
    for call in environment.parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == function:
            yield [str(argument.as_const()) for argument in call.args], {keyword.key for keyword in call.kwargs}


def words_used(kind: MailKind) -> set[str]:
    return {key for arguments, _ in calls(kind, "t") for key in arguments}


def placeholders(pattern: str) -> list[str]:
    return sorted(field for _, field, _, _ in Formatter().parse(pattern) if field is not None)


def always_there(context: type[MailContext]) -> set[str]:
    return {name for name, field in context.model_fields.items() if type(None) not in get_args(field.annotation)}


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_has_context_body_and_words(kind: MailKind) -> None:
    assert CONTEXTS[kind].kind is kind
    assert body_name(kind) in LOADER.list_templates()
    for language in Language:
        assert load_texts(language).mails[kind].keys() >= EVERY_MAIL


def test_no_body_without_a_kind() -> None:
    bodies = {name for name in LOADER.list_templates() if name.startswith("bodies/")}
    assert bodies == {body_name(kind) for kind in MailKind}


@pytest.mark.parametrize("kind", MailKind)
def test_the_body_uses_exactly_its_words(kind: MailKind) -> None:
    own = set(ENGLISH.mails[kind])
    beside = EVERY_MAIL | PUSH if CONTEXTS[kind].push else EVERY_MAIL
    assert words_used(kind) - set(ENGLISH.common) == own - beside


def test_no_idle_common_words_or_labels() -> None:
    used = LAYOUT_WORDS | set().union(*(words_used(kind) for kind in MailKind))
    assert set(ENGLISH.common) <= used
    shown = {field for kind in MailKind for fields, _ in calls(kind, "facts") for field in fields}
    assert set(ENGLISH.labels) == shown | set(BookingTerms.model_fields)


@pytest.mark.parametrize("kind", MailKind)
def test_facts_are_fields(kind: MailKind) -> None:
    shown = {field for fields, _ in calls(kind, "facts") for field in fields}
    assert shown <= set(CONTEXTS[kind].model_fields)


@pytest.mark.parametrize("kind", MailKind)
def test_placeholders_are_filled(kind: MailKind) -> None:
    given_at_call = {name for _, names in calls(kind, "t") for name in names}
    known = always_there(CONTEXTS[kind]) | {"brand_name", "support_email"} | given_at_call
    for pattern in ENGLISH.mails[kind].values():
        assert set(placeholders(pattern)) <= known


@pytest.mark.parametrize("language", [Language.KM, Language.ZH])
def test_languages_say_the_same(language: Language) -> None:
    english, other = ENGLISH.model_dump(), load_texts(language).model_dump()
    assert outline(other) == outline(english)


def outline(texts: object) -> object:
    """The keys of a tree of texts, with the placeholders of each text in place of the text."""
    if isinstance(texts, dict):
        return {key: outline(value) for key, value in texts.items()}
    assert isinstance(texts, str)
    assert texts.strip()
    return placeholders(texts)


@pytest.mark.parametrize("language", [Language.KM, Language.ZH])
def test_every_text_is_translated(language: Language) -> None:
    first, last = SCRIPTS[language]
    texts = load_texts(language)
    tables = [
        texts.common,
        texts.labels,
        texts.roles,
        texts.statuses,
        texts.failures,
        texts.news,
        texts.days,
        *texts.mails.values(),
    ]
    for pattern in (pattern for table in tables for pattern in table.values()):
        words = "".join(literal for literal, _, _, _ in Formatter().parse(pattern)).strip("[] ")
        assert not words or any(first <= char <= last for char in words), pattern


def test_every_code_has_words() -> None:
    assert set(ENGLISH.statuses) == set(get_args(Status))
    assert set(ENGLISH.failures) == set(get_args(PaymentFailure))
    assert set(ENGLISH.news) == set(get_args(CONTEXTS[MailKind.CONSULTATION_NEWS].model_fields["news"].annotation))
    assert set(ENGLISH.days) == set(get_args(CONTEXTS[MailKind.BOOKING_REMINDER].model_fields["day"].annotation))
    assert set(ENGLISH.roles) == set(get_args(Invitation.model_fields["role"].annotation))


def test_a_language_that_lacks_a_kind_is_refused() -> None:
    incomplete = ENGLISH.model_dump()
    del incomplete["mails"][MailKind.WELCOME]
    with pytest.raises(ValidationError, match="WELCOME"):
        Texts.model_validate(incomplete)
