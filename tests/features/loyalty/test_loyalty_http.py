"""Points over HTTP, in both dialects."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.features.loyalty.conftest import Customer
from tests.support.client import StorefrontClient, faulty_fields, read, refusal
from tests.support.work import work_for

from sojourn.platform.kit.clock import FrozenClock
from sojourn.providers.work import Work
from sojourn.sales.loyalty.jobs import end_points

Signed = tuple[StorefrontClient, Customer]


@pytest.fixture
async def traveller(derlg: StorefrontClient, clock: FrozenClock) -> Signed:
    signed_in = await derlg.sign_in_as()
    return signed_in, Customer(derlg.database, clock, signed_in.user_id)


@pytest.fixture
async def work(derlg: StorefrontClient, sandbox: str) -> AsyncIterator[Work]:
    async with work_for(derlg, sandbox) as opened:
        yield opened


async def test_a_balance_says_where_the_points_are(traveller: Signed, derlg: StorefrontClient) -> None:
    client, points = traveller
    indebted = Customer(points.database, points.clock, (await derlg.sign_in_as()).user_id)
    earned_by = await indebted.earn(100)
    await indebted.spend(100)
    await indebted.take_back(earned_by, refunded=Decimal(1))
    await indebted.earn(30, is_mature=False)
    await points.earn(500)
    await points.earn(70, is_mature=False)
    await points.reserve(200)
    assert read(await client.get("/loyalty/balance")) == {
        "available": 300, "pending": 70, "reserved": 200, "debt": 0, "expiring_soon": [], "value_usd": "3.00",
    }  # fmt: skip


async def test_points_that_end_soon_are_shown_by_day_of_the_agencys_zone(traveller: Signed, clock: FrozenClock) -> None:
    client, points = traveller
    clock.advance(timedelta(hours=16))  # 02:00 of the next day in Phnom Penh
    await points.earn(100)
    await points.earn(30)
    clock.advance(timedelta(days=705))
    assert read(await client.get("/loyalty/balance"))["expiring_soon"] == [{"points": 130, "expires_on": "2028-12-02"}]


async def test_a_balance_is_one_statement_and_needs_somebody(traveller: Signed, derlg: StorefrontClient) -> None:
    client, _ = traveller
    await client.get("/loyalty/balance")
    async with client.statements() as statements:
        await client.get("/loyalty/balance")
    assert len(statements) == 1, statements
    for path in ("/loyalty/balance", "/loyalty/history"):
        assert refusal(await derlg.get(path), 401) == "NOT_AUTHENTICATED"


async def test_history_is_ones_own_newest_first_and_one_statement(traveller: Signed, derlg: StorefrontClient) -> None:
    client, points = traveller
    other = await derlg.sign_in_as()
    await points.earn(500)
    points.clock.advance(timedelta(minutes=1))
    await points.spend(200)
    await client.get("/loyalty/history")
    async with client.statements() as statements:
        answer = await client.get("/loyalty/history", params={"per_page": 2})
    assert len(statements) == 1, statements
    assert answer.json()["meta"] == {"page": 1, "per_page": 2, "total": 3}
    assert [(entry["kind"], entry["points"], entry["status"]) for entry in read(answer)] == [
        ("SPENT", -200, "AVAILABLE"), ("MATURED", 500, "AVAILABLE"),
    ]  # fmt: skip
    assert read(await other.get("/loyalty/history")) == []
    assert faulty_fields(await client.get("/loyalty/history", params={"per_page": 101})) == ["per_page"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"subtotal": "20.00"}, {"max_points": 700, "points": 700, "discount": "7.00", "total": "13.00"}),
        ({"subtotal": "9.99"}, {"max_points": 400, "points": 400, "discount": "4.00", "total": "5.99"}),
        (
            {"subtotal": "20.00", "points": 250},
            {"max_points": 700, "points": 200, "discount": "2.00", "total": "18.00"},
        ),
        (
            {"subtotal": "20.00", "points": 9000},
            {"max_points": 700, "points": 700, "discount": "7.00", "total": "13.00"},
        ),
        ({"subtotal": "0.00", "points": 100}, {"max_points": 0, "points": 0, "discount": "0.00", "total": "0.00"}),
    ],
)
async def test_a_redemption_takes_whole_blocks_and_half_the_price(
    traveller: Signed, body: dict[str, object], expected: dict[str, object]
) -> None:
    client, points = traveller
    await points.earn(789)
    answer = read(await client.post("/loyalty/calculate-redemption", json=body))
    assert answer == expected | {"subtotal": body["subtotal"], "available": 789}
    assert (await points.balance()).available == 789, "nothing is set aside"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subtotal"), ({"subtotal": "-1.00"}, "subtotal"), ({"subtotal": "1.001"}, "subtotal"),
        ({"subtotal": "1.00", "points": -1}, "points"), ({"subtotal": "1.00", "points": 10**12}, "points"),
        ({"subtotal": "1.00", "user_id": "me"}, "user_id"),
    ],
)  # fmt: skip
async def test_a_redemption_refuses_what_is_not_a_price(traveller: Signed, body: dict[str, object], field: str) -> None:
    client, _ = traveller
    assert faulty_fields(await client.post("/loyalty/calculate-redemption", json=body)) == [field]


async def test_the_other_dialect(holyone: StorefrontClient, clock: FrozenClock) -> None:
    client = await holyone.sign_in_as()
    points = Customer(holyone.database, clock, client.user_id)
    await points.earn(200)
    balance = read(await client.get("/loyalty/balance"))
    assert (balance["available"], balance["expiringSoon"], balance["valueUsd"]) == (200, [], "2.00")
    history = read(await client.get("/loyalty/history"))
    assert (history["total"], history["perPage"], history["items"][0]["kind"]) == (2, 20, "MATURED")
    answer = await client.post("/loyalty/calculate-redemption", json={"subtotal": "10.00"})
    assert read(answer)["maxPoints"] == 200


async def test_points_end_after_24_months_and_are_announced_once(
    traveller: Signed, work: Work, clock: FrozenClock
) -> None:
    client, points = traveller
    await points.earn(100)
    clock.advance(timedelta(hours=2))
    await points.earn(50)
    mails = "SELECT convert_from(payload, 'UTF8')::json AS sent FROM pgqueuer WHERE entrypoint = 'mail.points_expiring'"
    await end_points(work)
    assert await client.rows(mails) == []

    clock.advance(timedelta(days=701))  # 30 days before
    await end_points(work)
    await end_points(work)
    assert [row["sent"] for row in await client.rows(mails)] == [
        {"user_id": str(client.user_id), "points": 150, "expires_on": "2028-12-01"}
    ]
    held = await points.reserve(100, minutes=60 * 24 * 40)
    clock.advance(timedelta(days=31))
    await end_points(work)
    assert await points.cached() == 100, "what a live hold keeps stays"
    assert await points.consume(held)
    assert await points.cached() == 0
    assert (await points.balance()).debt == 0
