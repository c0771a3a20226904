"""Trips' written cards: what a list sends is what the trip says now, whoever changed it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from tests.features.catalog.samples import ITINERARY, trip
from tests.features.reviews.conftest import travel, write
from tests.support.client import StorefrontClient, read
from tests.support.selling import put_trip_on_sale

from sojourn.catalog.loading import load_catalogue
from sojourn.platform.i18n import Language
from sojourn.platform.kit.clock import FrozenClock

CARDS = "SELECT trip_id, language, card FROM trip_cards ORDER BY trip_id, language"
AFRESH = """
SELECT t.id AS trip_id, spoken.language, trip_card(t, spoken.language) AS card
  FROM trips t, unnest($1::text[]) AS spoken (language) ORDER BY t.id, spoken.language
"""
Cards = dict[tuple[UUID, str], str]


async def cards_of(client: StorefrontClient) -> Cards:
    """The written cards, which are those of every trip in every language, and say what it says."""
    written, afresh = await client.rows(CARDS), await client.rows(AFRESH, list(Language))
    assert [tuple(row) for row in written] == [tuple(row) for row in afresh]
    return {(row["trip_id"], row["language"]): row["card"] for row in written}


@asynccontextmanager
async def changing(client: StorefrontClient, trip_id: str | UUID, *, fields: set[str]) -> AsyncIterator[None]:
    """What happens inside changes the cards of that trip, in every language, in those fields at least; no others."""
    before = await cards_of(client)
    yield
    after = await cards_of(client)
    for (owner, language), card in after.items():
        old, new = json.loads(before[owner, language]), json.loads(card)
        changed = {name for name in new if new[name] != old[name]}
        assert fields <= changed if str(owner) == str(trip_id) else not changed


async def test_an_admin_writes_them(agency: StorefrontClient, clock: FrozenClock) -> None:
    assert await cards_of(agency) == {}
    made = read(await agency.post("/trips", json=trip()), 201)
    read(await agency.post("/trips", json=trip("another")), 201)
    assert len(await cards_of(agency)) == 2 * len(Language)
    clock.advance(timedelta(minutes=1))
    path = f"/trips/{made['id']}"
    titles = {"title": "Sunset", "title_kh": "ថ្ងៃលិច", "title_zh": "日落"}
    patch = {**titles, "images": [], "options": [], "price_per_person_usd": "99.00"}
    async with changing(agency, made["id"], fields={*patch, "display_title", "version", "updated_at"}):
        read(await agency.patch(path, json=patch))
    async with changing(agency, made["id"], fields={"is_active", "version"}):
        read(await agency.delete(path))


async def test_the_data_files_write_them(derlg: StorefrontClient, clock: FrozenClock) -> None:
    await load_catalogue(derlg.database, derlg.storefront, now=clock.now())
    first = await cards_of(derlg)
    assert first
    (any_trip, *_others) = {trip_id for trip_id, _language in first}
    async with derlg.database.read() as connection:  # as though the file had said something else
        await connection.execute("UPDATE trips SET summary = 'Old', source_hash = 'old' WHERE id = $1", any_trip)
    async with changing(derlg, any_trip, fields={"summary", "version"}):
        await load_catalogue(derlg.database, derlg.storefront, now=clock.now())


async def test_travellers_reviews_write_them(derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg)
    traveler = await derlg.sign_in_as()
    booking_id = await travel(traveler, trip_id)
    async with changing(derlg, trip_id, fields={"avg_rating", "review_count"}):
        review = await write(traveler, booking_id, rating=4)
    async with changing(derlg, trip_id, fields={"avg_rating", "review_count"}):
        read(await traveler.delete(f"/reviews/{review['id']}"))


async def test_a_hand_in_the_database_writes_them(derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg)
    by_hand = "UPDATE trips SET avg_rating = 4.25, is_featured = true, hotel_id = gen_random_uuid() WHERE id = $1"
    fields = {"avg_rating", "is_featured", "hotel_id"}
    async with changing(derlg, trip_id, fields=fields), derlg.database.read() as connection:
        await connection.execute(by_hand, trip_id)
    async with derlg.database.read() as connection:
        await connection.execute("DELETE FROM resources WHERE owner_id = $1", trip_id)
        await connection.execute("DELETE FROM trips WHERE id = $1", trip_id)
    assert await cards_of(derlg) == {}


async def test_a_change_that_is_undone_leaves_them(derlg: StorefrontClient) -> None:
    trip_id = await put_trip_on_sale(derlg)
    before = await cards_of(derlg)
    async with derlg.database.read() as connection:
        undone = connection.transaction()
        await undone.start()
        await connection.execute("UPDATE trips SET title = 'Never' WHERE id = $1", trip_id)
        assert await connection.fetchval("SELECT card FROM trip_cards LIMIT 1") not in before.values()
        await undone.rollback()
    assert await cards_of(derlg) == before


@pytest.mark.parametrize("language", Language)
async def test_lists_send_them_as_they_lie_there(
    agency: StorefrontClient, derlg: StorefrontClient, language: Language
) -> None:
    tale = [{**day, "description": "A tale without end. " * 240} for day in ITINERARY]  # more than a page of the table
    for number, days in enumerate((ITINERARY, tale, ITINERARY)):
        read(await agency.post("/trips", json=trip(f"trip-{number}", is_featured=True, itinerary=days)), 201)
    written = await cards_of(derlg)
    for path in ("/trips?", "/trips/featured?"):
        answer = await derlg.get(f"{path}language={language}")
        shown = [entry["id"] for entry in read(answer)]
        assert len(shown) == 3
        expected = ", \n ".join(written[UUID(trip_id), language] for trip_id in shown)
        assert f'"data":[{expected}]' in answer.text
        for trip_id in shown:
            one = await derlg.get(f"/trips/{trip_id}?language={language}")
            assert f'"data":{written[UUID(trip_id), language]},' in one.text
