"""What a visitor sees of the trips: lists, filters, search, languages, one trip."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.features.catalog.samples import trip
from tests.support.client import StorefrontClient, faulty_fields, read, refusal

from sojourn.catalog.trips.models import AdminTripFilters, TripFilters, TripOut, TripSort
from sojourn.catalog.trips.queries import list_trips, page_statement
from sojourn.catalog.values import containing
from sojourn.platform.db.database import Database
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import FrozenClock

# Three trips that every filter below tells apart.
SHELF = (
    trip("temples"),
    trip(
        "beach",
        title="Sands of Koh Rong",
        title_kh="ឆ្នេរកោះរ៉ុង",
        title_zh=None,
        summary="Nothing to do.",
        destination="Koh Rong",
        province="Preah Sihanouk",
        environment="ISLAND",
        mood_tags=["relaxing"],
        languages=["en"],
        duration_days=5,
        itinerary=[],
        price_per_person_usd="410.50",
    ),
    trip(
        "kulen",
        title="Phnom Kulen 100%",
        title_zh="荔枝山",
        summary="A river_bed of lingas.",
        duration_days=1,
        itinerary=[],
        environment="MOUNTAIN",
        mood_tags=["nature", "culture"],
        languages=["zh"],
        price_per_person_usd="62.00",
    ),
)


@pytest.fixture
async def shelf(agency: StorefrontClient, derlg: StorefrontClient, clock: FrozenClock) -> StorefrontClient:
    for entry in SHELF:
        read(await agency.post("/trips", json=entry), 201)
        clock.advance(timedelta(minutes=1))
    return derlg


async def slugs(client: StorefrontClient, query: str) -> list[str]:
    return [entry["slug"] for entry in read(await client.get(f"/trips?{query}"))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("environment=ISLAND", {"beach"}),
        ("duration=1", {"kulen"}),
        ("min_duration=2", {"temples", "beach"}),
        ("max_duration=2", {"temples", "kulen"}),
        ("min_duration=2&max_duration=4", {"temples"}),
        ("province=Siem Reap", {"temples", "kulen"}),
        ("province=siem-reap", {"temples", "kulen"}),
        ("province=preah-sihanouk", {"beach"}),
        ("province=Atlantis", set()),
        ("budget=289", {"temples", "kulen"}),
        ("budget=288.99", {"kulen"}),
        ("max_price=289.00", {"temples", "kulen"}),
        ("budget=400&max_price=100", {"kulen"}),
        ("min_price=289", {"temples", "beach"}),
        ("mood=relaxing", {"beach"}),
        ("mood=culture", {"temples", "kulen"}),
        ("mood=relaxing&mood=nature", {"beach", "kulen"}),
        ("mood=relaxing, nature", {"beach", "kulen"}),
        ("guide_language=km", {"temples"}),
        ("guide_language=KH", {"temples"}),
        ("guide_language=zh", {"kulen"}),
        ("q=sunRISE", {"temples"}),
        ("q=吴哥", {"temples"}),
        ("q=កោះរ៉ុង", {"beach"}),
        ("q=KOH rong", {"beach"}),
        ("q=%25", {"kulen"}),
        ("q=river_b", {"kulen"}),
        ("q=river%5C", set()),
        ("environment=TEMPLE&mood=culture&budget=300&q=angkor&province=siem-reap&duration=2", {"temples"}),
    ],
)
async def test_filters(shelf: StorefrontClient, query: str, expected: set[str]) -> None:
    answer = await shelf.get(f"/trips?{query}")
    assert {entry["slug"] for entry in read(answer)} == expected
    assert answer.json()["meta"]["total"] == len(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price_asc", ["kulen", "temples", "beach"]),
        ("price_desc", ["beach", "temples", "kulen"]),
        ("duration", ["kulen", "temples", "beach"]),
        ("newest", ["kulen", "beach", "temples"]),
        ("rating", ["beach", "temples", "kulen"]),
    ],
)
async def test_sorts(shelf: StorefrontClient, sort: str, expected: list[str]) -> None:
    async with shelf.database.read() as connection:
        await connection.execute("UPDATE trips SET avg_rating = 4.9 WHERE slug = 'beach'")
        await connection.execute("UPDATE trips SET avg_rating = 4.25 WHERE slug = 'temples'")
    assert await slugs(shelf, f"sort={sort}") == expected
    if sort == "rating":
        assert await slugs(shelf, "") == expected


async def test_pages(shelf: StorefrontClient) -> None:
    seen = []
    for page in (1, 2, 3):
        answer = await shelf.get(f"/trips?per_page=1&page={page}&sort=price_asc")
        assert answer.json()["meta"] == {"page": page, "per_page": 1, "total": 3}
        seen += [entry["slug"] for entry in read(answer)]
    assert seen == ["kulen", "temples", "beach"]
    beyond = await shelf.get("/trips?page=10000&per_page=100&min_price=100")
    assert (read(beyond), beyond.json()["meta"]["total"]) == ([], 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("environment=DESERT", "environment"),
        ("duration=0", "duration"),
        ("duration=two", "duration"),
        ("min_duration=5&max_duration=4", "min_duration"),
        ("min_price=5&max_price=4", "min_price"),
        ("min_price=500&budget=499.99", "min_price"),
        ("budget=-1", "budget"),
        ("budget=NaN", "budget"),
        ("budget=1.999", "budget"),
        ("budget=1e99", "budget"),
        ("mood=grumpy", "mood.0"),
        ("language=fr", "language"),
        ("guide_language=fr", "guide_language"),
        ("q=", "q"),
        ("q=" + "x" * 81, "q"),
        ("sort=random", "sort"),
        ("page=0", "page"),
        ("page=10001", "page"),
        ("per_page=101", "per_page"),
        ("per_page=0", "per_page"),
        ("is_active=false", "is_active"),
        ("enviroment=CITY", "enviroment"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_its_field(
    derlg: StorefrontClient, query: str, field: str
) -> None:
    assert faulty_fields(await derlg.get(f"/trips?{query}")) == [field]


@pytest.mark.parametrize("query", ["q=%00", "province=%00"])
async def test_what_cannot_be_stored_is_refused(derlg: StorefrontClient, query: str) -> None:
    assert refusal(await derlg.get(f"/trips?{query}"), 400) == "VALIDATION_FAILED"


async def test_every_answer_has_exactly_the_documented_shape(shelf: StorefrontClient, agency: StorefrontClient) -> None:
    read(await agency.post("/trips", json=trip("bare", is_featured=True, **dict.fromkeys(OPTIONAL))), 201)
    one = (await shelf.get("/trips/temples")).json()["data"]
    lists = [(await shelf.get(path)).json()["data"] for path in ("/trips", "/trips/featured")]
    for entry in [one, *(entry for found in lists for entry in found)]:
        assert list(entry) == list(TripOut.model_fields)
        model = TripOut.model_validate_json(json.dumps(entry), by_name=True, by_alias=False)
        shown = json.loads(model.model_dump_json())
        times = {"created_at", "updated_at"}  # the same instants, with other zeros
        assert {k: v for k, v in shown.items() if k not in times} == {k: v for k, v in entry.items() if k not in times}
        assert all(entry[name].endswith("Z") for name in times)
    assert (one["price_per_person_usd"], one["non_refundable_fee_usd"]) == ("289.00", "62.00")


OPTIONAL = ("title_kh", "title_zh", "summary_kh", "transport_type", "meeting_point", "latitude", "longitude",
            "capacity_per_departure")  # fmt: skip


@pytest.mark.parametrize("path", ["/trips?environment=TEMPLE&per_page=50", "/trips/featured", "/trips/temples"])
async def test_one_statement_however_many_trips(shelf: StorefrontClient, path: str) -> None:
    async with shelf.statements() as said:
        read(await shelf.get(path))
    assert len(said) == 1


@pytest.mark.parametrize(
    ("query", "header", "title", "summary"),
    [
        ("", None, "Sands of Koh Rong", "Nothing to do."),
        ("?language=km", None, "ឆ្នេរកោះរ៉ុង", "ពីរថ្ងៃក្នុងប្រាសាទ"),
        ("?language=KH", None, "ឆ្នេរកោះរ៉ុង", "ពីរថ្ងៃក្នុងប្រាសាទ"),
        ("?language=zh", None, "Sands of Koh Rong", "Nothing to do."),
        ("", "km-KH, en;q=0.5", "ឆ្នេរកោះរ៉ុង", "ពីរថ្ងៃក្នុងប្រាសាទ"),
        ("?language=en", "km", "Sands of Koh Rong", "Nothing to do."),
        ("", "fr", "Sands of Koh Rong", "Nothing to do."),
    ],
)
async def test_shows_the_language_asked_for_or_english(
    shelf: StorefrontClient, query: str, header: str | None, title: str, summary: str
) -> None:
    headers = {"Accept-Language": header} if header else {}
    shown = read(await shelf.get(f"/trips/beach{query}", headers=headers))
    assert (shown["display_title"], shown["display_summary"]) == (title, summary)
    assert (shown["title"], shown["title_zh"]) == ("Sands of Koh Rong", None)


async def test_featured_are_the_best_rated_of_those_put_first(
    shelf: StorefrontClient, agency: StorefrontClient
) -> None:
    for number in range(6):
        made = read(await agency.post("/trips", json=trip(f"featured-{number}", is_featured=True)), 201)
        async with shelf.database.read() as connection:
            await connection.execute(
                "UPDATE trips SET avg_rating = $2 WHERE slug = $1", made["slug"], Decimal(number) / 2
            )
    shown = read(await shelf.get("/trips/featured"))
    assert [entry["slug"] for entry in shown] == [f"featured-{n}" for n in (5, 4, 3, 2, 1)]
    assert len(read(await shelf.get("/trips/featured?limit=20"))) == 6
    assert faulty_fields(await shelf.get("/trips/featured?limit=21")) == ["limit"]


async def test_one_trip_by_id_and_by_slug(shelf: StorefrontClient) -> None:
    by_slug = read(await shelf.get("/trips/temples"))
    assert read(await shelf.get(f"/trips/{by_slug['id']}")) == by_slug
    assert by_slug["cancellation_policy"]["tiers"] == [
        {"min_hours_before": 168, "refund_percent": 100, "fixed_fee": "0.00"},
        {"min_hours_before": 72, "refund_percent": 50, "fixed_fee": "0.00"},
    ]


@pytest.mark.parametrize(
    "trip_id", ["nowhere", "01a1fff1-ef94-7f60-83d2-5224bf069311", "x" * 5000, "%00", "..%2f", "រ"]
)
async def test_no_such_trip(shelf: StorefrontClient, trip_id: str) -> None:
    answer = await shelf.get(f"/trips/{trip_id}")
    assert answer.status_code in {400, 404} if "%" in trip_id else refusal(answer, 404) == "TRIP_NOT_FOUND"


async def test_a_retired_trip_is_gone_from_everywhere_but_the_admins_list(
    shelf: StorefrontClient, agency: StorefrontClient
) -> None:
    gone = read(await shelf.get("/trips/temples"))
    read(await agency.delete(f"/trips/{gone['id']}"))
    assert refusal(await shelf.get("/trips/temples"), 404) == "TRIP_NOT_FOUND"
    assert "temples" not in await slugs(shelf, "")
    everything = read(await agency.get("/admin/trips?sort=newest"))
    assert [entry["slug"] for entry in everything] == ["kulen", "beach", "temples"]
    assert [e["slug"] for e in read(await agency.get("/admin/trips?is_active=false"))] == ["temples"]
    assert refusal(await shelf.get("/admin/trips"), 401) == "NOT_AUTHENTICATED"


async def test_many_readers_at_once(shelf: StorefrontClient) -> None:
    paths = [f"/trips?per_page={n}&sort={sort.value}" for n in range(1, 11) for sort in TripSort]
    answers = await asyncio.gather(*(shelf.get(path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}


FILTERS: dict[str, Any] = {
    "environment": "CITY", "duration": 1, "min_duration": 1, "max_duration": 2, "province": "Kep", "budget": "1",
    "min_price": "1", "mood": ["food"], "guide_language": "km", "q": "x",
}  # fmt: skip


@pytest.mark.parametrize("sort", TripSort)
async def test_postgresql_understands_every_list(database: Database, sort: TripSort) -> None:
    picked = [dict(pair) for size in (0, 1, 2, len(FILTERS)) for pair in combinations(FILTERS.items(), size)]
    async with database.read() as connection:
        for chosen in picked:
            for is_active in (None, True, False):
                filters = AdminTripFilters.model_validate({**chosen, "sort": sort})
                for page in (filters, filters.model_copy(update={"page": 2})):
                    found = await list_trips(connection, page, language=Language.EN, is_active=is_active)
                    assert found == (b"[]", 0)


MANY_TRIPS = """
INSERT INTO trips (id, slug, title, destination, province, duration_days, price_per_person_usd, environment,
                   cancellation_policy, avg_rating, created_at, updated_at)
