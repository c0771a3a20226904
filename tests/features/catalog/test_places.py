"""Places over HTTP: what is found, how near it is, in which language, and who may change it."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import System
from tests.support.waiting import eventually

from sojourn.catalog.loading import load_catalogue
from sojourn.catalog.places import queries
from sojourn.catalog.places.models import AdminPlaceSearch, PlaceOut, PlaceSearch, PlaceSort
from sojourn.catalog.places.queries import search_statement
from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.i18n import Language
from sojourn.platform.storefront import Module
from sojourn.storefronts import STOREFRONTS

ANGKOR = "13.4125,103.8670"


def place(slug: str = "angkor-wat", **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Angkor Wat",
        "name_kh": "អង្គរវត្ត",
        "name_zh": "吴哥窟",
        "description": "Galleries of reliefs around the towers.",
        "description_kh": "ប្រាសាទមានថែវចម្លាក់",
        "description_zh": None,
        "category": "TEMPLE",
        "province": "Siem Reap",
        "latitude": 13.4125,
        "longitude": 103.867,
        "opening_hours": "05:00-17:30 daily",
        "entry_fee_usd": "37.00",
        "best_months": [11, 12, 1],
        "visit_minutes": 180,
        "tips": ["Come at sunrise."],
        "tags": ["world-heritage"],
        "images": ["https://example.com/angkor.jpg"],
        "is_active": True,
        **changes,
    }


# Told apart by every filter below; the museum tells of Angkor without bearing its name.
SHELF = (
    place(),
    place(
        "museum", name="National Museum", name_kh=None, name_zh="国家博物馆", category="MUSEUM", province="Phnom Penh",
        description="Bronzes from Angkor.", description_kh=None, latitude=11.5657, longitude=104.9289,
        entry_fee_usd="10.00",
    ),
    place(
        "kulen", name="Phnom Kulen 100%", name_kh="ភ្នំគូលែន", name_zh="荔枝山", category="NATURE",
        description="A river_bed of lingas.", description_kh=None, latitude=13.5700, longitude=104.1200,
        entry_fee_usd=None,
    ),
    place(
        "beach", name="Kep Beach", name_kh="ឆ្នេរកែប", name_zh="白马海滩", category="BEACH", province="Kep",
        description="Sand.", description_kh=None, latitude=10.4800, longitude=104.2900, entry_fee_usd="0.00",
    ),
)  # fmt: skip


@pytest.fixture
async def shelf(agency: StorefrontClient, derlg: StorefrontClient) -> StorefrontClient:
    for entry in SHELF:
        read(await agency.post("/places", json=entry), 201)
    return derlg


async def slugs(client: StorefrontClient, query: str, path: str = "/places/search") -> list[str]:
    return [entry["slug"] for entry in read(await client.get(f"{path}?{query}"))]


FOUND: tuple[tuple[str, list[str]], ...] = (
    ("", ["angkor-wat", "beach", "museum", "kulen"]),
    ("sort=fee", ["beach", "museum", "angkor-wat", "kulen"]),
    ("category=BEACH", ["beach"]),
    ("province=siem-reap", ["angkor-wat", "kulen"]),
    ("province=Phnom Penh", ["museum"]),
    ("province=Atlantis", []),
    ("province=siem-reap&category=NATURE", ["kulen"]),
    # What has it in its name before what has it elsewhere.
    ("query=angkor", ["angkor-wat", "museum"]),
    ("query=ANGKOR", ["angkor-wat", "museum"]),
    ("query=angkor&sort=fee", ["museum", "angkor-wat"]),
    ("query=angkor&category=MUSEUM", ["museum"]),
    ("query=ngko", ["angkor-wat", "museum"]),
    ("query=吴哥", ["angkor-wat"]),
    ("query=山", ["kulen"]),
    ("query=博物", ["museum"]),
    ("query=ភ្នំ", ["kulen"]),
    ("query=គូលែន", ["kulen"]),
    ("query=ចម្លាក់", ["angkor-wat"]),
    ("query=%25", ["kulen"]),
    ("query=r_b", ["kulen"]),
    ("query=x_b", []),
    ("query=哥吴", []),
    ("query=phnom penh", ["museum"]),
    ("query=p kep", []),  # each two letters of it stand somewhere in the beach's text, but not in this order
    (f"near={ANGKOR}", ["angkor-wat", "kulen"]),
    (f"near={ANGKOR}&within_km=10", ["angkor-wat"]),
    (f"near={ANGKOR}&within_km=30", ["angkor-wat"]),  # Kulen lies in the box around the circle, in its corner
    (f"near={ANGKOR}&within_km=300", ["angkor-wat", "kulen", "museum"]),
    (f"near={ANGKOR}&within_km=500&category=BEACH", ["beach"]),
    (f"near={ANGKOR}&within_km=500&sort=name", ["angkor-wat", "beach", "museum", "kulen"]),
    ("near=10.48,104.29&within_km=200&query=angkor", ["museum"]),
    ("near=11.5,104.9&within_km=500&query=angkor&sort=relevance", ["angkor-wat", "museum"]),
    ("near=0,0", []),
)


async def test_finds(shelf: StorefrontClient) -> None:
    for path in ("/places/search", "/places"):
        for query, expected in FOUND:
            answer = await shelf.get(f"{path}?{query}")
            assert [entry["slug"] for entry in read(answer)] == expected, query
            assert answer.json()["meta"]["total"] == len(expected)


async def test_says_how_far_it_is(shelf: StorefrontClient) -> None:
    found = read(await shelf.get(f"/places?near={ANGKOR}&within_km=500"))
    far = {entry["slug"]: entry["distance_km"] for entry in found}
    # GeographicLib's ways on the ellipsoid, from which the sphere strays by 0.6 % at most.
    ways = {"angkor-wat": 0, "kulen": 32.464, "museum": 234.656, "beach": 327.654}
    assert far == {slug: pytest.approx(km, rel=0.006) for slug, km in ways.items()}
    assert list(far.values()) == sorted(far.values())
    assert read(await shelf.get("/places/kulen"))["distance_km"] is None
    assert {entry["distance_km"] for entry in read(await shelf.get("/places"))} == {None}


async def test_over_the_date_line_and_at_the_poles(agency: StorefrontClient, derlg: StorefrontClient) -> None:
    for slug, latitude, longitude in (("west", -17, 179.95), ("east", -17, -179.95), ("north", 89.95, 20)):
        body = place(slug, latitude=latitude, longitude=longitude)
        read(await agency.post("/places", json=body), 201)
    assert await slugs(derlg, "near=-17,-179.99&within_km=30") == ["east", "west"]
    assert await slugs(derlg, "near=-17,179.99&within_km=30") == ["west", "east"]
    assert await slugs(derlg, "near=90,-160&within_km=30") == ["north"]


async def test_pages(shelf: StorefrontClient) -> None:
    seen = []
    for page in (1, 2, 3, 4):
        answer = await shelf.get(f"/places?per_page=1&page={page}")
        assert answer.json()["meta"] == {"page": page, "per_page": 1, "total": 4}
        seen += [entry["slug"] for entry in read(answer)]
    assert seen == ["angkor-wat", "beach", "museum", "kulen"]


SENSELESS = (
    ("category=CASINO", "category"),
    ("query=", "query"),
    ("query=" + "x" * 81, "query"),
    ("near=13.4", "near"),
    ("near=13.4,103.8,5", "near"),
    ("near=nan,103.8", "near"),
    ("near=91,103.8", "near"),
    ("near=13.4,180.5", "near"),
    ("near=somewhere", "near"),
    (f"near={ANGKOR}&within_km=0", "within_km"),
    (f"near={ANGKOR}&within_km=500.1", "within_km"),
    (f"near={ANGKOR}&within_km=nan", "within_km"),
    ("within_km=10", "near"),
    ("sort=distance", "near"),
    ("sort=relevance", "query"),
    ("sort=random", "sort"),
    ("language=fr", "language"),
    ("page=0", "page"),
    ("per_page=101", "per_page"),
    ("is_active=false", "is_active"),
    ("colour=red", "colour"),
)


async def test_a_question_that_makes_no_sense_is_refused_by_its_field(derlg: StorefrontClient) -> None:
    for query, field in SENSELESS:
        assert faulty_fields(await derlg.get(f"/places/search?{query}")) == [field], query


async def test_what_cannot_be_stored_is_refused(derlg: StorefrontClient) -> None:
    for query in ("query=%00", "province=%00"):
        assert refusal(await derlg.get(f"/places?{query}"), 400) == "VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("query", "header", "name", "language", "description"),
    [
        ("", None, "Angkor Wat", "en", "Galleries of reliefs around the towers."),
        ("?language=kh", None, "អង្គរវត្ត", "km", "ប្រាសាទមានថែវចម្លាក់"),
        ("", "km-KH", "អង្គរវត្ត", "km", "ប្រាសាទមានថែវចម្លាក់"),
        ("?language=zh", "km", "吴哥窟", "zh", "Galleries of reliefs around the towers."),
    ],
)
async def test_shows_the_language_asked_for_or_english(
    shelf: StorefrontClient, query: str, header: str | None, name: str, language: str, description: str
) -> None:
    headers = {"Accept-Language": header} if header else {}
    shown = read(await shelf.get(f"/places/angkor-wat{query}", headers=headers))
    assert (shown["display_name"], shown["display_language"], shown["display_description"]) == (
        name, language, description,
    )  # fmt: skip
    untranslated = read(await shelf.get("/places/museum?language=km"))
    assert (untranslated["display_name"], untranslated["display_language"]) == ("National Museum", "en")


async def test_every_answer_has_exactly_the_documented_shape(shelf: StorefrontClient, agency: StorefrontClient) -> None:
    left_out = ("name_kh", "name_zh", "opening_hours", "entry_fee_usd", "visit_minutes")
    read(await agency.post("/places", json=place("bare", **dict.fromkeys(left_out))), 201)
    one = (await shelf.get("/places/angkor-wat")).json()["data"]
    lists = [(await shelf.get(path)).json()["data"] for path in ("/places", f"/places/search?near={ANGKOR}")]
    assert len(lists[0]) == 5
    for entry in [one, *(entry for found in lists for entry in found)]:
        assert list(entry) == list(PlaceOut.model_fields)
        PlaceOut.model_validate_json(json.dumps(entry), by_name=True, by_alias=False, strict=True)
    sent = place()
    assert {name: one[name] for name in sent} == sent
    assert read(await shelf.get(f"/places/{one['id']}")) == one


@pytest.mark.parametrize("path", ["/places", "/places/search?query=angkor", f"/places?near={ANGKOR}", "/places/kulen"])
async def test_one_statement_however_many_places(shelf: StorefrontClient, path: str) -> None:
    async with shelf.statements() as said:
        read(await shelf.get(path))
    assert len(said) == 1


async def test_changes_are_seen_at_once_and_never_lost(shelf: StorefrontClient, agency: StorefrontClient) -> None:
    made = read(await shelf.get("/places/beach"))
    assert "beach" in await slugs(shelf, "", "/places")
    path = f"/places/{made['id']}"
    changed = read(await agency.patch(path, json={"version": 1, "slug": "shore", "entry_fee_usd": "1.50"}))
    assert {name for name in made if made[name] != changed[name]} <= {"slug", "entry_fee_usd", "version", "updated_at"}
    assert "shore" in await slugs(shelf, "", "/places")
    assert refusal(await agency.patch(path, json={"version": 1, "slug": "third"}), 409) == "VERSION_CONFLICT"
    assert refusal(await agency.post("/places", json=place("shore")), 409) == "SLUG_TAKEN"
    read(await agency.delete(path))
    assert refusal(await shelf.get(path), 404) == "PLACE_NOT_FOUND"
    assert "shore" not in await slugs(shelf, "", "/places")
    assert await slugs(agency, "is_active=false", "/admin/places") == ["shore"]
    assert len(await slugs(agency, "", "/admin/places")) == 4
    acts = await shelf.rows("SELECT action FROM audit_entries WHERE subject_id = $1", made["id"])
    assert {act["action"] for act in acts} == {"place.created", "place.changed", "place.retired"}


async def test_public_answers_are_kept_at_the_edge(shelf: StorefrontClient) -> None:
    async def are_answered_without() -> bool:
        async with shelf.statements() as said:
            for path in ("/places?per_page=3", "/places/search?query=angkor", "/places/kulen"):
                read(await shelf.get(path))
        return not said

    await eventually(are_answered_without)  # once the news of what was added has been heard
    for _ in range(2):
        async with shelf.statements() as said:
            read(await shelf.get(f"/places?near={ANGKOR}"))
        assert len(said) == 1


async def test_only_admins_write(derlg: StorefrontClient) -> None:
    path = f"/places/{uuid4()}"
    traveler = await derlg.sign_in_as()
    for client, status in ((derlg, 401), (traveler, 403)):
        refusal(await client.post("/places", json=place()), status)
        refusal(await client.patch(path, json={}), status)
        refusal(await client.delete(path), status)
        refusal(await client.get("/admin/places"), status)


async def test_what_is_not_there(derlg: StorefrontClient, agency: StorefrontClient) -> None:
    for name in ("nowhere", str(uuid4()), "x" * 5000, "រ"):
        assert refusal(await derlg.get(f"/places/{name}"), 404) == "PLACE_NOT_FOUND"
    assert refusal(await agency.patch(f"/places/{uuid4()}", json={"slug": "x"}), 404) == "PLACE_NOT_FOUND"
    assert refusal(await agency.delete(f"/places/{uuid4()}"), 404) == "PLACE_NOT_FOUND"


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"latitude": 90.1}, "latitude"),
    ({"longitude": None}, "longitude"),
    ({"category": "CASINO"}, "category"),
    ({"best_months": [13]}, "best_months.0"),
    ({"best_months": [1, 1]}, "best_months"),
    ({"tags": ["a", "a"]}, "tags"),
    ({"entry_fee_usd": "-1"}, "entry_fee_usd"),
    ({"visit_minutes": 0}, "visit_minutes"),
    ({"slug": "search"}, "slug"),
    ({"colour": "red"}, "colour"),
)


async def test_refuses_what_does_not_fit(agency: StorefrontClient) -> None:
    for wrong, field in WRONG:
        assert faulty_fields(await agency.post("/places", json=place(**wrong))) == [field], wrong


async def test_the_shipped_places_are_found(derlg: StorefrontClient) -> None:
    await load_catalogue(derlg.database, derlg.storefront, now=derlg.runtime.clock.now())

    async def are_shown() -> bool:
        return bool(read(await derlg.get("/places")))

    await eventually(are_shown)
    first = read(await derlg.get(f"/places?near={ANGKOR}&within_km=20&language=km"))[0]
    assert (first["slug"], first["display_name"], first["distance_km"]) == ("angkor-wat", "អង្គរវត្ត", 0)
    answer = await derlg.get("/places/search?query=瀑布&category=WATERFALL")
    assert answer.json()["meta"]["total"] >= 3
    async with derlg.database.read() as connection:
        body, total = await queries.search(connection, PlaceSearch(query="dolphins"), language=Language.ZH)
    assert total == len(json.loads(body)) == 1


FILTERS: dict[str, Any] = {
    "category": "CITY", "province": "Kep", "query": "x", "near": ANGKOR, "within_km": 5,
}  # fmt: skip


@pytest.mark.parametrize("sort", [None, *PlaceSort])
async def test_postgresql_understands_every_list(database: Database, sort: PlaceSort | None) -> None:
    picked = [dict(pair) for size in (0, 1, 2, len(FILTERS)) for pair in combinations(FILTERS.items(), size)]
    async with database.read() as connection:
        for chosen in picked:
            for is_active in (None, True, False):
                filters = AdminPlaceSearch.model_validate({**chosen, "sort": sort})
                if sort is PlaceSort.DISTANCE and filters.near is None:
                    continue  # refused before (rules.faults_of_filters)
                statement, arguments = search_statement(filters, is_active=is_active)
                row = await connection.fetchrow(statement, "en", *arguments)
                assert row is not None
                assert (row["total"], row["items"]) == (0, b"[]")


MANY_PLACES = """
INSERT INTO places (id, slug, name, description, category, province, latitude, longitude, created_at, updated_at)
SELECT gen_random_uuid(), 'place-' || i, 'Place ' || i, md5(i::text), (ARRAY['CITY', 'BEACH', 'FOOD'])[1 + i % 3],
       'Province ' || i % 25, 10 + (i % 70) * 0.06, 102 + (i / 70) * 0.12, now(), now()
  FROM generate_series(1, 3000) AS i
