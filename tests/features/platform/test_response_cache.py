"""Public answers kept as bytes: never stale after a write, never of one language in another, never of a refusal."""

import asyncio

import pytest
from tests.features.catalog.samples import trip
from tests.support.client import StorefrontClient, read
from tests.support.system import System, application
from tests.support.waiting import eventually

from sojourn.people.roles import Role
from sojourn.platform.db.database import Database
from sojourn.platform.db.listen import CATALOGUE_CHANGED, notify
from sojourn.platform.http.response_cache import MAX_ENTRIES, ResponseCache
from sojourn.platform.kit.clock import FrozenClock


@pytest.fixture
async def shown(derlg: StorefrontClient) -> str:
    agency = await derlg.sign_in_as(Role.ADMIN)
    before = derlg.runtime.cache.generation
    made: str = read(await agency.post("/trips", json=trip("angkor")), 201)["id"]

    async def is_heard() -> bool:
        """Dropped at once by the writer, and once more when the word comes round."""
        return derlg.runtime.cache.generation == before + 2

    await eventually(is_heard)
    return made


async def test_a_second_reader_costs_the_database_nothing(derlg: StorefrontClient, shown: str) -> None:
    first = await derlg.get("/trips?mood=culture&environment=TEMPLE")
    async with derlg.statements() as said:
        second = await derlg.get("/trips?environment=TEMPLE&mood=culture")
    assert (second.content, second.headers["etag"], said) == (first.content, first.headers["etag"], [])


async def test_who_has_it_already_is_told_so(derlg: StorefrontClient, shown: str) -> None:
    first = await derlg.get("/trips")
    for _fresh_then_cached in range(2):
        again = await derlg.get("/trips", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        derlg.runtime.cache.drop()
    assert (await derlg.get("/trips", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_languages_and_pages_are_kept_apart(derlg: StorefrontClient, shown: str) -> None:
    for _fresh_then_cached in range(2):
        titles = [
            read(await derlg.get("/trips", headers={"Accept-Language": language}))[0]["display_title"]
            for language in ("en", "km", "zh-CN")
        ]
        assert titles == ["Angkor sunrise", "ថ្ងៃរះនៅអង្គរវត្ត", "吴哥日出"]
        assert [len(read(await derlg.get(f"/trips?page={page}"))) for page in (1, 2)] == [1, 0]


async def test_refusals_and_personal_answers_are_not_kept(derlg: StorefrontClient, shown: str) -> None:
    agency = await derlg.sign_in_as(Role.ADMIN)
    for path, visitor in (("/trips/nowhere", derlg), ("/trips?page=0", derlg), ("/admin/trips", agency)):
        answer = await visitor.get(path)
        assert (answer.headers.get("etag"), answer.headers["cache-control"]) == (None, "no-store")
    assert (await derlg.get("/admin/trips")).status_code == 401


async def test_a_write_by_another_process_is_seen(derlg: StorefrontClient, database: Database, shown: str) -> None:
    assert read(await derlg.get("/trips"))[0]["title"] == "Angkor sunrise"
    elsewhere = await Database.connect(derlg.database.dsn, size=1)
    async with elsewhere.unit_of_work() as tx:
        await tx.execute("UPDATE trips SET title = 'Angkor at dawn'")
        await notify(tx, CATALOGUE_CHANGED)
        # Not committed: nobody may see it, and nobody may have forgotten the old one.
        assert read(await derlg.get("/trips"))[0]["title"] == "Angkor sunrise"
    await elsewhere.close()
    await eventually(lambda: shows(derlg, "Angkor at dawn"))


async def test_two_applications_see_each_others_writes(
    system: System, derlg: StorefrontClient, sandbox: str, clock: FrozenClock, shown: str
) -> None:
    async with application(system.dsns, sandbox=sandbox, clock=clock, overrides={}) as other:
        for title, writer, reader in (("Dawn", derlg, other.derlg), ("Dusk", other.derlg, derlg)):
            assert read(await reader.get("/trips"))[0]["title"] != title
            agency = await writer.sign_in_as(Role.ADMIN)
            read(await agency.patch(f"/trips/{shown}", json={"title": title}))
            assert await shows(writer, title)
            await eventually(lambda reader=reader, title=title: shows(reader, title))  # type: ignore[misc]


async def shows(client: StorefrontClient, title: str) -> bool:
    return bool(read(await client.get("/trips"))[0]["title"] == title)


async def test_a_listener_that_lost_its_connection_forgets_everything(derlg: StorefrontClient, shown: str) -> None:
    assert await shows(derlg, "Angkor sunrise")
    before = derlg.runtime.cache.generation
    async with derlg.database.read() as connection:
        await connection.execute("UPDATE trips SET title = 'Unheard'")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'sojourn-listener' AND datname = current_database()"
        )

    async def is_listening_again() -> bool:
        return derlg.runtime.cache.generation > before

    await eventually(is_listening_again)
    assert await shows(derlg, "Unheard")


def test_an_answer_made_before_a_write_is_not_kept_after_it() -> None:
    cache = ResponseCache()
    key = ("/v1/trips", "", "en")
    begun = cache.generation
    cache.drop()
    assert cache.store(key, body=b"old", headers=[], generation=begun) is None
    assert cache.find(key) is None
    assert cache.store(key, body=b"new", headers=[], generation=cache.generation)
    assert (kept := cache.find(key)) is not None
    assert kept.body == b"new"


def test_the_cache_is_bounded_and_forgets_the_least_used() -> None:
    cache = ResponseCache()
    for number in range(MAX_ENTRIES + 1):
        if number == MAX_ENTRIES:
            assert cache.find(("/0", "", "en")) is not None
        cache.store((f"/{number}", "", "en"), body=b"x", headers=[], generation=0)
    assert cache.find(("/0", "", "en")) is not None
    assert cache.find(("/1", "", "en")) is None
    assert cache.store(("/big", "", "en"), body=b"x" * 1_000_001, headers=[], generation=0) is None


async def test_readers_during_a_write_get_the_old_or_the_new(derlg: StorefrontClient, shown: str) -> None:
    agency = await derlg.sign_in_as(Role.ADMIN)
    titles = [f"No. {number}" for number in range(10)]
    for title in titles:
        derlg.runtime.cache.drop()
        *answers, written = await asyncio.gather(
            *(derlg.get("/trips") for _ in range(5)), agency.patch(f"/trips/{shown}", json={"title": title})
        )
        read(written)
        assert all(read(answer)[0]["title"] in {"Angkor sunrise", *titles} for answer in answers)
        assert await shows(derlg, title)
