"""How long a reading is fresh, when it is shown as stale, when no longer, and how often the vendor is asked."""

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from sojourn.platform.redis.port import Cache
from sojourn.providers.readings.keeping import PAUSE, Keeper, Reading
from sojourn.providers.readings.source import SourceUnavailable

NOON = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
FRESH, USABLE = timedelta(hours=1), timedelta(hours=24)
KEY = "told:number"


class Told(BaseModel):
    number: int


class Vendor:
    """Counts how often it is asked and says the numbers it was given; None is a refusal, and so is having no more."""

    def __init__(self, *numbers: int | None) -> None:
        self.numbers = deque(numbers)
        self.asked = 0
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def ask(self) -> Told:
        self.asked += 1
        self.was_asked.set()
        await self.may_answer.wait()
        number = self.numbers.popleft() if self.numbers else None
        if number is None:
            raise SourceUnavailable("no")
        return Told(number=number)

    def keeper(self) -> Keeper[Told]:
        return Keeper(key=KEY, kind=Told, fresh=FRESH, usable=USABLE, ask=self.ask)


async def number_at(keeper: Keeper[Told], cache: Cache, later: timedelta) -> int | None:
    reading = await keeper.read(cache=cache, now=NOON + later)
    return reading.value.number if reading else None


async def test_the_vendor_is_asked_again_after_an_hour(cache: Cache) -> None:
    vendor = Vendor(1, 2)
    keeper = vendor.keeper()
    assert await keeper.read(cache=cache, now=NOON) == Reading(
        value=Told(number=1), as_of=NOON, age_seconds=0, is_stale=False
    )
    assert await number_at(keeper, cache, FRESH - timedelta(seconds=1)) == 1
    assert vendor.asked == 1
    assert await number_at(keeper, cache, FRESH) == 2
    assert vendor.asked == 2


async def test_it_is_shown_as_stale_until_it_is_too_old(cache: Cache) -> None:
    keeper = Vendor(1).keeper()
    await keeper.read(cache=cache, now=NOON)
    for later in (FRESH, timedelta(hours=5), USABLE):
        assert await keeper.read(cache=cache, now=NOON + later) == Reading(
            value=Told(number=1), as_of=NOON, age_seconds=int(later.total_seconds()), is_stale=True
        )
    assert await number_at(keeper, cache, USABLE + timedelta(seconds=1)) is None


async def test_a_vendor_that_fails_is_left_alone_for_a_while(cache: Cache) -> None:
    vendor = Vendor(None, 7)
    keeper = vendor.keeper()
    assert await number_at(keeper, cache, timedelta()) is None
    assert await number_at(keeper, cache, PAUSE - timedelta(seconds=1)) is None
    assert vendor.asked == 1
    assert await number_at(keeper, cache, PAUSE) == 7
    assert vendor.asked == 2


async def test_a_vendor_that_is_back_is_believed_at_once(cache: Cache) -> None:
    vendor = Vendor(1, None, 2)
    keeper = vendor.keeper()
    assert [await number_at(keeper, cache, timedelta(hours=hour)) for hour in (0, 1, 2)] == [1, 1, 2]
    reading = await keeper.read(cache=cache, now=NOON + timedelta(hours=2))
    assert reading is not None
    assert not reading.is_stale


async def test_a_hundred_at_once_ask_the_vendor_once(cache: Cache) -> None:
    vendor = Vendor(1)
    keeper = vendor.keeper()
    answers = await asyncio.gather(*(number_at(keeper, cache, timedelta()) for _ in range(100)))
    assert answers == [1] * 100
    assert vendor.asked == 1


async def test_a_hundred_at_once_share_one_failure(cache: Cache) -> None:
    vendor = Vendor(None, 1)
    keeper = vendor.keeper()
    assert await asyncio.gather(*(number_at(keeper, cache, timedelta()) for _ in range(100))) == [None] * 100
    assert vendor.asked == 1


async def test_whoever_hangs_up_takes_nothing_from_the_others(cache: Cache) -> None:
    vendor = Vendor(1)
    vendor.may_answer.clear()
    keeper = vendor.keeper()
    first = asyncio.create_task(number_at(keeper, cache, timedelta()))
    second = asyncio.create_task(number_at(keeper, cache, timedelta()))
    await asyncio.wait_for(vendor.was_asked.wait(), 5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    vendor.may_answer.set()
    assert await second == 1
    assert vendor.asked == 1


async def test_closing_ends_what_is_under_way(cache: Cache) -> None:
    vendor = Vendor(1)
    vendor.may_answer.clear()
    keeper = vendor.keeper()
    asking = asyncio.create_task(number_at(keeper, cache, timedelta()))
    await asyncio.wait_for(vendor.was_asked.wait(), 5)
    await keeper.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_processes_share_what_one_of_them_read(cache: Cache) -> None:
    await Vendor(1).keeper().read(cache=cache, now=NOON)
    other = Vendor(2)
    keeper = other.keeper()
    assert await number_at(keeper, cache, timedelta(minutes=59)) == 1
    assert other.asked == 0
    assert await number_at(keeper, cache, FRESH) == 2


async def test_a_process_that_starts_while_the_vendor_is_away_shows_the_last_good_one(cache: Cache) -> None:
    await Vendor(1).keeper().read(cache=cache, now=NOON)
    await cache.delete(KEY)  # it lives for an hour, the last good one for as long as it may be shown
    restarted = Vendor().keeper()
    reading = await restarted.read(cache=cache, now=NOON + timedelta(hours=20))
    assert reading == Reading(value=Told(number=1), as_of=NOON, age_seconds=72_000, is_stale=True)
    assert await number_at(restarted, cache, timedelta(hours=25)) is None


async def test_an_older_copy_replaces_no_newer_one(cache: Cache) -> None:
    keeper = Vendor(1).keeper()
    await keeper.read(cache=cache, now=NOON)
    older = (await cache.get(KEY) or "").replace('"number":1', '"number":9').replace("T05:", "T04:")
    await cache.set(KEY, older, ttl=FRESH)
    await cache.set(f"{KEY}:last_good", older, ttl=USABLE)
    assert await number_at(keeper, cache, FRESH) == 1
    assert await number_at(Vendor().keeper(), cache, FRESH) == 9


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"value": {"number": "x"}, "as_of": "2026-12-01T05:00:00Z"}'])
async def test_what_somebody_else_left_in_the_cache_is_not_believed(cache: Cache, text: str) -> None:
    await cache.set(KEY, text, ttl=FRESH)
    await cache.set(f"{KEY}:last_good", text, ttl=USABLE)
    vendor = Vendor(None, 5)
    keeper = vendor.keeper()
    assert await number_at(keeper, cache, timedelta()) is None
    assert await number_at(keeper, cache, PAUSE) == 5
