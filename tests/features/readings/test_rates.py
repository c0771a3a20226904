"""Exchange rates over HTTP: fresh, stale, gone, against any currency, with one call of the vendor an hour."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.system import System

from sojourn.platform.kit.clock import FrozenClock
from sojourn.platform.storefront import Module
from sojourn.storefronts import STOREFRONTS

from .conftest import RATES_KEY, SetFaults

StartSystem = Callable[..., AbstractAsyncContextManager[System]]
SetRates = Callable[..., Awaitable[None]]


@pytest.fixture
def set_rates(set_faults: SetFaults) -> SetRates:
    async def put(**switches: object) -> None:
        await set_faults(RATES_KEY, rates=switches)

    return put


async def test_rates_in_dollars(derlg: StorefrontClient, clock: FrozenClock) -> None:
    async with derlg.statements() as said:
        answer = await derlg.get("/currency/rates")
    told = read(answer)
    assert told["rates"]["USD"] == "1"
    assert told["rates"]["KHR"] == "4025.5"
    assert told["rates"]["VND"] == "26304"
    assert len(told["rates"]) > 40
    assert (told["base"], told["age_seconds"], told["is_stale"]) == ("USD", 0, False)
    assert told["as_of"] == f"{clock.now():%Y-%m-%d}T03:00:00Z"
    assert told["source"] == "exchangerate-api.com"
    assert told["published_at"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"
    assert said == []


@pytest.mark.usefixtures("clock")
async def test_rates_in_riel(derlg: StorefrontClient) -> None:
    told = read(await derlg.get("/currency/rates", params={"base": "khr"}))
    assert (told["base"], told["rates"]["KHR"]) == ("KHR", "1")
    assert told["rates"]["USD"] == "0.00024841635"
    assert Decimal(told["rates"]["VND"]).quantize(Decimal("0.0001")) == Decimal("6.5343")


@pytest.mark.parametrize("query", ["base=XYZ", "base=", "base=US", "base=USDT", "base=1%2B1", "base=%00", "quote=KHR"])
@pytest.mark.usefixtures("clock")
async def test_what_is_no_currency(derlg: StorefrontClient, query: str) -> None:
    assert faulty_fields(await derlg.get(f"/currency/rates?{query}")) == [query.partition("=")[0]]


async def test_the_vendor_is_left_alone_for_an_hour(
    derlg: StorefrontClient, clock: FrozenClock, sandbox: str, set_rates: SetRates
) -> None:
    await derlg.get("/currency/rates")
    await set_rates(fail_next=1)
    clock.advance(timedelta(minutes=59))
    told = read(await derlg.get("/currency/rates", params={"base": "EUR"}))
    assert (told["age_seconds"], told["is_stale"]) == (59 * 60, False)
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:
        left = (await http.get("/_sandbox/faults", params={"account": RATES_KEY})).json()
    assert left["rates"]["fail_next"] == 1, "the vendor was asked"


@pytest.mark.parametrize(
    "fault", [{"fail_next": 9}, {"answer": "zero"}, {"answer": "no_riel"}, {"answer": "absurd_riel"}], ids=str
)
async def test_stale_for_a_day_then_gone_then_back(
    derlg: StorefrontClient, clock: FrozenClock, set_rates: SetRates, fault: dict[str, object]
) -> None:
    good = read(await derlg.get("/currency/rates"))
    await set_rates(**fault)
    clock.advance(timedelta(hours=24))
    stale = read(await derlg.get("/currency/rates"))
    assert stale == good | {"age_seconds": 86_400, "is_stale": True}
    clock.advance(timedelta(seconds=1))
    answer = await derlg.get("/currency/rates")
    assert refusal(answer, 503) == "RATES_UNAVAILABLE"
    await set_rates()
    clock.advance(timedelta(seconds=30))
    assert read(await derlg.get("/currency/rates"))["is_stale"] is False


async def test_a_hundred_at_once_ask_the_vendor_once(
    derlg: StorefrontClient, clock: FrozenClock, set_rates: SetRates
) -> None:
    await set_rates(fail_next=1, delay_ms=50)
    answers = await asyncio.gather(*(derlg.get("/currency/rates") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {503}, "a second call would have been answered"
    clock.advance(timedelta(seconds=30))
    answers = await asyncio.gather(*(derlg.get("/currency/rates") for _ in range(100)))
    assert {read(answer)["rates"]["KHR"] for answer in answers} == {"4025.5"}


async def test_without_keys_there_is_neither(start_system: StartSystem) -> None:
    async with start_system(DERLG_EXCHANGE_RATE_API_KEY="", DERLG_OPENWEATHER_API_KEY="") as system:
        assert refusal(await system.derlg.get("/currency/rates"), 503) == "RATES_UNAVAILABLE"
        assert refusal(await system.derlg.get("/weather", params={"city": "kampot"}), 503) == "WEATHER_UNAVAILABLE"


async def test_holyone_could_show_them_too(monkeypatch: pytest.MonkeyPatch, start_system: StartSystem) -> None:
    declared = STOREFRONTS["holyone"]
    more = replace(declared, modules=declared.modules | {Module.CURRENCY, Module.WEATHER})
    monkeypatch.setitem(STOREFRONTS, "holyone", more)
    async with start_system() as system:
        rates = read(await system.holyone.get("/currency/rates"))
        assert {"base", "rates", "asOf", "ageSeconds", "isStale", "publishedAt", "source"} == set(rates)
        assert rates["rates"]["KHR"] == "4025.5"
        weather = read(await system.holyone.get("/weather", params={"city": "Kampot"}))
        assert {"temperatureC", "windMps"} < set(weather["current"])
