"""Who needs which visa: what is answered, what is not guessed, and who may change the table."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.catalog.eligibility.models import EligibilityQuestion, EligibilityRuleFilters, EligibilityRuleOut
from sojourn.catalog.eligibility.queries import FIND_ANSWER, page_statement
from sojourn.catalog.eligibility.rules import is_outdated
from sojourn.catalog.loading import CatalogueInvalid, load_catalogue
from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.storefronts import STOREFRONTS

RULE: dict[str, Any] = {
    "nationality": "KH", "destination": "JP", "purpose": "TOURISM", "outcome": "VISA_REQUIRED",
    "documents": ["PASSPORT", "BANK_STATEMENT"], "caution": "Ask early.", "cautionZh": "请尽早申请。",
    "sourceName": "Ministry of Foreign Affairs of Japan", "sourceUrl": "https://www.mofa.go.jp/",
    "checkedOn": "2026-11-20", "services": ["japan-guide", "gone", "professional"],
}  # fmt: skip


def service(slug: str, title: str) -> dict[str, Any]:
    return {
        "slug": slug, "type": "MICRO", "title": title, "titleZh": f"{title} zh", "description": "Help.",
        "price": "19.00",
    }  # fmt: skip


@pytest.fixture
async def table(office: StorefrontClient) -> StorefrontClient:
    """An admin, with services on sale and one rule."""
    for slug, title in (
        ("professional", "Professional"), ("japan-guide", "Japan guide"), ("eligibility-check", "Check"),
        ("consultation-session", "Consultation"),
    ):  # fmt: skip
        read(await office.post("/services", json=service(slug, title)), 201)
    read(await office.post("/admin/eligibility", json=RULE), 201)
    return office


async def ask(client: StorefrontClient, nationality: str, destination: str, **more: str) -> Any:
    params = {"nationality": nationality, "destination": destination, **more}
    return read(await client.visitor().get("/eligibility", params=params))


async def test_what_is_known_is_answered_with_its_source(table: StorefrontClient) -> None:
    told = await ask(table, "kh", "jp", language="zh")
    assert [item.pop("id") for item in told["services"]] != []
    assert told == {
        "nationality": "KH", "destination": "JP", "purpose": "TOURISM", "outcome": "VISA_REQUIRED", "isKnown": True,
        "maxStayDays": None,
        "documents": [
            {"key": "PASSPORT", "title": "有效护照"}, {"key": "BANK_STATEMENT", "title": "近几个月银行流水"},
        ],
        "caution": "请尽早申请。",
        "source": {"name": "Ministry of Foreign Affairs of Japan", "url": "https://www.mofa.go.jp/"},
        "checkedOn": "2026-11-20", "isOutdated": False, "warning": None,
        "services": [
            {"slug": "japan-guide", "type": "MICRO", "displayTitle": "Japan guide zh", "price": "19.00"},
            {"slug": "professional", "type": "MICRO", "displayTitle": "Professional zh", "price": "19.00"},
        ],
    }  # fmt: skip
    assert (await ask(table, "KH", "JP", language="km"))["caution"] == "Ask early.", "no translation: English"


@pytest.mark.parametrize(
    ("nationality", "destination", "purpose"),
    [("VN", "JP", "TOURISM"), ("KH", "KR", "TOURISM"), ("KH", "JP", "WORK")],
)
async def test_what_is_not_known_is_never_guessed(
    table: StorefrontClient, nationality: str, destination: str, purpose: str
) -> None:
    told = await ask(table, nationality, destination, purpose=purpose)
    assert (told["outcome"], told["isKnown"], told["source"], told["checkedOn"]) == (
        "ASK_A_CONSULTANT", False, None, None,
    )  # fmt: skip
    assert [item["slug"] for item in told["services"]] == ["consultation-session", "eligibility-check"]


async def test_a_rule_that_says_to_ask_leads_to_the_consultant(table: StorefrontClient) -> None:
    [rule] = read(await table.get("/admin/eligibility"))["items"]
    read(await table.patch(f"/admin/eligibility/{rule['id']}", json={"outcome": "ASK_A_CONSULTANT"}))
    told = await ask(table, "KH", "JP")
    assert (told["outcome"], told["isKnown"]) == ("ASK_A_CONSULTANT", True)
    assert [item["slug"] for item in told["services"]] == ["consultation-session", "eligibility-check"]


async def test_old_rules_are_answered_with_a_warning(table: StorefrontClient, clock: FrozenClock) -> None:
    clock.advance(timedelta(days=169))  # 180 days after the check, in Phnom Penh
    assert (await ask(table, "KH", "JP"))["isOutdated"] is False
    clock.advance(timedelta(days=1))
    told = await ask(table, "KH", "JP")
    assert told["isOutdated"] is True
    assert told["warning"] == (
        "Last checked on November 20, 2026. Rules change: ask the authority or one of our consultants before you book."
    )
    [rule] = read(await table.get("/admin/eligibility", params={"checkedBefore": "2026-11-21"}))["items"]
    read(await table.patch(f"/admin/eligibility/{rule['id']}", json={"checkedOn": "2027-05-01"}))
    assert (await ask(table, "KH", "JP"))["isOutdated"] is False, "the kept answer went with the change"


async def test_only_what_cannot_grow_old_is_kept_at_the_edge(table: StorefrontClient) -> None:
    visitor = table.visitor()
    known, unknown = ({"nationality": "KH", "destination": code} for code in ("JP", "KR"))
    assert "etag" not in (await visitor.get("/eligibility", params=known)).headers
    assert "etag" in (await visitor.get("/eligibility", params=unknown)).headers
    async with table.statements() as said:
        read(await visitor.get("/eligibility", params=unknown))
        assert said == []
        read(await visitor.get("/eligibility", params=known))
    assert len(said) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"destination": "JP"}, "nationality"),
        ({"nationality": "KH"}, "destination"),
        ({"nationality": "XX", "destination": "JP"}, "nationality"),
        ({"nationality": "EU", "destination": "JP"}, "nationality"),
        ({"nationality": "KHM", "destination": "JP"}, "nationality"),
        ({"nationality": "KH", "destination": "KH"}, "destination"),
        ({"nationality": "KH", "destination": "JP", "purpose": "TRANSIT"}, "purpose"),
        ({"nationality": "KH", "destination": "JP", "visa": "1"}, "visa"),
    ],
)
async def test_bad_questions_name_their_field(holyone: StorefrontClient, params: dict[str, str], field: str) -> None:
    assert faulty_fields(await holyone.get("/eligibility", params=params)) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nationality": "JP"}, "destination"),
        ({"destination": "ZZ"}, "destination"),
        ({"maxStayDays": 30}, "maxStayDays"),
        ({"outcome": "VISA_FREE", "maxStayDays": 0}, "maxStayDays"),
        ({"documents": ["PASSPORT", "PASSPORT"]}, "documents"),
        ({"documents": ["HOROSCOPE"]}, "documents.0"),
        ({"services": ["professional", "professional"]}, "services"),
        ({"sourceUrl": "the embassy"}, "sourceUrl"),
        ({"checkedOn": "last week"}, "checkedOn"),
        ({"caution": ""}, "caution"),
    ],
)
async def test_bad_rules_name_their_field(office: StorefrontClient, change: dict[str, Any], field: str) -> None:
    assert faulty_fields(await office.post("/admin/eligibility", json=RULE | change)) == [field]


async def test_admins_keep_the_table(table: StorefrontClient) -> None:
    [rule] = read(await table.get("/admin/eligibility", params={"nationality": "KH", "outcome": "VISA_REQUIRED"}))[
        "items"
    ]
    path = f"/admin/eligibility/{rule['id']}"
    assert (rule["slug"], rule["version"]) == ("kh-jp-tourism", 1)
    assert refusal(await table.post("/admin/eligibility", json=RULE), 409) == "SLUG_TAKEN"
    changed = read(await table.patch(path, json={"checkedOn": "2026-11-30", "version": 1}))
    assert (changed["checkedOn"], changed["version"]) == ("2026-11-30", 2)
    assert refusal(await table.patch(path, json={"purpose": "WORK", "version": 1}), 409) == "VERSION_CONFLICT"
    other = read(await table.post("/admin/eligibility", json=RULE | {"purpose": "WORK"}), 201)
    assert (
        refusal(await table.patch(f"/admin/eligibility/{other['id']}", json={"purpose": "TOURISM"}), 409)
        == "SLUG_TAKEN"
    )
    read(await table.delete(path), 204)
    assert (await ask(table, "KH", "JP"))["isKnown"] is False
    assert read(await table.get(path))["isActive"] is False
    assert [r["id"] for r in read(await table.get("/admin/eligibility", params={"isActive": "true"}))["items"]] == [
        other["id"]
    ]
    gone = "/admin/eligibility/01a20011-bc14-75db-9525-77849ba98404"
    assert refusal(await table.patch(gone, json={}), 404) == "ELIGIBILITY_RULE_NOT_FOUND"
    trail = await table.rows("SELECT action FROM audit_entries WHERE subject_kind = 'ELIGIBILITY_RULE' ORDER BY id")
    assert [row["action"] for row in trail] == [
        "eligibility_rule.created", "eligibility_rule.changed", "eligibility_rule.created", "eligibility_rule.retired",
    ]  # fmt: skip


async def test_the_table_is_the_admins(holyone: StorefrontClient) -> None:
    assert refusal(await holyone.visitor().get("/admin/eligibility"), 401) == "NOT_AUTHENTICATED"
    for role in (Role.CUSTOMER, Role.CONSULTANT):
        person = await holyone.sign_in_as(role)
        for answer in (
            await person.get("/admin/eligibility"), await person.post("/admin/eligibility", json=RULE),
        ):  # fmt: skip
            assert refusal(answer, 403) == "NOT_ALLOWED"


async def test_what_postgresql_writes_is_what_the_model_declares(table: StorefrontClient) -> None:
    async with table.statements() as said:
        page = await table.get("/admin/eligibility", params={"perPage": 1})
    assert len(said) == 1
    [rule] = read(page)["items"]
    assert len(rule) == len(EligibilityRuleOut.model_fields)
    EligibilityRuleOut.model_validate_json(json.dumps(rule), strict=False)


async def test_the_shipped_table_answers(holyone: StorefrontClient) -> None:
    await load_catalogue(holyone.database, holyone.storefront, now=holyone.runtime.clock.now())
    france = await ask(holyone, "KH", "FR")
    assert (france["outcome"], france["isOutdated"]) == ("VISA_REQUIRED", True)
    assert [item["slug"] for item in france["services"]] == [
        "france-visa-guide", "schengen-short-stay-visa-guide", "professional",
    ]  # fmt: skip
    singapore = await ask(holyone, "KH", "SG")
    assert (singapore["outcome"], singapore["maxStayDays"]) == ("VISA_FREE", 30)
    assert (await ask(holyone, "KH", "NO", purpose="STUDY"))["outcome"] == "VISA_REQUIRED"
    async with holyone.database.read() as connection:
        await connection.execute("ANALYZE eligibility_rules")
        for statement, arguments in (
            (FIND_ANSWER, ["KH", "JP", "TOURISM", "en", []]),
            (page_statement(EligibilityRuleFilters())[0], ["en", *page_statement(EligibilityRuleFilters())[1]]),
        ):
            [plan] = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
            assert "eligibility_rules_" in json.dumps(plan)


async def test_countries_have_names_in_three_languages(holyone: StorefrontClient) -> None:
    listed = read(await holyone.get("/countries", params={"language": "km"}))
    assert len(listed) == 249
    [cambodia] = [country for country in listed if country["code"] == "KH"]
    assert cambodia == {
        "code": "KH", "name": "Cambodia", "nameKm": "កម្ពុជា", "nameZh": "柬埔寨", "displayName": "កម្ពុជា",
    }  # fmt: skip
    english = [country["displayName"] for country in read(await holyone.get("/countries"))]
    assert english == sorted(english)
    assert {"XK", "EU", "UN", "ZZ"}.isdisjoint(country["code"] for country in listed)


def _edit(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**content, "rules": [{**content["rules"][0], **changes}, *content["rules"][1:]]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"nationalities": ["KH", "KH"]}, "slug: kh-th-tourism is there twice"),
        ({"nationalities": []}, "file: nationalities must be a list"),
        ({"nationalities": ["Cambodia"]}, "nationality: "),
        ({"purposes": ["FUN"]}, "purpose: "),
        ({"caution": {"en": "Only English"}}, "caution: must be given in en, km, zh"),
        ({"visa": True}, "visa: "),
    ],
)
async def test_a_table_that_is_not_right_is_named(
    database: Database, clock: FrozenClock, tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    shipped = STOREFRONTS["holyone"].catalogue / "eligibility/thailand.yaml"
    content = yaml.safe_load(shipped.read_text())
    (tmp_path / "eligibility").mkdir()
    (tmp_path / "eligibility/thailand.yaml").write_text(yaml.safe_dump(_edit(content, **change), allow_unicode=True))
    small = replace(STOREFRONTS["holyone"], catalogue=tmp_path)
    with pytest.raises(CatalogueInvalid) as refused:
        await load_catalogue(database, small, now=clock.now())
    assert str(refused.value).splitlines()[0].startswith(f"eligibility/thailand.yaml: {complaint}")


@given(st.dates(), st.integers(min_value=0, max_value=2000), st.integers(min_value=1, max_value=24))
def test_old_is_older_than_so_many_months(checked_on: Any, days: int, months: int) -> None:
    try:
        today = checked_on + timedelta(days=days)
    except OverflowError:
        return
    assert is_outdated(checked_on, today=today, months=months) is (days > months * 30)


def test_questions_are_read_in_any_case() -> None:
    question = EligibilityQuestion.model_validate({"nationality": " kh ", "destination": "us"})
    assert (question.nationality, question.destination) == ("KH", "US")
