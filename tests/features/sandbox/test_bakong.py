"""Bakong, played: codes are scanned and paid on a page or by a call, and asked about with a token."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sojourn.providers.payments.khqr import Payee, khqr_text

DERLG = Payee(account_id="derlg@devb", name="DerLg", city="Phnom Penh")
TOKEN = {"Authorization": "Bearer some-token"}


def code(*, minutes: int = 15, currency: str = "USD", amount: str = "200.00") -> str:
    now = datetime.now(UTC)
    return khqr_text(
        DERLG, amount=Decimal(amount), currency=currency, bill_number="DL-ABCDEFGH", terminal=uuid4().hex[:8],
        created_at=now, expires_at=now + timedelta(minutes=minutes),
    )  # fmt: skip


def digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
async def bank(sandbox: str) -> Any:
    async with httpx.AsyncClient(base_url=sandbox, headers=TOKEN, timeout=10) as client:
        yield client
        await client.delete("/_sandbox/faults", params={"account": "some-token"})


async def ask(bank: httpx.AsyncClient, text: str) -> Any:
    return (await bank.post("/v1/check_transaction_by_md5", json={"md5": digest(text)})).raise_for_status().json()


async def pay(bank: httpx.AsyncClient, **way: object) -> httpx.Response:
    return await bank.post("/_sandbox/khqr/pay", json=way)


async def test_unpaid_then_paid(bank: httpx.AsyncClient) -> None:
    text = code()
    unpaid = await ask(bank, text)
    assert (unpaid["responseCode"], unpaid["errorCode"], unpaid["data"]) == (1, 1, None)
    (transfer,) = (await pay(bank, qr=text)).json()
    paid = await ask(bank, text)
    assert paid["data"] == transfer
    assert (transfer["amount"], transfer["currency"], transfer["toAccountId"]) == (200, "USD", "derlg@devb")
    assert transfer["description"] == "DL-ABCDEFGH"


async def test_the_list_names_each(bank: httpx.AsyncClient) -> None:
    paid, unpaid = code(), code()
    await pay(bank, qr=paid, times=2)
    asked = [digest(paid), digest(unpaid)]
    answer = (await bank.post("/v1/check_transaction_by_md5_list", json=asked)).json()
    assert [(one["md5"], one["status"]) for one in answer["data"]] == list(
        zip(asked, ["SUCCESS", "NOT_FOUND"], strict=True)
    )
    for wrong in ([], ["x"] * 51, {"md5": "x"}):
        refused = (await bank.post("/v1/check_transaction_by_md5_list", json=wrong)).json()
        assert (refused["responseCode"], refused["errorCode"]) == (1, 5)


async def test_asks_for_a_token_and_a_digest(bank: httpx.AsyncClient) -> None:
    for token in ("", "Bearer expired-last-week"):
        answer = await bank.post("/v1/check_transaction_by_md5", json={"md5": "x"}, headers={"Authorization": token})
        assert (answer.status_code, answer.json()["errorCode"]) == (401, 6)
    for body in (b"{}", b"[]", b"{", b'{"md5": 5}'):
        answer = await bank.post("/v1/check_transaction_by_md5", content=body)
        assert answer.json()["errorCode"] == 5


async def test_switches(bank: httpx.AsyncClient) -> None:
    async def switch(**faults: object) -> None:
        answer = await bank.put("/_sandbox/faults", params={"account": "some-token"}, json={"bakong": faults})
        answer.raise_for_status()

    await switch(fail_next=1, status=502)
    assert (await bank.post("/v1/check_transaction_by_md5", json={"md5": "x"})).status_code == 502
    assert (await bank.post("/v1/check_transaction_by_md5", json={"md5": "x"})).status_code == 200
    await switch(is_list_closed=True)
    assert (await bank.post("/v1/check_transaction_by_md5_list", json=["x"])).status_code == 403
    await switch(delay_ms=200)
    began = datetime.now(UTC)
    await bank.post("/v1/check_transaction_by_md5", json={"md5": "x"})
    assert datetime.now(UTC) - began >= timedelta(milliseconds=200)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"qr": "000201"}, "qr"), ({"qr": "not a code"}, "qr"), ({"qr": ""}, "qr"), ({}, "qr"),
        ({"qr": "x", "amount": "-1"}, "amount"), ({"qr": "x", "currency": "THB"}, "currency"),
        ({"qr": "x", "times": 0}, "times"), ({"qr": "x", "fee": 1}, "fee"),
    ],
)  # fmt: skip
async def test_refuses_what_no_bank_would_pay(bank: httpx.AsyncClient, wrong: dict[str, Any], field: str) -> None:
    answer = await pay(bank, **wrong)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_refuses_damaged_and_expired_codes(bank: httpx.AsyncClient) -> None:
    text = code()
    assert "damaged" in (await pay(bank, qr=text.replace("DerLg", "Thief"))).json()["error"]
    old = code(minutes=-1)
    assert "expired" in (await pay(bank, qr=old)).json()["error"]
    assert (await pay(bank, qr=old, is_late=True)).status_code == 201


class TestPage:
    async def test_scans_and_pays_in_every_way(self, bank: httpx.AsyncClient) -> None:
        assert (await bank.get("/khqr")).status_code == 200
        for way, amounts in {
            "full": [(200, "USD")], "less": [(199, "USD")], "twice": [(200, "USD")] * 2, "late": [(200, "USD")],
            "other_currency": [(200, "KHR")],
        }.items():  # fmt: skip
            text = code()
            page = await bank.get("/khqr", params={"qr": text})
            assert page.status_code == 200
            assert "DL-ABCDEFGH" in page.text
            assert "200.00 USD" in page.text or "200 USD" in page.text
            paid = await bank.post("/khqr", data={"qr": text, "way": way})
            assert f"Paid {len(amounts)} time" in paid.text
            newest = (await ask(bank, text))["data"]
            assert (newest["amount"], newest["currency"]) == amounts[0]

    async def test_says_what_is_wrong(self, bank: httpx.AsyncClient) -> None:
        nonsense = await bank.get("/khqr", params={"qr": "<script>"})
        assert (nonsense.status_code, "<script>" in nonsense.text) == (400, False)
        assert (await bank.post("/khqr", data={"qr": "x"})).status_code == 400
        old = code(minutes=-1)
        assert "has expired" in (await bank.get("/khqr", params={"qr": old})).text
        assert (await bank.post("/khqr", data={"qr": old, "way": "full"})).status_code == 400
