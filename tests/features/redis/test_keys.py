"""The keys and the channel of DerLg's document, section 4, as somebody who looks into Redis sees them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.features.agent.conftest import agent_of
from tests.features.redis.conftest import Again
from tests.support.client import StorefrontClient, read, refusal
from tests.support.redis import MortalRedis
from tests.support.selling import hold, hold_and_pay, open_intent, pay, put_trip_on_sale, tell_all
from tests.support.system import System
from tests.support.waiting import eventually
from tests.support.work import do_jobs, work_for

from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.kit.ids import new_id
from sojourn.platform.redis import keys
from sojourn.platform.redis.port import Raise
from sojourn.sales.bookings.jobs import tidy_lapsed_holds


async def holds(redis_server: MortalRedis) -> list[str]:
    return [key for key in await redis_server.keys() if "booking_hold:" in key]


async def until_holds_are(redis_server: MortalRedis, *wanted: str) -> None:
    async def are_they() -> bool:
        return await holds(redis_server) == sorted(wanted)

    await eventually(are_they)


@asynccontextmanager
async def subscribed(redis_server: MortalRedis, channel: str) -> AsyncIterator["asyncio.Queue[dict[str, Any]]"]:
    """What is said on a channel, as the agent hears it."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with redis_server.client() as client, client.pubsub() as ear:
        await ear.subscribe(channel)
        await ear.get_message(timeout=5)

        async def listen() -> None:
            async for message in ear.listen():
                heard.put_nowait(json.loads(message["data"]))

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class TestConversation:
    async def test_is_mirrored_for_seven_days_and_dropped(self, beside: System, redis_server: MortalRedis) -> None:
        customer = await beside.derlg.sign_in_as()
        agent = agent_of(beside.derlg, customer.user_id)
        session_id = new_id()
        path, key = f"/ai-tools/sessions/{session_id}", f"session:{session_id}"
        read(await agent.put(path, json={"state": {"wish": "吴哥", "turn": 1}}))
        await eventually(lambda: _says(redis_server, key, {"wish": "吴哥", "turn": 1}))
        assert 604_780 < await redis_server.life(key) <= 604_800
        read(await agent.put(path, json={"state": {"turn": 2}}))
        await eventually(lambda: _says(redis_server, key, {"turn": 2}))
        stranger = agent_of(beside.derlg, (await beside.derlg.sign_in_as()).user_id)
        assert refusal(await stranger.put(path, json={"state": {"turn": 3}}), 409) == "AI_SESSION_TAKEN"
        assert (await agent.delete(path)).status_code == 200
        await eventually(lambda: _says(redis_server, key, None))

    async def test_what_redis_forgot_or_was_told_by_another_is_not_believed(
        self, beside: System, redis_server: MortalRedis
    ) -> None:
        agent = agent_of(beside.derlg, (await beside.derlg.sign_in_as()).user_id)
        path = f"/ai-tools/sessions/{new_id()}"
        read(await agent.put(path, json={"state": {"turn": 1}}))
        async with redis_server.client() as client:
            await client.flushall()
        assert read(await agent.get(path))["state"] == {"turn": 1}


async def _says(server: MortalRedis, key: str, wanted: object) -> bool:
    text = await server.get(key)
    return (None if text is None else json.loads(text)) == wanted


class TestHold:
    async def test_lives_as_long_as_the_hold(self, beside: System, redis_server: MortalRedis) -> None:
        traveler = await beside.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        key = f"booking_hold:{booking['id']}"
        await until_holds_are(redis_server, key)
        assert await redis_server.get(key) == "1"
        assert 880 < await redis_server.life(key) <= 900

    async def test_is_gone_when_paid(self, beside: System, redis_server: MortalRedis, sandbox: str) -> None:
        traveler = await beside.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        await until_holds_are(redis_server, f"booking_hold:{booking['id']}")
        intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
        await pay(sandbox, intent)
        await tell_all(traveler, sandbox, intent)
        await until_holds_are(redis_server)

    async def test_is_gone_when_cancelled(self, beside: System, redis_server: MortalRedis) -> None:
        traveler = await beside.derlg.sign_in_as()
        trip_id = await put_trip_on_sale(traveler)
        first, second = await hold(traveler, trip_id), await hold(traveler, trip_id)
        await until_holds_are(redis_server, *(f"booking_hold:{b['id']}" for b in (first, second)))
        read(await traveler.delete(f"/bookings/{first['id']}"))
        await until_holds_are(redis_server, f"booking_hold:{second['id']}")

    async def test_lives_longer_when_extended_and_is_gone_when_tidied(
        self, beside: System, redis_server: MortalRedis, redis_clock: FrozenClock, sandbox: str
    ) -> None:
        traveler = await beside.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        redis_clock.advance(timedelta(minutes=10))
        read(await traveler.post(f"/bookings/{booking['id']}/extend"))
        key = f"booking_hold:{booking['id']}"

        async def is_longer() -> bool:
            return 1180 < await redis_server.life(key) <= 1200  # twenty of the thirty minutes are left

        await eventually(is_longer)
        redis_clock.advance(timedelta(minutes=21))
        async with work_for(beside.derlg, sandbox) as work:
            await tidy_lapsed_holds(work)
        await until_holds_are(redis_server)

    async def test_never_was_when_the_hold_was_refused(self, beside: System, redis_server: MortalRedis) -> None:
        traveler = await beside.derlg.sign_in_as()
        trip_id = await put_trip_on_sale(traveler, seats=2)
        held = await hold(traveler, trip_id)
        body = {"trip_id": str(trip_id), "travel_date": "2027-01-20", "people_count": 2, "pickup_location": "Here"}
        assert refusal(await traveler.post("/bookings", json=body), 409) == "SOLD_OUT"
        await until_holds_are(redis_server, f"booking_hold:{held['id']}")


