"""The last room, alone or within a trip, and stays that overlap in one night only: of many hands, one gets it."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
from tests.features.catalog.samples import room, trip
from tests.features.stock.conftest import open_shop
from tests.support.client import StorefrontClient, read
from tests.support.system import System

MOST = """
SELECT max(taken) AS most FROM (SELECT c.day, sum(c.quantity) AS taken FROM claims c
  JOIN resources r ON r.id = c.resource_id WHERE r.owner_id = $1::uuid AND c.released_at IS NULL GROUP BY c.day) AS days
"""


def _first() -> date:
    """The live server goes by the machine's clock."""
    return datetime.now(UTC).date() + timedelta(days=60)


async def test_overlapping_nights_sell_the_last_room_once(live_server: System) -> None:
    derlg = live_server.derlg
    slug = "last-room-of-all"
    shop = await open_shop(derlg, slug=slug)
    first = _first()

    async def stay(begin: int, end: int) -> httpx.Response:
        traveler: StorefrontClient = await derlg.sign_in_as()
        body = {
            "booking_type": "HOTEL_ONLY", "hotel_room_id": shop.room_id, "rooms": 2, "people_count": 2,
            "travel_date": (first + timedelta(days=begin)).isoformat(),
            "end_date": (first + timedelta(days=end)).isoformat(),
        }  # fmt: skip
        return await traveler.post("/bookings", json=body)

    # Every stay has the night of day 5 in common with every other.
    answers = await asyncio.gather(*(stay(begin, end) for begin in (3, 4, 5) for end in (6, 7, 8, 9)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11, answers[0].text
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} == {"SOLD_OUT"}
    assert (await derlg.rows(MOST, shop.room_id))[0]["most"] == 2
    begin = date.fromisoformat(next(a for a in answers if a.status_code == 201).json()["data"]["travel_date"])
    before = await asyncio.gather(*(stay((begin - first).days - n, (begin - first).days) for n in (1, 1)))
    assert sorted(answer.status_code for answer in before) == [201, 409]


async def test_a_trip_sells_the_last_room_that_it_includes_once(live_server: System) -> None:
    derlg = live_server.derlg
    slug = "last-included-room"
    shop = await open_shop(derlg, slug=slug)
    one_room = {"rooms": [room(count=1)]}
    read(await shop.admin.patch(f"/hotels/{shop.hotel['id']}", json=one_room))
    sold = read(
        await shop.admin.post(
            "/trips", json=trip(slug, included={"room": {"hotel": slug, "key": "double"}}, capacity_per_departure=24)
        ),
        201,
    )
    body = {"trip_id": sold["id"], "travel_date": _first().isoformat(), "people_count": 2, "pickup_location": "Lobby"}
    travelers = [await derlg.sign_in_as() for _ in range(8)]
    answers = await asyncio.gather(*(traveler.post("/bookings", json=body) for traveler in travelers))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7, answers[0].text
    assert {answer.json()["error"]["details"]["resource"] for answer in answers if answer.status_code == 409} == {
        "ROOM"
    }
    assert (await derlg.rows(MOST, shop.room_id))[0]["most"] == 1
    # The seats of those who got no room were not kept either.
    claims = "SELECT sum(quantity) AS n FROM claims c JOIN resources r ON r.id = c.resource_id WHERE r.owner_id = $1"
    assert (await derlg.rows(f"{claims} AND c.released_at IS NULL", sold["id"]))[0]["n"] == 2
