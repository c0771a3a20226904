"""Festivals over HTTP: what is held when, whether that is sure, and what keeps the calendar from running dry."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic.alias_generators import to_camel
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import System
from tests.support.waiting import eventually

from sojourn.catalog.festivals import jobs, queries
from sojourn.catalog.festivals.models import FestivalOut, OccurrenceOut
from sojourn.catalog.loading import load_catalogue
from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.providers.work import Work
from sojourn.storefronts import STOREFRONTS


def festival(slug: str = "water-festival", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Water Festival",
        "name_kh": "បុណ្យអុំទូក",
        "name_zh": "送水节",
        "description": "Long boats race before the palace.",
        "description_kh": "ទូកងប្រណាំងនៅមុខព្រះបរមរាជវាំង",
        "what_to_know": "The riverside is very full.",
        "what_to_know_zh": "河滨人潮拥挤。",
        "province": None,
        "kind": "NATIONAL",
        "is_public_holiday": True,
        "reckoning": {"feast": "KADEK_FULL_MOON", "shift": -1, "days": 3},
        "dates": [{"year": 2026, "starts_on": "2026-11-23", "ends_on": "2026-11-25", "source": "Sub-decree"}],
        "images": [],
        **changes,
    }


def on_date(slug: str, month: int, day: int, *, days: int = 1, **changes: Any) -> dict[str, Any]:
    reckoning = {"feast": "DATE", "month": month, "day": day, "days": days}
    return festival(slug, name=slug, reckoning=reckoning, dates=[], **changes)


async def add(agency: StorefrontClient, *bodies: dict[str, Any]) -> list[Any]:
    return [read(await agency.post("/festivals", json=body), 201) for body in bodies]


async def load(client: StorefrontClient) -> None:
    await load_catalogue(client.database, client.storefront, now=client.runtime.clock.now())
    client.runtime.cache.drop()


async def slugs(client: StorefrontClient, path: str) -> list[str]:
    return [entry["slug"] for entry in read(await client.get(path))]


async def test_the_calendar_of_a_year_as_shipped(derlg: StorefrontClient) -> None:
    await load(derlg)
    answer = await derlg.get("/festivals?year=2027&per_page=50")
    year = read(answer)
    assert answer.json()["meta"]["total"] == len(year) == 18
    assert [entry["starts_on"] for entry in year] == sorted(entry["starts_on"] for entry in year)
    assert {entry["year"] for entry in year} == {2027}
    assert all(entry["is_confirmed"] and entry["source"] for entry in year)
    days = {entry["slug"]: (entry["starts_on"], entry["ends_on"]) for entry in year}
    assert days["khmer-new-year"] == ("2027-04-14", "2027-04-16")
    assert days["pchum-ben"] == ("2027-09-29", "2027-10-01")
    assert read(await derlg.get("/festivals?per_page=50"))[0]["year"] == 2026


async def test_years_to_come_are_computed_and_say_so(derlg: StorefrontClient) -> None:
    await load(derlg)
    for year in (2028, 2036):
        shown = read(await derlg.get(f"/festivals?year={year}&per_page=50"))
        assert len(shown) == 18
        assert not any(entry["is_confirmed"] for entry in shown)
        assert all(entry["source"].startswith("Computed: ") for entry in shown)
    assert faulty_fields(await derlg.get("/festivals?year=2037")) == ["year"]
    assert faulty_fields(await derlg.get("/festivals?year=2024")) == ["year"]


async def test_the_calendar_does_not_run_dry(derlg: StorefrontClient, work: Work, clock: FrozenClock) -> None:
    await load(derlg)
    before = await derlg.rows("SELECT * FROM festival_days ORDER BY festival_id, year")
    await jobs.look_ahead(work)
    assert await derlg.rows("SELECT * FROM festival_days ORDER BY festival_id, year") == before
    # The first minutes of a year, in the agency's zone: the year that has come within sight is there already.
    clock.advance(datetime(2026, 12, 31, 17, 1, tzinfo=UTC) - clock.now())
    assert len(read(await derlg.get("/festivals?year=2037&per_page=50"))) == 18
    clock.advance(timedelta(days=9 * 365))
    await jobs.look_ahead(work)
    derlg.runtime.cache.drop()
    shown = read(await derlg.get("/festivals?year=2045&per_page=50"))
    assert {entry["slug"]: entry["starts_on"] for entry in shown}["chinese-new-year"] == "2045-02-17"
    assert len(read(await derlg.get("/festivals/upcoming?within_days=366&per_page=50"))) >= 18


async def test_by_month_and_province(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    await add(
        agency,
        on_date("new-year-party", 12, 30, days=5, province="Phnom Penh"),
        on_date("equinox", 3, 20, days=3, province="Siem Reap"),
        on_date("robes", 10, 27, days=29),
    )
    for query, expected in (
        # What runs over the end of a month or of a year is in both.
        ("year=2027", ["new-year-party", "equinox", "robes", "new-year-party"]),
        ("year=2027&month=1", ["new-year-party"]),
        ("year=2027&month=3", ["equinox"]),
        ("year=2027&month=10", ["robes"]),
        ("year=2027&month=11", ["robes"]),
        ("year=2027&month=12", ["new-year-party"]),
        ("year=2027&month=4", []),
        ("month=3", ["equinox"]),
        ("year=2027&province=siem-reap", ["equinox", "robes"]),
        ("year=2027&province=Siem Reap&month=3", ["equinox"]),
        ("year=2027&province=Kep", ["robes"]),
    ):
        answer = await derlg.get(f"/festivals?{query}")
        assert [entry["slug"] for entry in read(answer)] == expected, query
        assert answer.json()["meta"]["total"] == len(expected)
    seen = [slug for page in (1, 2, 3) for slug in await slugs(derlg, f"/festivals?year=2027&per_page=2&page={page}")]
    assert seen == ["new-year-party", "equinox", "robes", "new-year-party"]


async def test_upcoming_counts_from_the_agencys_own_day(
    derlg: StorefrontClient, agency: StorefrontClient, clock: FrozenClock
) -> None:
    await add(
        agency, on_date("ended", 12, 1), on_date("running", 11, 20, days=13), on_date("tomorrow", 12, 3),
        on_date("in-60-days", 1, 31), on_date("in-61-days", 2, 1),
    )  # fmt: skip
    clock.advance(datetime(2026, 12, 1, 16, 59, tzinfo=UTC) - clock.now())  # the last minute of 1 December there
    assert await slugs(derlg, "/festivals/upcoming") == ["running", "ended", "tomorrow"]
    clock.advance(timedelta(minutes=2))  # 2 December in Phnom Penh, still the 1st in UTC
    assert await slugs(derlg, "/festivals/upcoming") == ["running", "tomorrow", "in-60-days"]
    assert await slugs(derlg, "/festivals/upcoming?within_days=1") == ["running", "tomorrow"]
    assert await slugs(derlg, "/festivals/upcoming?within_days=61") == [
        "running", "tomorrow", "in-60-days", "in-61-days",
    ]  # fmt: skip
    clock.advance(timedelta(days=1))
    assert await slugs(derlg, "/festivals/upcoming?within_days=1") == ["tomorrow"]


SENSELESS = (
    ("/festivals?month=13", "month"),
    ("/festivals?year=1899", "year"),
    ("/festivals?year=3000", "year"),
    ("/festivals?year=next", "year"),
    ("/festivals?page=0", "page"),
    ("/festivals?language=fr", "language"),
    ("/festivals?within_days=3", "within_days"),
    ("/festivals/upcoming?within_days=0", "within_days"),
    ("/festivals/upcoming?within_days=367", "within_days"),
    ("/festivals/upcoming?year=2027", "year"),
)


async def test_a_question_that_makes_no_sense_is_refused_by_its_field(derlg: StorefrontClient) -> None:
    for path, field in SENSELESS:
        assert faulty_fields(await derlg.get(path)) == [field], path


async def test_one_festival_with_its_days(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    (made,) = await add(agency, festival())
    shown = read(await derlg.get("/festivals/water-festival"))
    assert shown == made == read(await derlg.get(f"/festivals/{made['id']}"))
    days = {day["year"]: day for day in shown["occurrences"]}
    assert sorted(days) == list(range(2025, 2038))
    assert days[2026] == {
        "year": 2026, "starts_on": "2026-11-23", "ends_on": "2026-11-25", "is_confirmed": True, "source": "Sub-decree",
    }  # fmt: skip
    assert (days[2027]["starts_on"], days[2027]["ends_on"], days[2027]["is_confirmed"]) == (
        "2027-11-12", "2027-11-14", False,
    )  # fmt: skip


async def test_every_answer_has_exactly_the_documented_shape(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    await add(agency, festival(), festival("bare", reckoning=None, name_kh=None, name_zh=None))
    for path, model in (
        ("/festivals/bare", FestivalOut), ("/festivals/water-festival", FestivalOut), ("/festivals", OccurrenceOut),
        ("/festivals/upcoming?within_days=366", OccurrenceOut),
    ):  # fmt: skip
        found = read(await derlg.get(path))
        for entry in found if isinstance(found, list) else [found]:
            assert list(entry) == list(model.model_fields)
            model.model_validate_json(json.dumps(entry), by_name=True, by_alias=False, strict=True)
    listed = read(await agency.get("/admin/festivals"))
    assert [entry["slug"] for entry in listed] and set(listed[0]) == set(FestivalOut.model_fields)  # noqa: PT018


@pytest.mark.parametrize(
    ("query", "name", "language", "description", "to_know"),
    [
        ("", "Water Festival", "en", "Long boats race before the palace.", "The riverside is very full."),
        ("?language=km", "បុណ្យអុំទូក", "km", "ទូកងប្រណាំងនៅមុខព្រះបរមរាជវាំង", "The riverside is very full."),
        ("?language=zh", "送水节", "zh", "Long boats race before the palace.", "河滨人潮拥挤。"),
    ],
)
async def test_shows_the_language_asked_for_or_english(
    derlg: StorefrontClient, agency: StorefrontClient, query: str, name: str, language: str, description: str,
    to_know: str,
) -> None:  # fmt: skip
    await add(agency, festival())
    for path in (f"/festivals/water-festival{query}", f"/festivals{query}"):
        found = read(await derlg.get(path))
        shown = found[0] if isinstance(found, list) else found
        assert (shown["display_name"], shown["display_language"]) == (name, language)
        assert (shown["display_description"], shown["display_what_to_know"]) == (description, to_know)


async def test_changes_are_seen_at_once_and_never_lost(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    (made,) = await add(agency, festival())
    path = f"/festivals/{made['id']}"
    assert read(await derlg.get("/festivals?year=2027"))[0]["is_confirmed"] is False
    announced = {"year": 2027, "starts_on": "2027-11-13", "ends_on": "2027-11-15", "source": "Sub-decree 2027"}
    changed = read(await agency.patch(path, json={"version": 1, "dates": [*made["dates"], announced]}))
    assert changed["dates"] == [*made["dates"], announced]
    (shown,) = read(await derlg.get("/festivals?year=2027"))
    assert (shown["starts_on"], shown["is_confirmed"], shown["source"]) == ("2027-11-13", True, "Sub-decree 2027")
    assert refusal(await agency.patch(path, json={"version": 1, "slug": "third"}), 409) == "VERSION_CONFLICT"
    assert refusal(await agency.post("/festivals", json=festival()), 409) == "SLUG_TAKEN"
    only_written = read(await agency.patch(path, json={"reckoning": None}))
    assert [day["year"] for day in only_written["occurrences"]] == [2026, 2027]
    read(await agency.delete(path))
    assert refusal(await derlg.get(path), 404) == "FESTIVAL_NOT_FOUND"
    assert await slugs(derlg, "/festivals?year=2027") == await slugs(derlg, "/festivals/upcoming") == []
    assert await slugs(agency, "/admin/festivals?is_active=false") == ["water-festival"]
    assert await slugs(agency, "/admin/festivals?is_active=true") == []
    acts = await derlg.rows("SELECT action FROM audit_entries WHERE subject_id = $1", made["id"])
    assert {act["action"] for act in acts} == {"festival.created", "festival.changed", "festival.retired"}


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"reckoning": None, "dates": []}, "dates"),
    ({"reckoning": {"feast": "DATE", "month": 2}}, "reckoning.day"),
    ({"reckoning": {"feast": "DATE", "month": 2, "day": 29}}, "reckoning.day"),
    ({"reckoning": {"feast": "DATE", "month": 12, "day": 31, "shift": 1}}, "reckoning.shift"),
    ({"reckoning": {"feast": "QINGMING", "month": 4}}, "reckoning.month"),
    ({"reckoning": {"feast": "EASTER"}}, "reckoning.feast"),
    ({"reckoning": {"feast": "QINGMING", "days": 61}}, "reckoning.days"),
    ({"dates": [dict(festival()["dates"][0], year=2027)]}, "dates.0.starts_on"),
    ({"dates": [dict(festival()["dates"][0], ends_on="2026-11-22")]}, "dates.0.ends_on"),
    ({"dates": [dict(festival()["dates"][0], ends_on="2027-11-22")]}, "dates.0.ends_on"),
    ({"dates": [dict(festival()["dates"][0], ends_on="9999-12-31")]}, "dates.0.ends_on"),
    ({"dates": [dict(festival()["dates"][0], starts_on="soon")]}, "dates.0.starts_on"),
    ({"dates": festival()["dates"] * 2}, "dates"),
    ({"kind": "PARTY"}, "kind"),
    ({"slug": "upcoming"}, "slug"),
)


async def test_refuses_what_does_not_fit(agency: StorefrontClient) -> None:
    for wrong, field in WRONG:
        assert faulty_fields(await agency.post("/festivals", json=festival(**wrong))) == [field], wrong


async def test_only_admins_write_and_what_is_not_there(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    path = f"/festivals/{uuid4()}"
    traveler = await derlg.sign_in_as()
    for client, status in ((derlg, 401), (traveler, 403)):
        refusal(await client.post("/festivals", json=festival()), status)
        refusal(await client.patch(path, json={}), status)
        refusal(await client.delete(path), status)
        refusal(await client.get("/admin/festivals"), status)
    for missing in (path, "/festivals/carnival"):
        assert refusal(await derlg.get(missing), 404) == "FESTIVAL_NOT_FOUND"
    assert refusal(await agency.patch(path, json={"slug": "x"}), 404) == "FESTIVAL_NOT_FOUND"
    assert refusal(await agency.delete(path), 404) == "FESTIVAL_NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [
        ("/festivals?year=2027", True),
        ("/festivals", False),
        ("/festivals/upcoming", False),
        ("/festivals/water-festival", True),
    ],
)
async def test_one_statement_and_what_does_not_change_at_midnight_is_kept(
    derlg: StorefrontClient, agency: StorefrontClient, path: str, is_kept: bool
) -> None:
    await add(agency, festival(), on_date("equinox", 3, 20))

    async def said_for_it() -> int:
        async with derlg.statements() as said:
            read(await derlg.get(path))
        return len(said)

    async def is_answered_without() -> bool:
        return await said_for_it() == 0

    assert await said_for_it() == 1
    if is_kept:
        await eventually(is_answered_without)  # once the news of what was added has been heard
    else:
        assert await said_for_it() == 1


async def test_those_that_begin_soon_for_who_tells_of_them(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    await add(agency, festival(), on_date("equinox", 3, 20, province="Siem Reap"), on_date("off", 3, 21))
    read(await agency.delete(f"/festivals/{read(await derlg.get('/festivals/off'))['id']}"))
    async with derlg.database.read() as connection:
        starting = await queries.list_starting_between(connection, date(2027, 3, 20), date(2027, 11, 12))
        assert await queries.list_starting_between(connection, date(2027, 3, 21), date(2027, 11, 11)) == []
    assert [(found.slug, found.starts_on) for found in starting] == [
        ("equinox", date(2027, 3, 20)), ("water-festival", date(2027, 11, 12)),
    ]  # fmt: skip
    assert starting[1].names == {"en": "Water Festival", "km": "បុណ្យអុំទូក", "zh": "送水节"}
    assert (starting[0].province, starting[1].province, starting[1].ends_on) == ("Siem Reap", None, date(2027, 11, 14))


MANY = """
INSERT INTO festivals (id, slug, name, kind, is_public_holiday, created_at, updated_at)
SELECT gen_random_uuid(), 'feast-' || i, 'Feast', 'CULTURAL', false, now(), now() FROM generate_series(1, 500) AS i
"""
MANY_DAYS = """
INSERT INTO festival_days (festival_id, year, starts_on, ends_on, is_confirmed, source)
SELECT id, year, make_date(year, 1 + (row_number() OVER ())::integer % 12, 10),
       make_date(year, 1 + (row_number() OVER ())::integer % 12, 11), true, 'x'
  FROM festivals, generate_series(2025, 2037) AS year