class TestPaymentEvents:
    async def test_says_what_the_document_says(self, beside: System, redis_server: MortalRedis, sandbox: str) -> None:
        traveler = await beside.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
        await pay(sandbox, intent, card="pm_card_chargeDeclined")
        await pay(sandbox, intent)
        await tell_all(traveler, sandbox, intent)
        async with (
            subscribed(redis_server, f"payment_events:{traveler.user_id}") as heard,
            work_for(beside.derlg, sandbox) as work,
        ):
            await do_jobs(work)
            said = [await asyncio.wait_for(heard.get(), 5) for _ in range(2)]
            assert said == [
                {"booking_id": booking["id"], "status": "FAILED"},
                {"booking_id": booking["id"], "status": "SUCCEEDED"},
            ]
            read(await traveler.delete(f"/bookings/{booking['id']}"))
            await do_jobs(work)
            assert await asyncio.wait_for(heard.get(), 5) == {"booking_id": booking["id"], "status": "REFUNDED"}


class TestSessions:
    async def test_the_version_is_there_and_rises_at_once(self, beside: System, redis_server: MortalRedis) -> None:
        traveler = await beside.derlg.register()
        key = f"refresh_token_version:{traveler.user_id}"

        async def says(version: str) -> bool:
            return await redis_server.get(key) == version

        await eventually(lambda: says("0"))
        assert 30 * 86_400 - 20 < await redis_server.life(key) <= 30 * 86_400
        read(await traveler.post("/auth/logout-all"))
        await eventually(lambda: says("1"))
        assert refusal(await traveler.get("/users/me"), 401) == "NOT_AUTHENTICATED"

    async def test_a_late_word_does_not_lower_it(self, beside: System, redis_server: MortalRedis) -> None:
        shared = beside.derlg.runtime.shared
        key = keys.refresh_token_version(UUID(int=1))
        for number in (3, 2):
            shared.mirror([Raise(key, number, 60)])
        shared.mirror([Raise("after", 1, 60)])

        async def has_followed() -> bool:
            return await redis_server.get("after") == "1"

        await eventually(has_followed)
        assert await redis_server.get(key) == "3"


async def test_limits_are_shared_and_named_as_documented(redis_server: MortalRedis, again: Again) -> None:
    limits = {"DERLG_REDIS_URL": redis_server.url, "RATE_LIMIT_DEFAULT": "3"}
    async with again(**limits) as one, again(**limits) as other:
        traveler = await one.derlg.sign_in_as()
        elsewhere = other.derlg.visitor(auth=traveler.auth)
        for _ in range(2):
            read(await traveler.get("/users/me/preferences"))
        key = f"rate:{traveler.user_id}:GET:/v1/users/me/preferences"
        assert await redis_server.get(key) == "2"
        assert 0 < await redis_server.life(key) <= 60
        read(await elsewhere.get("/users/me/preferences"))
        answer = await traveler.get("/users/me/preferences")
        assert refusal(answer, 429) == "TOO_MANY_REQUESTS"
        assert 0 < int(answer.headers["Retry-After"]) <= 60


async def test_storefronts_on_one_redis_never_meet(redis_server: MortalRedis, again: Again, sandbox: str) -> None:
    async with again(REDIS_URL=redis_server.url) as system:
        assert system.derlg.runtime.shared is not system.holyone.runtime.shared
        traveler = await system.derlg.sign_in_as()
        booking = await hold(traveler, await put_trip_on_sale(traveler))
        await until_holds_are(redis_server, f"derlg:booking_hold:{booking['id']}")
        async with (
            work_for(system.derlg, sandbox) as work,
            subscribed(redis_server, f"derlg:payment_events:{traveler.user_id}") as heard,
        ):
            intent = (await open_intent(traveler, booking_id=booking["id"]))["payment_intent_id"]
            await pay(sandbox, intent)
            await tell_all(traveler, sandbox, intent)
            await do_jobs(work)
            assert (await asyncio.wait_for(heard.get(), 5))["status"] == "SUCCEEDED"
        await system.derlg.runtime.shared.set(keys.CURRENCY_RATES, "ours", keys.RATES_LIFE)
        assert await system.holyone.runtime.shared.get(keys.CURRENCY_RATES) is None
        assert {key.partition(":")[0] for key in await redis_server.keys()} == {"derlg"}


async def test_the_cache_keeps_for_as_long_as_it_says(beside: System, redis_server: MortalRedis) -> None:
    shared = beside.derlg.runtime.shared
    await shared.set(keys.weather("siem-reap"), '{"t": 31}', keys.WEATHER_LIFE)
    assert await shared.get("weather:siem-reap") == '{"t": 31}'
    assert 3580 < await redis_server.life("weather:siem-reap") <= 3600
    await shared.delete("weather:siem-reap")
    assert await redis_server.keys() == []
    assert await shared.get("weather:siem-reap") is None


async def test_nothing_is_said_where_there_is_no_redis(derlg: StorefrontClient, sandbox: str) -> None:
    traveler = await derlg.sign_in_as()
    booking = await hold_and_pay(traveler, sandbox, await put_trip_on_sale(derlg))
    assert booking["status"] == "CONFIRMED"
    shared = derlg.runtime.shared
    assert not shared.has_redis
    await shared.set("weather:kep", "sun", timedelta(seconds=60))
    assert await shared.get("weather:kep") == "sun"
    await shared.delete("weather:kep")
    assert await shared.get("weather:kep") is None
