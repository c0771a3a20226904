"""Redis dies, and nobody who buys notices; it comes back, and is used again."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import pytest
from tests.features.redis.conftest import Again
from tests.support.client import read, refusal
from tests.support.redis import MortalRedis, deaf_server
from tests.support.selling import hold, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.waiting import eventually
from tests.support.work import do_jobs, work_for

from sojourn.channels.events.jobs import WORTH_SAYING, publish
from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.redis import link, shared
from sojourn.platform.redis.link import LONGEST_SECONDS
from sojourn.platform.redis.port import Put, RedisAway
from sojourn.platform.redis.shared import Shared


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is asked again soon, so that a test need not wait for it."""
    for module in (link, shared):
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)


async def test_killed_during_a_hold(mortal_redis: MortalRedis, again: Again, sandbox: str, impatient: None) -> None:
    """Hold, kill, hold, pay, read: as if nothing were. The hold that outlives the outage is mirrored after it."""
    async with again(DERLG_REDIS_URL=mortal_redis.url) as system:
        traveler = await system.derlg.sign_in_as()
        trip_id = await put_trip_on_sale(traveler)
        paid = await hold(traveler, trip_id)

        async def is_mirrored() -> bool:
            return await mortal_redis.get(f"booking_hold:{paid['id']}") == "1"

        await eventually(is_mirrored)
        intent = (await open_intent(traveler, booking_id=paid["id"]))["payment_intent_id"]
        mortal_redis.kill()
        began = time.monotonic()
        kept = await hold(traveler, trip_id)
        await pay(sandbox, intent)
        assert set(await tell_all(traveler, sandbox, intent)) == {"processed"}
        assert read(await traveler.get(f"/bookings/{paid['id']}"))["status"] == "CONFIRMED"
        assert read(await traveler.post(f"/bookings/{kept['id']}/extend"))["status"] == "RESERVED"
        assert time.monotonic() - began < 20
        await mortal_redis.start()

        await eventually(lambda: _has(mortal_redis, f"booking_hold:{kept['id']}"))
        assert not await _has(mortal_redis, f"booking_hold:{paid['id']}")
        assert 1780 < await mortal_redis.life(f"booking_hold:{kept['id']}") <= 1800


async def _has(server: MortalRedis, key: str) -> bool:
    return key in await server.keys()


async def test_limits_go_on_in_the_process_and_come_back(
    mortal_redis: MortalRedis, again: Again, impatient: None
) -> None:
    async with again(DERLG_REDIS_URL=mortal_redis.url, RATE_LIMIT_DEFAULT="2") as system:
        traveler = await system.derlg.sign_in_as()
        path, key = "/users/me/preferences", f"rate:{traveler.user_id}:GET:/v1/users/me/preferences"
        read(await traveler.get(path))
        assert await mortal_redis.get(key) == "1"
        mortal_redis.kill()
        read(await traveler.get(path))
        read(await traveler.get(path))
        assert refusal(await traveler.get(path), 429) == "TOO_MANY_REQUESTS"
        await mortal_redis.start()

        async def counts_again() -> bool:
            return (await traveler.get(path)).status_code == 200 and await _has(mortal_redis, key)

        await eventually(counts_again)


async def test_a_deaf_redis_is_waited_for_once(again: Again) -> None:
    """It takes the connection and says nothing: the slowest way to be dead."""
    with deaf_server() as url:
        async with again(DERLG_REDIS_URL=url) as system:
            traveler = await system.derlg.sign_in_as()
            trip_id = await put_trip_on_sale(traveler)
            began = time.monotonic()
            await hold(traveler, trip_id)
            first = time.monotonic() - began
            assert first < LONGEST_SECONDS + 5
            asked = system.derlg.runtime.shared
            began = time.monotonic()
            for _ in range(50):
                assert await asked.count("rate:nobody:GET:/nowhere", seconds=60) is None
            assert time.monotonic() - began < 3  # each on its own would have waited


async def test_publishing_is_tried_again_until_redis_is_back(
    mortal_redis: MortalRedis, again: Again, sandbox: str, impatient: None
) -> None:
    async with again(DERLG_REDIS_URL=mortal_redis.url) as system, work_for(system.derlg, sandbox) as work:
        traveler = await system.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
        await pay(sandbox, intent)
        mortal_redis.kill()
        assert set(await tell_all(traveler, sandbox, intent)) == {"processed"}
        with pytest.raises(RedisAway):
            await do_jobs(work)
        await mortal_redis.start()
        async with mortal_redis.client() as client, client.pubsub() as ear:
            await ear.subscribe(f"payment_events:{traveler.user_id}")
            await ear.get_message(timeout=5)

            async def is_done() -> bool:
                try:
                    return "events.publish" in await do_jobs(work)
                except RedisAway:
                    return False

            await eventually(is_done)
            message = await ear.get_message(timeout=5)
        assert message is not None
        assert message["data"] == f'{{"booking_id": "{booking["id"]}", "status": "SUCCEEDED"}}'


async def test_what_nobody_waits_for_any_more_is_let_go(again: Again, sandbox: str, redis_clock: FrozenClock) -> None:
    with deaf_server() as url:
        async with again(DERLG_REDIS_URL=url) as system, work_for(system.derlg, sandbox) as work:
            said = {"user_id": str(UUID(int=7)), "message": "{}"}
            now = redis_clock.now()
            with pytest.raises(RedisAway):
                await publish(work, {**said, "at": now.isoformat()})
            await publish(work, {**said, "at": (now - WORTH_SAYING).isoformat()})


async def test_what_an_outage_left_behind_is_not_found_in_the_next(mortal_redis: MortalRedis, impatient: None) -> None:
    cache = Shared(url=mortal_redis.url)
    hour = timedelta(hours=1)
    await cache.set("currency:rates", "first", hour)
    mortal_redis.kill()
    assert await cache.get("currency:rates") is None
    await cache.set("currency:rates", "of the outage", hour)
    assert await cache.get("currency:rates") == "of the outage"
    await mortal_redis.start()

    async def is_back() -> bool:
        await cache.set("currency:rates", "second", hour)
        return await mortal_redis.get("currency:rates") == "second"

    await eventually(is_back)
    mortal_redis.kill()
    assert await cache.get("currency:rates") is None
    await cache.aclose()


async def test_what_waits_is_bounded_and_outdated_changes_are_dropped(
    mortal_redis: MortalRedis, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr(shared, "MAX_WAITING", 3)
    mirror = Shared(url=mortal_redis.url)
    mortal_redis.kill()
    mirror.mirror([Put(f"booking_hold:{number}", "1", 60) for number in range(5)])
    mirror.mirror([Put("booking_hold:over", "1", 0)])
    await mortal_redis.start()
    await eventually(lambda: _has(mortal_redis, "booking_hold:4"))
    assert await mortal_redis.keys() == ["booking_hold:3", "booking_hold:4"]
    await mirror.aclose()


async def test_closing_does_not_wait_for_a_dead_redis() -> None:
    with deaf_server() as url:
        mirror = Shared(url=url)
        mirror.mirror([Put("booking_hold:1", "1", 60)])
        began = time.monotonic()
        await mirror.aclose()
        assert time.monotonic() - began < 5


async def test_many_who_ask_at_once_wait_together(impatient: None) -> None:
    """A hundred at the moment of death wait about as long as one."""
    with deaf_server() as url:
        asked = Shared(url=url)
        began = time.monotonic()
        answers = await asyncio.gather(*(asked.get(f"weather:{number}") for number in range(100)))
        assert time.monotonic() - began < LONGEST_SECONDS + 4
        assert set(answers) == {None}
        await asked.aclose()