"""


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "using places_name on"),
        ({"category": "CITY"}, "using places_category on"),
        ({"province": "province-3"}, "places_province"),
        ({"sort": "fee"}, "using places_fee on"),
        ({"query": "place 77"}, "on places_search"),
        ({"near": ANGKOR, "within_km": 5}, "places_spot"),
    ],
)
async def test_the_lists_that_everybody_opens_go_by_an_index(
    database: Database, asked: dict[str, Any], index: str
) -> None:
    statement, arguments = search_statement(PlaceSearch.model_validate(asked), is_active=True)
    async with database.read() as connection:
        await connection.execute(MANY_PLACES)
        await connection.execute("ANALYZE places")
        plan = await connection.fetch(f"EXPLAIN {statement}", "en", *arguments)
    page = "\n".join(row[0] for row in plan).partition("Limit")[2]
    assert index in page


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, noise=TEXTS)
async def test_the_index_leaves_out_nothing_that_has_the_text(database: Database, text: str, noise: str) -> None:
    async with database.read() as connection:
        question = "SELECT letter_pairs(lower($1::text)) @> sought_pairs(lower($2::text))"
        assert await connection.fetchval(question, noise + text + noise, text)
        assert not await connection.fetchval(question, "aha", "ha!")


async def test_switched_on_in_holyone_they_answer_in_its_casing(
    start_system: Callable[..., AbstractAsyncContextManager[System]], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = STOREFRONTS["holyone"].modules | {Module.EXPLORE}
    monkeypatch.setitem(STOREFRONTS, "holyone", replace(STOREFRONTS["holyone"], modules=modules))
    async with start_system() as system:
        office = await system.holyone.sign_in_as(Role.ADMIN)
        body = {to_camel(name): value for name, value in place().items()}
        made = read(await office.post("/places", json=body), 201)
        assert (made["entryFeeUsd"], made["displayLanguage"], made["distanceKm"]) == ("37.00", "en", None)
        (shown,) = read(await system.holyone.get("/places", params={"near": ANGKOR, "withinKm": 5}))["items"]
        assert shown == made | {"distanceKm": 0}
