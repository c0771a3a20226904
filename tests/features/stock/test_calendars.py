"""Calendars of rooms, vehicles and guides, beside others whose days are taken too."""

from datetime import date, timedelta
from typing import Any

import pytest
from tests.features.catalog.samples import hotel, room
from tests.features.stock.conftest import open_shop
from tests.support.client import StorefrontClient, read, refusal

from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id

DAY = date(2027, 1, 20)
SECOND, ONE = timedelta(seconds=1), timedelta(days=1)
_CLAIM = """
INSERT INTO claims (resource_id, day, minute, quantity, purchase_kind, purchase_id, expires_at, released_at, created_at)
SELECT id, $2, 0, $3, 'BOOKING', $4, $5, $6, $7 FROM resources WHERE owner_id = $1
"""
_LIMIT = "INSERT INTO resource_days (resource_id, day, capacity) SELECT id, $2, $3 FROM resources WHERE owner_id = $1"


@pytest.mark.parametrize("shelf", ["hotels", "transportation", "guides"])
async def test_only_its_own_live_claims_count(derlg: StorefrontClient, clock: FrozenClock, shelf: str) -> None:
    now = clock.now()

    async def claim(owner: str, day: date, quantity: int, *, until: object = None, released: object = None) -> None:
        await derlg.rows(_CLAIM, owner, day, quantity, new_id(), until, released, now)

    async def calendar(name: str, first: date, last: date) -> list[tuple[int, int]]:
        asked = {"from": first.isoformat(), "to": last.isoformat()}
        shown: list[dict[str, Any]] = read(await derlg.get(f"/{shelf}/{name}/availability", params=asked))
        if shelf == "hotels":
            (nights,) = shown
            shown = nights["days"]
        assert [day["day"] for day in shown] == [(first + n * ONE).isoformat() for n in range(len(shown))]
        return [(day["capacity"], day["available"]) for day in shown]

    first, other = await open_shop(derlg), await open_shop(derlg, slug="other")
    of_shelf = {"hotels": "hotel", "transportation": "vehicle", "guides": "guide"}[shelf]
    thing, another = getattr(first, of_shelf), getattr(other, of_shelf)
    mine, its = (first.room_id, other.room_id) if shelf == "hotels" else (thing["id"], another["id"])
    usual = 2 if shelf == "hotels" else 1
    await derlg.rows(_LIMIT, mine, DAY, 9)
    await derlg.rows(_LIMIT, its, DAY, 30)
    await claim(mine, DAY, 1)
    await claim(mine, DAY, 2, until=now + SECOND)
    await claim(mine, DAY, 4, until=now)
    await claim(mine, DAY, 4, released=now)
    await claim(mine, DAY + ONE, 1)
    await claim(its, DAY, 7)
    expected = [(9, 6), (usual, usual - 1), (usual, usual)]
    assert await calendar(thing["id"], DAY, DAY + 2 * ONE) == expected
    assert await calendar(thing["slug"], DAY, DAY + 2 * ONE) == expected
    assert await calendar(another["slug"], DAY, DAY) == [(30, 23)]
    today = date(2026, 12, 1)
    assert await calendar(thing["id"], today, today + ONE) == [(usual, 0), (usual, usual)], "sold from tomorrow on"
    read(await first.admin.delete(f"/{shelf}/{thing['id']}"))
    asked = {"from": DAY.isoformat(), "to": DAY.isoformat()}
    refusal(await derlg.get(f"/{shelf}/{thing['slug']}/availability", params=asked), 404)


async def test_a_room_that_is_let_no_more_has_no_nights(derlg: StorefrontClient) -> None:
    admin = (await open_shop(derlg)).admin
    made = read(await admin.post("/hotels", json=hotel("two", rooms=[room("double"), room("family")])), 201)
    read(await admin.patch(f"/hotels/{made['id']}", json={"rooms": [room("family")]}))
    asked = {"from": DAY.isoformat(), "to": DAY.isoformat()}
    (left,) = read(await derlg.get("/hotels/two/availability", params=asked))
    assert left["key"] == "family"