"""


async def test_a_months_calendar_goes_by_the_index_on_first_days(database: Database) -> None:
    statement, arguments = queries.occurrence_statement(date(2027, 3, 1), date(2027, 3, 31), "kep")
    async with database.read() as connection:
        await connection.execute(MANY)
        await connection.execute(MANY_DAYS)
        await connection.execute("ANALYZE festivals, festival_days")
        plan = await connection.fetch(f"EXPLAIN {statement}", "en", 20, 0, *arguments)
    assert "festival_days_start" in "\n".join(row[0] for row in plan).partition("Limit")[2]


async def test_switched_on_in_holyone_they_answer_in_its_casing(
    start_system: Callable[..., AbstractAsyncContextManager[System]], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = STOREFRONTS["holyone"].modules | {Module.FESTIVALS}
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(STOREFRONTS["holyone"], modules=modules))
    async with start_system() as system:
        office = await system.holyone.sign_in_as(Role.ADMIN)
        body = {to_camel(name): value for name, value in festival(dates=[]).items()}
        made = read(await office.post("/festivals", json=body), 201)
        assert made["occurrences"][1]["startsOn"] == "2026-11-23"
        (shown,) = read(await system.holyone.get("/festivals", params={"year": 2027}))["items"]
        assert (shown["startsOn"], shown["isConfirmed"], shown["displayWhatToKnow"]) == (
            "2027-11-12", False, "The riverside is very full.",
        )  # fmt: skip
