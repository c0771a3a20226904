"""What guides say of themselves: seen at once, on record, and nothing of what is the agency's."""

from typing import Any

import pytest
from tests.features.catalog.samples import guide
from tests.features.guides.conftest import Agency
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.trail import acts_on

from sojourn.people.roles import Role

NEWS: dict[str, Any] = {
    "bio": "Twenty years among the temples.", "bio_kh": "ម្ភៃឆ្នាំ", "bio_zh": "二十年",
    "languages": ["en", "km", "fr"], "images": ["https://example.com/me.jpg"],
}  # fmt: skip


async def test_own_words_are_seen_by_everybody_at_once(derlg: StorefrontClient, agency: Agency) -> None:
    shown = read(await derlg.get("/guides/first"))  # from now on cached
    assert read(await agency.guide.get("/guide/profile")) == shown
    changed = read(await agency.guide.patch("/guide/profile", json={**NEWS, "version": 1}))
    assert {name for name in shown if shown[name] != changed[name]} == {*NEWS, "display_bio", "version"}
    assert {name: changed[name] for name in NEWS} == NEWS
    assert read(await derlg.get("/guides/first")) == changed
    assert (await acts_on(derlg, agency.shop.guide["id"]))[-1] == ("guide.changed", agency.guide.user_id)


async def test_a_change_made_meanwhile_is_not_lost(agency: Agency) -> None:
    read(await agency.shop.admin.patch(f"/guides/{agency.shop.guide['id']}", json={"daily_rate_usd": "60.00"}))
    late = await agency.guide.patch("/guide/profile", json={"bio": "Mine", "version": 1})
    assert refusal(late, 409) == "VERSION_CONFLICT"
    changed = read(await agency.guide.patch("/guide/profile", json={"bio": "Mine", "version": 2}))
    assert (changed["bio"], changed["daily_rate_usd"]) == ("Mine", "60.00")


@pytest.mark.parametrize(
    "field", ["daily_rate_usd", "slug", "is_active", "name", "provinces", "license_type", "cancellation_policy"]
)
async def test_the_rest_is_the_agencys(agency: Agency, field: str) -> None:
    body = {field: guide("mine", is_active=False)[field]}
    assert faulty_fields(await agency.guide.patch("/guide/profile", json=body)) == [field]
    assert read(await agency.guide.get("/guide/profile"))["version"] == 1


async def test_wrong_fields_are_named(agency: Agency) -> None:
    for body, field in (
        ({"bio": None}, "bio"), ({"languages": ["en", "en"]}, "languages"), ({"languages": []}, "languages"),
        ({"bio": "x" * 2001}, "bio"), ({"images": ["not a picture"]}, "images.0"),
    ):  # fmt: skip
        assert faulty_fields(await agency.guide.patch("/guide/profile", json=body)) == [field], body


async def test_for_guides_with_an_entry_only(derlg: StorefrontClient, agency: Agency) -> None:
    unlinked = await derlg.sign_in_as(Role.GUIDE)
    others = [await derlg.sign_in_as(role) for role in (Role.CUSTOMER, Role.CONSULTANT, Role.ADMIN)]
    callers = [(derlg, 401, "NOT_AUTHENTICATED"), (unlinked, 409, "GUIDE_NOT_LINKED")]
    for caller, status, code in [*callers, *((other, 403, "NOT_ALLOWED") for other in others)]:
        assert refusal(await caller.get("/guide/profile"), status) == code
        assert refusal(await caller.patch("/guide/profile", json={"bio": "Mine"}), status) == code
    assert refusal(await agency.guide.patch(f"/guides/{agency.shop.guide['id']}", json={}), 403) == "NOT_ALLOWED"
    assert read(await derlg.get("/guides/first"))["version"] == 1
