"""Every message as an admin sees it before a real one is sent."""

import re

import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.care.notifications.mails import CONTEXTS, MailKind
from sojourn.people.roles import Role
from sojourn.people.users.models import Preferences
from sojourn.platform.i18n import Language

PATH = "/admin/notifications/templates"
SCRIPTS = {Language.EN: "[A-Za-z]", Language.KM: "[ក-៹]", Language.ZH: "[一-鿿]"}


async def test_every_kind_in_every_language(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    kinds = [template["kind"] for template in read(await admin.get(PATH))]
    assert kinds == [kind.value for kind in MailKind]
    for kind in kinds:
        for language, script in SCRIPTS.items():
            shown = read(await admin.get(f"{PATH}/{kind}/preview", params={"language": language}))
            assert (shown["kind"], shown["language"]) == (kind, language)
            for part in (shown["subject"], shown["html"], shown["text"]):
                # What the desk itself is told is written by the engine, in English.
                assert re.search(script, part) or (kind == "STAFF_ALERT" and part is shown["subject"])
            assert (shown["push"] is not None) == (CONTEXTS[MailKind(kind)].push is not None)


async def test_a_mail_as_page_and_as_text(holyone: StorefrontClient) -> None:
    admin = await holyone.sign_in_as(Role.ADMIN)
    page = await admin.get(f"{PATH}/BOOKING_REMINDER/preview", params={"format": "html", "language": "km"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Holyone" in page.text
    text = await admin.get(f"{PATH}/BOOKING_REMINDER/preview", params={"format": "text"})
    assert text.headers["content-type"].startswith("text/plain")
    assert "Dear Anna Berg," in text.text
    pushed = read(await admin.get(f"{PATH}/BOOKING_REMINDER/preview"))["push"]
    assert pushed["title"] == "Tomorrow: your trip begins"
    assert pushed["link"].startswith("https://")


async def test_a_kind_says_which_way_it_goes_and_how_to_be_rid_of_it(derlg: StorefrontClient) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    templates = {template["kind"]: template for template in read(await admin.get(PATH))}
    assert templates["PASSWORD_RESET"]["channels"] == ["MAIL"]
    assert templates["BOOKING_CONFIRMED"] == {
        "kind": "BOOKING_CONFIRMED",
        "channels": ["MAIL", "PUSH"],
        "mail_preference": None,
        "push_preference": "is_purchase_push_wanted",
    }
    named = {t[f"{way}_preference"] for t in templates.values() for way in ("mail", "push")} - {None}
    assert named == set(Preferences.model_fields)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("NO_KIND/preview", "kind"),
        ("WELCOME/preview?language=fr", "language"),
        ("WELCOME/preview?format=pdf", "format"),
    ],
    ids=["kind", "language", "format"],
)
async def test_what_cannot_be_shown(derlg: StorefrontClient, path: str, field: str) -> None:
    admin = await derlg.sign_in_as(Role.ADMIN)
    assert faulty_fields(await admin.get(f"{PATH}/{path}")) == [field]


async def test_customers_see_none_of_it(derlg: StorefrontClient) -> None:
    guest = await derlg.sign_in_as()
    assert refusal(await guest.get(PATH), 403) == "NOT_ALLOWED"
    assert refusal(await guest.get(f"{PATH}/WELCOME/preview"), 403) == "NOT_ALLOWED"