SELECT gen_random_uuid(), 'trip-' || i, 'Trip', 'Kep', 'Kep', 1, 1 + i, (ARRAY['CITY', 'BEACH', 'FOREST'])[1 + i % 3],
       '{}', i % 5, now(), now()
  FROM generate_series(1, 3000) AS i
"""


@pytest.mark.parametrize(
    ("asked", "index"),
    [({"environment": "CITY"}, "trips_rating"), ({}, "trips_all_rating"), ({"sort": "price_asc"}, "trips_price")],
)
async def test_the_lists_that_everybody_opens_go_by_an_index(
    database: Database, asked: dict[str, str], index: str
) -> None:
    statement, arguments = page_statement(TripFilters.model_validate(asked), is_active=True)
    async with database.read() as connection:
        await connection.execute(MANY_TRIPS)
        await connection.execute("ANALYZE trips")
        plan = await connection.fetch(f"EXPLAIN {statement}", "en", *arguments)
    page = "\n".join(row[0] for row in plan).partition("Limit")[2]
    assert f"using {index} on" in page


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    noise=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
)
async def test_a_search_finds_the_text_itself_whatever_signs_it_has(database: Database, text: str, noise: str) -> None:
    async with database.read() as connection:
        question = "SELECT lower($1::text) LIKE lower($2::text), lower($3::text) LIKE lower($2::text)"
        inside, instead = await connection.fetchrow(question, noise + text + noise, containing(text), "")
    assert (inside, instead) == (True, False)
