"""ExchangeRate-API: what it is asked, what is believed of its answers, and the sandbox that plays it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from tests.features.providers.scripted_server import DROPPED, SILENT, ScriptedServer

from sojourn.providers.rates.exchangerate_api import ExchangeRateApi
from sojourn.providers.rates.none import NoRates
from sojourn.providers.rates.port import Rates
from sojourn.providers.readings.source import MAX_BYTES, SourceUnavailable

from .conftest import SetFaults

# As https://www.exchangerate-api.com/docs/standard-requests shows it, with the riel.
ANSWER: dict[str, Any] = {
    "result": "success",
    "documentation": "https://www.exchangerate-api.com/docs",
    "terms_of_use": "https://www.exchangerate-api.com/terms",
    "time_last_update_unix": 1585267200,
    "time_last_update_utc": "Fri, 27 Mar 2020 00:00:00 +0000",
    "time_next_update_unix": 1585353700,
    "time_next_update_utc": "Sat, 28 Mar 2020 00:00:00 +0000",
    "base_code": "USD",
    "conversion_rates": {"USD": 1, "CNY": 6.9454, "EUR": 0.9013, "KHR": 4071.1234},
}


def answer_with(**rates: object) -> dict[str, Any]:
    return ANSWER | {"conversion_rates": ANSWER["conversion_rates"] | rates}


@pytest.fixture
async def vendor(scripted: ScriptedServer) -> AsyncIterator[ExchangeRateApi]:
    opened = ExchangeRateApi(api_key="k-1", base_url=scripted.url, seconds=0.5)
    yield opened
    await opened.aclose()


async def test_a_good_answer(vendor: ExchangeRateApi, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, ANSWER)
    rates = await vendor.latest()
    assert rates.khr_per_usd == Decimal("4071.1234")
    assert rates.per_usd["EUR"] == Decimal("0.9013")
    assert rates.published_at == datetime(2020, 3, 27, tzinfo=UTC)
    assert rates.source == "exchangerate-api.com"
    assert scripted.asked[0].line == "GET /v6/latest/USD HTTP/1.1"
    assert scripted.asked[0].headers["authorization"] == "Bearer k-1"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"result":"success","base_code":"USD","conversion_rates":',
        b" " * (MAX_BYTES + 1),
        {"result": "error", "error-type": "quota-reached"},
        ANSWER | {"result": "error"},
        ANSWER | {"base_code": "EUR"},
        ANSWER | {"conversion_rates": {}},
        ANSWER | {"conversion_rates": []},
        ANSWER | {"conversion_rates": {"USD": 1, "CNY": 7, "EUR": 0.9}},
        ANSWER | {"conversion_rates": {"USD": 1, "KHR": 4000}},
        ANSWER | {"time_last_update_unix": "yesterday"},
        answer_with(USD=1.1),
        answer_with(EUR=0),
        answer_with(EUR=-0.9),
        answer_with(EUR=float("nan")),
        answer_with(EUR=float("inf")),
        answer_with(EUR=True),
        answer_with(EUR=None),
        answer_with(EUR="much"),
        answer_with(JPY=1e9),
        answer_with(KHR=4.0711),
        answer_with(KHR=2999.99),
        answer_with(KHR=6000.01),
        answer_with(KHR=4071123.4),
        answer_with(eur=1),
        answer_with(EURO=1),
    ],
    ids=lambda answer: str(answer)[:60],
)
async def test_an_answer_that_is_not_believed(
    vendor: ExchangeRateApi, scripted: ScriptedServer, answer: object
) -> None:
    scripted.will_answer(200, answer)
    with pytest.raises(SourceUnavailable):
        await vendor.latest()


@pytest.mark.parametrize("status", [301, 400, 403, 404, 429, 500, 503])
async def test_a_refusal(vendor: ExchangeRateApi, scripted: ScriptedServer, status: int) -> None:
    scripted.will_answer(status, {"result": "error", "error-type": "invalid-key"})
    with pytest.raises(SourceUnavailable, match=rf"{status}.*invalid-key") as refused:
        await vendor.latest()
    assert "k-1" not in str(refused.value)


@pytest.mark.parametrize("silence", [DROPPED, SILENT])
async def test_a_vendor_that_says_nothing(vendor: ExchangeRateApi, scripted: ScriptedServer, silence: object) -> None:
    scripted.answers.append(silence)
    with pytest.raises(SourceUnavailable, match="no answer"):
        await vendor.latest()


async def test_without_a_key_there_are_none() -> None:
    with pytest.raises(SourceUnavailable, match="EXCHANGE_RATE_API_KEY"):
        await NoRates().latest()


def test_rates_come_back_from_text_as_they_were() -> None:
    rates = Rates(per_usd=ANSWER["conversion_rates"], published_at=None, source="x")
    assert Rates.model_validate_json(rates.model_dump_json()) == rates
    with pytest.raises(ValidationError):
        Rates.model_validate_json(rates.model_dump_json().replace("4071.1234", "-1"))


async def test_the_sandbox_plays_it(sandbox: str) -> None:
    vendor = ExchangeRateApi(api_key="plays-rates", base_url=sandbox)
    rates = await vendor.latest()
    await vendor.aclose()
    assert rates.khr_per_usd == Decimal("4025.5")
    assert len(rates.per_usd) > 40
    assert rates.published_at is not None


@pytest.mark.parametrize("answer", ["half", "negative", "zero", "not_a_number", "no_riel", "absurd_riel"])
async def test_the_sandbox_answers_wrongly_when_told_to(sandbox: str, set_faults: SetFaults, answer: str) -> None:
    key = f"wrong-{answer}"
    await set_faults(key, rates={"answer": answer})
    vendor = ExchangeRateApi(api_key=key, base_url=sandbox)
    with pytest.raises(SourceUnavailable):
        await vendor.latest()
    await vendor.aclose()


async def test_the_sandbox_fails_once_and_is_slow_when_told_to(sandbox: str, set_faults: SetFaults) -> None:
    await set_faults("fails-once", rates={"fail_next": 1, "status": 429})
    vendor = ExchangeRateApi(api_key="fails-once", base_url=sandbox)
    with pytest.raises(SourceUnavailable, match=r"429.*quota-reached"):
        await vendor.latest()
    assert (await vendor.latest()).khr_per_usd > 0
    await vendor.aclose()
    await set_faults("is-slow", rates={"delay_ms": 5_000})
    slow = ExchangeRateApi(api_key="is-slow", base_url=sandbox, seconds=0.2)
    with pytest.raises(SourceUnavailable, match="no answer"):
        await slow.latest()
    await slow.aclose()


async def test_the_sandbox_refuses_as_the_vendor_does(sandbox: str) -> None:
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False) as http:
        nobody = await http.get("/v6/latest/USD")
        assert (nobody.status_code, nobody.json()["error-type"]) == (403, "invalid-key")
        unknown = await http.get("/v6/some-key/latest/XYZ")
        assert (unknown.status_code, unknown.json()["error-type"]) == (404, "unsupported-code")
        in_riel = (await http.get("/v6/some-key/latest/KHR")).json()
        assert (in_riel["base_code"], in_riel["conversion_rates"]["USD"]) == ("KHR", 0.000248416)
