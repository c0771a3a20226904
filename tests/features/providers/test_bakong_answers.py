"""What is asked of Bakong, and what its answers, good and bad, are taken for."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sojourn.providers.payments.bakong import MOST_AT_ONCE, OWN_BASE_URL, BakongQr
from sojourn.providers.payments.port import ProviderRefused, ProviderUnavailable

from .scripted_server import DROPPED, ScriptedServer

ONE, TWO = "a" * 32, "b" * 32
NOT_FOUND = {"responseCode": 1, "errorCode": 1, "responseMessage": "Transaction could not be found.", "data": None}


def client(base_url: str) -> BakongQr:
    return BakongQr(
        token="the-token", account_id="derlg@devb", merchant_name="DerLg", merchant_city="Kep", base_url=base_url
    )


@pytest.fixture
async def bakong(scripted: ScriptedServer) -> AsyncIterator[BakongQr]:
    opened = client(scripted.url)
    yield opened
    await opened.aclose()


def transfer(**changes: object) -> dict[str, Any]:
    return {
        "hash": "8465d7228aa8ac07", "fromAccountId": "rupp@devb", "toAccountId": "derlg@devb", "currency": "USD",
        "amount": 200.4, "description": "DL-1", "createdDateMs": 1796094000123, "acknowledgedDateMs": 1796094001000,
    } | changes  # fmt: skip


def found(**changes: object) -> dict[str, Any]:
    return {"responseCode": 0, "errorCode": None, "responseMessage": "Good.", "data": transfer(**changes)}


def listed(**statuses: str) -> dict[str, Any]:
    digests = {"one": ONE, "two": TWO}
    named = [{"md5": digests[name], "status": status, "message": ""} for name, status in statuses.items()]
    return {"responseCode": 0, "errorCode": None, "responseMessage": "Good.", "data": named}


async def test_one_is_asked_by_its_digest(bakong: BakongQr, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, found())
    answer = await bakong.check(digests=[ONE])
    (asked,) = scripted.asked
    assert asked.line == "POST /v1/check_transaction_by_md5 HTTP/1.1"
    assert asked.headers["authorization"] == "Bearer the-token"
    assert json.loads(asked.body) == {"md5": ONE}
    paid = answer[ONE]
    assert (paid.id, paid.from_account, paid.to_account) == ("8465d7228aa8ac07", "rupp@devb", "derlg@devb")
    assert (str(paid.amount), paid.currency) == ("200.40", "USD")
    assert paid.sent_at == datetime(2026, 12, 1, 3, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(("written", "amount"), [("1", "1.00"), ("0.1", "0.10"), ("821700", "821700.00")])
async def test_amounts_are_read_as_written(
    bakong: BakongQr, scripted: ScriptedServer, written: str, amount: str
) -> None:
    body = json.dumps(found(amount=0)).replace('"amount": 0', f'"amount": {written}')
    scripted.will_answer(200, body.encode())
    assert (await bakong.check(digests=[ONE]))[ONE].amount == Decimal(amount)


@pytest.mark.parametrize("code", [1, 3])
async def test_unpaid_is_an_answer(bakong: BakongQr, scripted: ScriptedServer, code: int) -> None:
    scripted.will_answer(200, NOT_FOUND | {"errorCode": code})
    assert await bakong.check(digests=[ONE]) == {}


async def test_nobody_asks_about_nothing(bakong: BakongQr) -> None:
    assert await bakong.check(digests=[]) == {}


async def test_of_many_only_the_paid_are_asked_about_one_by_one(bakong: BakongQr, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, listed(one="NOT_FOUND", two="SUCCESS"))
    scripted.will_answer(200, found())
    assert list(await bakong.check(digests=[ONE, TWO])) == [TWO]
    assert [asked.line.split()[1] for asked in scripted.asked] == [
        "/v1/check_transaction_by_md5_list", "/v1/check_transaction_by_md5",
    ]  # fmt: skip
    assert json.loads(scripted.asked[0].body) == [ONE, TWO]


async def test_more_than_fifty_go_in_two_lists(bakong: BakongQr, scripted: ScriptedServer) -> None:
    digests = [f"{number:032x}" for number in range(MOST_AT_ONCE + 2)]
    for _ in range(2):
        scripted.will_answer(200, listed())
    assert await bakong.check(digests=digests) == {}
    assert [len(json.loads(asked.body)) for asked in scripted.asked] == [50, 2]


async def test_one_that_cannot_be_read_hides_none_of_the_others(bakong: BakongQr, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, listed(one="SUCCESS", two="SUCCESS"))
    scripted.will_answer(500, {})
    scripted.will_answer(200, found())
    assert list(await bakong.check(digests=[ONE, TWO])) == [TWO]


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", b"[]", b"null", found(amount="lots"), found(amount=0), found(amount=-1), found(amount=0.001),
        found(amount=1e12), found(currency="THB"), found(createdDateMs=0), found(createdDateMs="soon"),
        found(createdDateMs=10**15), found(hash=""), found(hash="a\x00b"), found(fromAccountId="a\x00b"),
        found() | {"data": None}, {"responseCode": 1, "errorCode": 9, "responseMessage": "Cannot connect"},
    ],
    ids=lambda answer: str(answer)[:60],
)  # fmt: skip
async def test_what_is_not_believed_is_asked_again(bakong: BakongQr, scripted: ScriptedServer, answer: object) -> None:
    scripted.will_answer(200, answer)
    with pytest.raises(ProviderUnavailable):
        await bakong.check(digests=[ONE])


@pytest.mark.parametrize("status", [500, 502, 429, 408])
async def test_an_absent_bank_is_asked_again(bakong: BakongQr, scripted: ScriptedServer, status: int) -> None:
    scripted.will_answer(status, NOT_FOUND)
    with pytest.raises(ProviderUnavailable) as fault:
        await bakong.check(digests=[ONE])
    assert fault.value.code == f"bakong_http_{status}"


async def test_a_broken_connection_is_asked_again(bakong: BakongQr, scripted: ScriptedServer) -> None:
    scripted.answers.append(DROPPED)
    with pytest.raises(ProviderUnavailable) as fault:
        await bakong.check(digests=[ONE, TWO])
    assert fault.value.code == "bakong_unreachable"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"", "bakong_unauthorized"),
        (200, NOT_FOUND | {"errorCode": 6}, "bakong_unauthorized"),
        (200, NOT_FOUND | {"errorCode": 2}, "bakong_error_2"),
        (200, NOT_FOUND | {"errorCode": 5}, "bakong_error_5"),
    ],
)
async def test_a_refusal_is_no_outage(
    bakong: BakongQr, scripted: ScriptedServer, status: int, body: object, code: str
) -> None:
    scripted.will_answer(status, body)
    with pytest.raises(ProviderRefused) as fault:
        await bakong.check(digests=[ONE])
    assert fault.value.code == code


async def test_a_list_that_refuses_the_token_says_so(bakong: BakongQr, scripted: ScriptedServer) -> None:
    scripted.will_answer(200, NOT_FOUND | {"errorCode": 6})
    with pytest.raises(ProviderRefused):
        await bakong.check(digests=[ONE, TWO])


async def test_only_the_banks_own_address_moves_real_money() -> None:
    for base_url, is_live in ((OWN_BASE_URL, True), (f"{OWN_BASE_URL}/", True), ("http://127.0.0.1:8001", False)):
        opened = client(base_url)
        assert opened.is_live is is_live
        await opened.aclose()
